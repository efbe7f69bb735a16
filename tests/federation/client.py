"""A participant's day, by a client of its own making: requests for HTTPS, asn1crypto for CMS, cryptography for keys.

Knows nothing of the gateway but the published interface. Called with the dialect (eu or tng), the gateway's base address,
and a folder that holds ca.pem (who signed the gateway's certificate), anchor.pem (the trust anchor), and the participant's
tls, upload and csca, each as .pem and .key. Prints one line for each thing done; whatever is not as published ends it.
"""

import base64
import datetime
import hashlib
import json
import os
import sys
import time

import requests
from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def now():
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


class Identity:
    """A certificate and its key."""

    def __init__(self, certificate, key):
        self.certificate, self.key = certificate, key
        self.der = certificate.public_bytes(serialization.Encoding.DER)

    @classmethod
    def load(cls, folder, name):
        with open(os.path.join(folder, name + ".pem"), "rb") as file:
            certificate = x509.load_pem_x509_certificate(file.read())
        with open(os.path.join(folder, name + ".key"), "rb") as file:
            key = serialization.load_pem_private_key(file.read(), None)
        return cls(certificate, key)

    def issue(self, country):
        """A signer's certificate without any extension, as some countries make them."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([
            x509.NameAttribute(NameOID.COUNTRY_NAME, country),
            x509.NameAttribute(NameOID.COMMON_NAME, "DSC " + os.urandom(4).hex()),
        ])
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.certificate.subject)
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now()).not_valid_after(now() + datetime.timedelta(days=30))
        return Identity(builder.sign(self.key, hashes.SHA256()), key)

    def thumbprint(self):
        return hashlib.sha256(self.der).hexdigest()

    def kid(self):
        return base64.b64encode(hashlib.sha256(self.der).digest()[:8]).decode()

    def sign(self, content):
        """A CMS message over content, in Base64."""
        certificate = asn1_x509.Certificate.load(self.der)
        attributes = cms.CMSAttributes([
            cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
            cms.CMSAttribute({"type": "signing_time", "values": [cms.Time({"utc_time": core.UTCTime(now())})]}),
            cms.CMSAttribute({"type": "message_digest", "values": [hashlib.sha256(content).digest()]}),
        ])
        signature = self.key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256()))
        digest = algos.DigestAlgorithm({"algorithm": "sha256"})
        signer = cms.SignerInfo({
            "version": "v1",
            "sid": cms.SignerIdentifier("issuer_and_serial_number", cms.IssuerAndSerialNumber({
                "issuer": certificate.issuer, "serial_number": certificate.serial_number,
            })),
            "digest_algorithm": digest,
            "signed_attrs": attributes,
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
            "signature": signature,
        })
        data = cms.SignedData({
            "version": "v1",
            "digest_algorithms": [digest],
            "encap_content_info": {"content_type": "data", "content": content},
            "certificates": [certificate],
            "signer_infos": [signer],
        })
        message = cms.ContentInfo({"content_type": "signed_data", "content": data})
        return base64.b64encode(message.dump()).decode()


def signer_of(message, content):
    """The certificate that signed content in the CMS message, DER, once its signature has been checked."""
    data = cms.ContentInfo.load(base64.b64decode(message))["content"]
    held = data["encap_content_info"]["content"].native
    if content is None:
        content = held
    certificate = data["certificates"][0].chosen.dump()
    signer = data["signer_infos"][0]
    digest = signer["digest_algorithm"]["algorithm"].native
    attributes = signer["signed_attrs"]
    stated = [it["values"][0].native for it in attributes if it["type"].native == "message_digest"]
    assert stated == [hashlib.new(digest, content).digest()], "the digest is of other content"
    signed = attributes.untag().dump()
    key = x509.load_der_x509_certificate(certificate).public_key()
    key.verify(signer["signature"].native, signed, ec.ECDSA(hashes.SHA256()))
    return certificate, content


class Client:
    def __init__(self, dialect, base, folder):
        self.dialect, self.base = dialect, base
        self.session = requests.Session()
        # Proxies and certificate bundles of the environment are not for this gateway.
        self.session.trust_env = False
        self.session.verify = os.path.join(folder, "ca.pem")
        self.session.cert = (os.path.join(folder, "tls.pem"), os.path.join(folder, "tls.key"))
        with open(os.path.join(folder, "anchor.pem"), "rb") as file:
            anchor = x509.load_pem_x509_certificate(file.read())
        self.anchor = anchor.public_bytes(serialization.Encoding.DER)
        self.upload = Identity.load(folder, "upload")
        self.csca = Identity.load(folder, "csca")
        name = self.csca.certificate.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)
        self.country = name[0].value

    def ask(self, method, path, expected, body=None, code=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.session.request(method, self.base + path, data=body, headers=headers, timeout=30)
        assert answer.status_code == expected, (method, path, answer.status_code, answer.text)
        if code is not None:
            report = answer.json()
            assert sorted(report) == ["code", "details", "problem", "sendValue"], report
            assert report["code"] == code, report
        print(method, path.split("?")[0], answer.status_code, code or "")
        return answer

    def trusted(self):
        """The signers that prove themselves: uploaded by a country, and issued by its CA, both vouched for by the anchor."""
        vouched = {}
        for kind in ("CSCA", "UPLOAD"):
            vouched[kind] = []
            for item in self.ask("GET", "/trustList/" + kind, 200).json():
                raw = base64.b64decode(item["rawData"])
                assert item["thumbprint"] == hashlib.sha256(raw).hexdigest()
                signer, _ = signer_of(item["signature"], raw)
                assert signer == self.anchor, "vouched for by somebody else"
                vouched[kind].append(raw)
        trusted = {}
        for item in self.ask("GET", "/trustList/DSC", 200).json():
            raw = base64.b64decode(item["rawData"])
            signer, _ = signer_of(item["signature"], raw)
            assert signer in vouched["UPLOAD"]
            dsc = x509.load_der_x509_certificate(raw)
            for csca in map(x509.load_der_x509_certificate, vouched["CSCA"]):
                if csca.subject == dsc.issuer:
                    dsc.verify_directly_issued_by(csca)
                    trusted[item["kid"]] = raw
        return trusted

    def signers(self):
        dsc = self.csca.issue(self.country)
        message = self.upload.sign(dsc.der)
        before = (now() - datetime.timedelta(seconds=2)).isoformat().replace("+00:00", "Z")
        kind = {"Content_Type": "application/cms"}
        self.ask("POST", "/signerCertificate", 201, message, **kind)
        self.ask("POST", "/signerCertificate", 409, message, "0x002", **kind)
        assert dsc.kid() in self.trusted()
        tampered = bytearray(base64.b64decode(self.upload.sign(self.csca.issue(self.country).der)))
        tampered[-1] ^= 1
        self.ask("POST", "/signerCertificate", 400, base64.b64encode(tampered).decode(), "0x009", **kind)
        self.ask("POST", "/signerCertificate", 400, "no message", "0x402", **kind)
        if self.dialect == "eu":
            delta = self.ask("GET", "/trustList/DSC", 200, If_Modified_Since=before).json()
            assert any(item["kid"] == dsc.kid() for item in delta)
        self.ask("DELETE", "/signerCertificate", 204, message, **kind)
        assert dsc.kid() not in self.trusted()
        if self.dialect == "eu":
            delta = self.ask("GET", "/trustList/DSC", 200, If_Modified_Since=before).json()
            gone = [item for item in delta if item["kid"] == dsc.kid()]
            assert gone and gone[0]["signature"] is None and gone[0]["rawData"] is None, gone
        self.ask("POST", "/signerCertificate", 201, message, **kind)
        assert dsc.kid() in self.trusted()
        self.ask("POST", "/signerCertificate/delete", 204, message, **kind)

    def revocations(self):
        since = "2021-06-01T00:00:00Z"
        batch = {
            "country": self.country, "expires": (now() + datetime.timedelta(days=9)).isoformat(),
            "kid": "UNKNOWN_KID", "hashType": "SIGNATURE",
            "entries": [{"hash": base64.b64encode(os.urandom(16)).decode()} for _ in range(3)],
        }
        content = json.dumps(batch).encode()
        message = self.upload.sign(content)
        kind = {"Content_Type": "application/cms-text"}
        answer = self.ask("POST", "/revocation-list", 201, message, **kind)
        # The entity tag is the batch's id, and stands without quotes.
        batch_id = answer.headers["ETag"]
        seen = {}
        while True:
            answer = self.session.get(self.base + "/revocation-list", headers={"If-Modified-Since": since}, timeout=30)
            if answer.status_code == 204:
                break
            assert answer.status_code == 200, answer.text
            batches = answer.json()["batches"]
            seen.update((item["batchId"], item) for item in batches)
            assert batches[-1]["date"] > since or since.startswith("2021"), "no progress"
            since = batches[-1]["date"]
        print("GET /revocation-list until 204:", len(seen) > 0)
        assert seen[batch_id]["deleted"] is False and seen[batch_id]["country"] == self.country
        answer = self.ask("GET", "/revocation-list/" + batch_id, 200, Accept="application/cms-text")
        assert answer.headers["ETag"] == batch_id
        signer, held = signer_of(answer.text, None)
        assert signer == self.upload.der and held == content
        wrong = dict(batch, country="DE" if self.country != "DE" else "FR")
        self.ask("POST", "/revocation-list", 403, self.upload.sign(json.dumps(wrong).encode()), "0x000", **kind)
        wrong = dict(batch, expires="2021-01-01T00:00:00Z")
        self.ask("POST", "/revocation-list", 400, self.upload.sign(json.dumps(wrong).encode()), "0x000", **kind)
        deletion = self.upload.sign(json.dumps({"batchId": batch_id}).encode())
        self.ask("DELETE", "/revocation-list", 204, deletion, **kind)
        self.ask("GET", "/revocation-list/" + batch_id, 410, code="0x000")
        self.ask("POST", "/revocation-list/delete", 410, deletion, "0x000", **kind)

    def rules(self):
        identifier = "VR-%s-%04d" % (self.country, int(time.time()) % 10000)
        begin = now() + datetime.timedelta(hours=50)
        rule = {
            "Identifier": identifier, "Type": "Acceptance", "Country": self.country, "Version": "1.0.0",
            "SchemaVersion": "1.0.0", "Engine": "CERTLOGIC", "EngineVersion": "0.7.5",
            "CertificateType": "Vaccination",
            "Description": [{"lang": "en", "desc": "At least one dose, of any of the products in use."}],
            "ValidFrom": begin.isoformat().replace("+00:00", "Z"),
            "ValidTo": (begin + datetime.timedelta(days=30)).isoformat().replace("+00:00", "Z"),
            "AffectedFields": ["dn"], "Logic": {">": [{"var": "payload.v.0.dn"}, 0]},
        }

        def post(expected, code=None, **changes):
            changed = json.dumps(dict(rule, **changes)).encode()
            return self.ask("POST", "/rules", expected, self.upload.sign(changed), code, Content_Type="application/cms-text")

        post(201)
        post(400, "0x220")
        post(400, "0x250", Version="1.0.1", Identifier="GR" + identifier[2:])
        post(403, "0x210", Version="1.0.1", Country="FR", Identifier=identifier.replace(self.country, "FR"))
        post(400, "0x240", Version="1.0.1", ValidFrom=now().isoformat().replace("+00:00", "Z"))
        post(400, "0x200", Version="1.0.1", Logic="no logic")
        held = self.ask("GET", "/rules/" + self.country, 200).json()[identifier]
        signer, content = signer_of(held[0]["cms"], None)
        assert signer == self.upload.der and json.loads(content) == rule
        self.ask("DELETE", "/rules", 204, self.upload.sign(identifier.encode()), Content_Type="application/cms-text")
        assert identifier not in self.ask("GET", "/rules/" + self.country, 200).json()
        self.ask("POST", "/rules/delete", 404, self.upload.sign(identifier.encode()), "0x270", Content_Type="application/cms-text")

    def trusted_certificates(self):
        dsc = self.csca.issue(self.country)
        kid = "KEY" + os.urandom(4).hex().upper()
        body = {"cms": self.upload.sign(dsc.der), "kid": kid, "group": "DSC", "domain": "PH4H",
                "properties": {"purpose": "demonstration"}}
        kind = {"Content_Type": "application/json"}
        self.ask("POST", "/trustedCertificate", 201, json.dumps(body), **kind)
        self.ask("POST", "/trustedCertificate", 409, json.dumps(body), "0x002", **kind)
        path = "/trustList/certificate?group=DSC&domain=PH4H&country=" + self.country
        held = [item for item in self.ask("GET", path, 200).json() if item["kid"] == kid]
        assert base64.b64decode(held[0]["certificate"]) == dsc.der and held[0]["domain"] == "PH4H", held
        assert signer_of(held[0]["signature"], dsc.der)[0] == self.upload.der
        self.ask("DELETE", "/trustedCertificate", 204, body["cms"], Content_Type="application/cms")
        self.ask("DELETE", "/trustedCertificate", 404, body["cms"], "0x005", Content_Type="application/cms")

    def references(self):
        reference = {
            "url": "https://health.example/fhir", "country": self.country, "type": "FHIR", "service": "ValueSet",
            "thumbprint": "a" * 64, "name": "Value sets", "sslPublicKey": "key", "contentType": "application/json",
            "signatureType": "NONE", "referenceVersion": "1.0.0",
        }
        kind = {"Content_Type": "application/cms-text"}
        self.ask("POST", "/trust/reference", 201, self.upload.sign(json.dumps(reference).encode()), **kind)
        held = self.ask("GET", "/trustList/references", 200).json()
        held = [item for item in held if item["url"] == reference["url"] and item["country"] == self.country]
        uuid = held[0]["uuid"]
        assert self.ask("GET", "/trust/reference/" + uuid, 200).json()["service"] == "ValueSet"
        self.ask("DELETE", "/trust/reference", 204, self.upload.sign(json.dumps({"uuid": uuid}).encode()), **kind)
        assert all(item["uuid"] != uuid for item in self.ask("GET", "/trustList/references", 200).json())

    def day(self):
        assert self.country in self.ask("GET", "/countrylist", 200).json()
        for identifier in self.ask("GET", "/valuesets", 200).json():
            assert self.ask("GET", "/valuesets/" + identifier, 200).json()["valueSetId"] == identifier
        self.ask("GET", "/valuesets/none", 404, code="0x100")
        self.signers()
        self.revocations()
        self.rules()
        if self.dialect == "tng":
            self.trusted_certificates()
            self.references()
        print("a day's work is done")


if __name__ == "__main__":
    Client(*sys.argv[1:4]).day()
