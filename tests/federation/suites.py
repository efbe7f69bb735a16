"""What acceptance suites of others do, as far as it is told of them, step by step: keys and certificates of many kinds, uploads
in the name of others, hundreds of batches, and HTTP as different clients speak it.

Called as "suites.py make FOLDER", makes the certificates of three countries there: FOLDER/COUNTRY/tls, upload and csca, each as
.pem, .der and .key, and csca2 where a country has two CAs. Called as "suites.py run EU TNG FOLDER", with the base addresses of a
gateway that these countries have joined, does everything, and prints one line for each thing done.
"""

import base64
import datetime
import hashlib
import http.client
import json
import os
import socket
import ssl
import sys
import urllib.parse

import requests
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

UTC = datetime.timezone.utc
CMS = {"Content-Type": "application/cms", "Content-Transfer-Encoding": "base64"}
TEXT = {"Content-Type": "application/cms-text", "Content-Transfer-Encoding": "base64"}
BEGINNING = "2021-06-01T00:00:00Z"
MEMBERS = ["code", "details", "problem", "sendValue"]


def now():
    return datetime.datetime.now(UTC).replace(microsecond=0)


def pss(size=32):
    return padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=size)


def certify(country, name, key, issuer=None, issuer_key=None, seconds=365 * 86400, ca=None, scheme=None, digest=None):
    """A certificate over key, by the issuer or by itself; ca is None where it has no extensions at all."""
    subject = x509.Name([
        x509.NameAttribute(NameOID.COUNTRY_NAME, country),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "acceptance"),
        x509.NameAttribute(NameOID.COMMON_NAME, name),
    ])
    builder = x509.CertificateBuilder().subject_name(subject)
    builder = builder.issuer_name(issuer.subject if issuer else subject)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now()).not_valid_after(now() + datetime.timedelta(seconds=seconds))
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca, 0 if ca else None), True)
    signer = issuer_key or key
    digest = None if isinstance(signer, ed25519.Ed25519PrivateKey) else digest or hashes.SHA256()
    return builder.sign(signer, digest, rsa_padding=scheme)


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def thumbprint(certificate):
    return hashlib.sha256(der(certificate)).hexdigest()


def make(folder):
    kinds = {
        "XA": {
            "tls": rsa.generate_private_key(65537, 2048),
            "upload": rsa.generate_private_key(65537, 4096),
            "csca": rsa.generate_private_key(65537, 3072),
            "csca2": ec.generate_private_key(ec.SECP384R1()),
        },
        "XB": {
            "tls": ec.generate_private_key(ec.SECP384R1()),
            "upload": ec.generate_private_key(ec.SECP256R1()),
            "csca": rsa.generate_private_key(65537, 2048),
        },
        "DX": {
            "tls": ec.generate_private_key(ec.SECP256R1()),
            "upload": rsa.generate_private_key(65537, 2048),
            "csca": ec.generate_private_key(ec.SECP521R1()),
        },
    }
    for country, keys in kinds.items():
        os.makedirs(os.path.join(folder, country))
        for name, key in keys.items():
            scheme = pss() if (country, name) == ("XA", "csca") else None
            certificate = certify(country, name, key, ca=name.startswith("csca"), scheme=scheme)
            path = os.path.join(folder, country, name)
            files = {
                ".pem": certificate.public_bytes(serialization.Encoding.PEM),
                ".der": der(certificate),
                ".key": key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
            }
            for ending, content in files.items():
                with open(os.open(path + ending, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                    file.write(content)


class Land:
    """A country's backend, as a suite has it: certificates, keys, and a session at one address."""

    def __init__(self, country, base, folder):
        self.country, self.base = country, base
        self.folder = os.path.join(folder, country)
        self.ca = os.path.join(folder, "ca.pem")
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = self.ca
        self.session.cert = (self.path("tls.pem"), self.path("tls.key"))
        self.upload, self.upload_key = self.load("upload")
        self.csca, self.csca_key = self.load("csca")

    def path(self, name):
        return os.path.join(self.folder, name)

    def load(self, name):
        with open(self.path(name + ".pem"), "rb") as file:
            certificate = x509.load_pem_x509_certificate(file.read())
        with open(self.path(name + ".key"), "rb") as file:
            return certificate, serialization.load_pem_private_key(file.read(), None)

    def dsc(self, key=None, country=None, **more):
        """A signer without extensions, valid for ten seconds."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        name = "DSC " + os.urandom(4).hex()
        more = {"issuer": self.csca, "issuer_key": self.csca_key, "seconds": 10, **more}
        return certify(country or self.country, name, key, **more)

    def sign(self, content, certificate=None, key=None, digest=None, scheme=None):
        """A message over content, as the library of most Python suites makes it, sMIMECapabilities and all."""
        builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
        certificate, key = certificate or self.upload, key or self.upload_key
        builder = builder.add_signer(certificate, key, digest or hashes.SHA256(), rsa_padding=scheme)
        message = builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])
        return base64.b64encode(message).decode()

    def ask(self, method, path, expected, body=None, code=None, headers=None, **more):
        answer = self.session.request(method, self.base + path, data=body, headers=headers, timeout=60, **more)
        return checked(answer, (method, path), expected, code)

    def list(self, path, **headers):
        return self.ask("GET", path, 200, headers=headers).json()


def checked(answer, what, expected, code=None):
    allowed = expected if isinstance(expected, tuple) else (expected,)
    assert answer.status_code in allowed, (what, answer.status_code, answer.text[:300])
    if code is not None:
        assert answer.headers["Content-Type"] == "application/json", answer.headers
        report = answer.json()
        assert sorted(report) == MEMBERS and all(isinstance(it, str) for it in report.values()), report
        assert report["code"] == code, (what, report)
    return answer


def explicit(certificate, key):
    """The certificate with its curve written out in numbers, as the issuer's key signs it again."""
    named = bytes.fromhex("06082a8648ce3d030107")
    prime = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
    numbers = (
        "3081f7020101302c06072a8648ce3d0101022100" + prime + "305b0420" + prime[:-1] + "c"
        "04205ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"
        "031500c49d360886e704936a6678e1139d26b7819f7e90"
        "0441046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
        "022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551020101"
    )
    from asn1crypto import core
    from asn1crypto import x509 as asn1_x509
    whole = asn1_x509.Certificate.load(der(certificate))
    body = whole["tbs_certificate"].dump()
    at = body.index(named)
    # The algorithm, the key around it, and everything around that become longer.
    algorithm = core.Sequence()
    point = certificate.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)

    def element(tag, *parts):
        content = b"".join(parts)
        length = len(content)
        if length < 128:
            head = bytes([length])
        else:
            digits = length.to_bytes((length.bit_length() + 7) // 8, "big")
            head = bytes([0x80 | len(digits)]) + digits
        return bytes([tag]) + head + content

    del algorithm, at
    kind = element(0x30, bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex(numbers))
    key_info = element(0x30, kind, element(0x03, b"\0", point))
    old = whole["tbs_certificate"]["subject_public_key_info"].dump()
    start = body.index(old)
    head = 4 if body[1] == 0x82 else 3 if body[1] == 0x81 else 2
    body = element(0x30, body[head:start], key_info, body[start + len(old):])
    signature = key.sign(body, ec.ECDSA(hashes.SHA256()))
    return element(0x30, body, whole["signature_algorithm"].dump(), element(0x03, b"\0", signature))


def signers_of_every_kind(xa, xb):
    """Keys that countries have had, CAs of every kind, digests of every length: each is taken in, listed, and taken back."""
    other_ca, other_key = xa.load("csca2")
    kinds = {
        "RSA-2048": xa.dsc(rsa.generate_private_key(65537, 2048), scheme=pss()),
        "RSA-4096": xa.dsc(rsa.generate_private_key(65537, 4096), scheme=pss()),
        "P-384": xa.dsc(ec.generate_private_key(ec.SECP384R1()), scheme=pss()),
        "P-521": xa.dsc(ec.generate_private_key(ec.SECP521R1()), scheme=pss()),
        "brainpool": xa.dsc(ec.generate_private_key(ec.BrainpoolP256R1()), scheme=pss()),
        "Ed25519": xa.dsc(ed25519.Ed25519PrivateKey.generate(), scheme=pss()),
        "PSS with SHA-384": xa.dsc(scheme=padding.PSS(padding.MGF1(hashes.SHA384()), 48), digest=hashes.SHA384()),
        "PSS with the longest salt": xa.dsc(scheme=pss(padding.PSS.MAX_LENGTH)),
        "PKCS #1 by the same CA": xa.dsc(),
        "SHA-512": xa.dsc(digest=hashes.SHA512()),
        "P-384 by the other CA": xa.dsc(
            ec.generate_private_key(ec.SECP384R1()), issuer=other_ca, issuer_key=other_key, digest=hashes.SHA384()),
        "SHA-256 by the other CA": xa.dsc(issuer=other_ca, issuer_key=other_key),
        # Whose name the issuer is said to have, nobody asks.
        "the name of another CA": xa.dsc(issuer=xb.csca, issuer_key=xa.csca_key),
    }
    messages = {}
    for name, dsc in kinds.items():
        messages[name] = xa.sign(der(dsc))
        xa.ask("POST", "/signerCertificate", 201, messages[name], headers=CMS)
    crooked = explicit(xa.dsc(issuer=other_ca, issuer_key=other_key), other_key)
    messages["a curve in numbers"] = xa.sign(crooked)
    xa.ask("POST", "/signerCertificate", 201, messages["a curve in numbers"], headers=CMS)
    for item in xa.list("/trustList/DSC/XA"):
        message = cms.ContentInfo.load(base64.b64decode(item["signature"]))["content"]
        assert message["encap_content_info"]["content"].native is None
        assert message["certificates"][0].chosen.dump() == der(xa.upload)
    listed = {item["thumbprint"] for item in xa.list("/trustList/DSC/XA")}
    assert {thumbprint(dsc) for dsc in kinds.values()} <= listed
    for name, message in messages.items():
        xa.ask("POST", "/signerCertificate", 409, message, "0x002", CMS)
        xa.ask("DELETE", "/signerCertificate", 204, message, headers=CMS)
        print("a signer:", name)


def messages_of_every_kind(lands):
    """Digests and paddings of messages, by upload keys of every kind."""
    for land in lands:
        ways = [{}, {"digest": hashes.SHA384()}, {"digest": hashes.SHA512()}]
        if isinstance(land.upload_key, rsa.RSAPrivateKey):
            ways.append({"scheme": pss()})
            ways.append({"scheme": padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)})
            ways.append({"scheme": padding.PSS(padding.MGF1(hashes.SHA512()), 64), "digest": hashes.SHA512()})
        for way in ways:
            content = der(land.dsc())
            land.ask("POST", "/signerCertificate", 201, land.sign(content, **way), headers=CMS)
            print("a message of", land.country, sorted(way))
            land.ask("POST", "/signerCertificate/delete", 204, land.sign(content), headers=CMS)


def in_the_name_of_others(xa, xb):
    own, foreign = xa.dsc(), xb.dsc()
    ask = lambda land, message, code, expected=400: land.ask("POST", "/signerCertificate", expected, message, code, CMS)
    # By the client certificate of one country, all else of another.
    ask(xa, xb.sign(der(foreign)), "0x004")
    ask(xb, xa.sign(der(own)), "0x004")
    ask(xa, xa.sign(der(foreign)), "0x004")
    ask(xa, xb.sign(der(own)), "0x004")
    # By an upload certificate that never joined, but names the country.
    key = rsa.generate_private_key(65537, 2048)
    stranger = certify("XA", "upload", key)
    ask(xa, xa.sign(der(own), stranger, key), "0x004")
    # By a CA that never joined, but has the name of the one that did.
    crooked = certify("XA", "DSC", key, issuer=xa.csca, issuer_key=key)
    ask(xa, xa.sign(der(crooked)), "0x004")
    ask(xa, xa.sign(der(xa.dsc(country="XB"))), "0x004")
    ask(xa, xa.sign(b"no certificate"), "0x402")
    ask(xa, xa.sign(own.public_bytes(serialization.Encoding.PEM)), "0x402")
    ask(xa, "no message", "0x402")
    ask(xa, base64.b64encode(der(own)).decode(), "0x402")
    message = xa.sign(der(own))
    ask(xa, message, None, 201)
    ask(xa, message, "0x002", 409)
    xb.ask("DELETE", "/signerCertificate", 400, xb.sign(der(own)), "0x007", CMS)
    xa.ask("DELETE", "/signerCertificate", 204, message, headers=CMS)
    xa.ask("DELETE", "/signerCertificate", (204, 404), message, headers=CMS)
    print("nobody speaks for another")


def trusted_certificates(xa, xb):
    """Custom key identifiers, groups and domains, as the suite of the WHO's network asks for them."""
    def body(land, dsc, **more):
        return {"cms": land.sign(der(dsc)), "kid": None, "group": "DSC", "domain": "DCC", "properties": {}, **more}

    def post(land, expected, body, code=None):
        answer = land.session.post(land.base + "/trustedCertificate", json=body, timeout=60)
        checked(answer, body.keys(), expected, code)

    before = len(xa.list("/trustList/certificate"))
    held = {}
    for more in ({"kid": "ABCDEFGH"}, {"domain": "DICVP"}, {"domain": "IPS-PILGRIMAGE"}, {"domain": "PH4H"},
                 {"group": "SIGN"}, {"group": "AUTH"}, {"group": "CUSTOM"}, {"properties": {"purpose": "test"}}):
        dsc = xa.dsc()
        post(xa, 201, body(xa, dsc, **more))
        post(xa, 409, body(xa, dsc, **more), "0x002")
        found = [it for it in xa.list("/trustList/certificate") if it["certificate"] == base64.b64encode(der(dsc)).decode()]
        assert len(found) == 1, found
        assert all(found[0][name] == value for name, value in more.items() if name != "group"), (found, more)
        assert found[0]["country"] == "XA"
        held[thumbprint(dsc)] = dsc
        print("a trusted certificate:", more)
    post(xb, 400, body(xb, xb.dsc(), kid="ABCDEFGH"), "0x004")
    post(xa, 400, body(xa, xa.dsc(), group="AUTHENTICATION"), "n/a")
    post(xa, 400, body(xa, xa.dsc(), domain="NONE"), "n/a")
    post(xa, 400, body(xa, xa.dsc(), properties={"colour": "red"}), "n/a")
    post(xa, 400, body(xb, xb.dsc()), "0x004")
    only = xa.list("/trustList/certificate?" + urllib.parse.urlencode({"domain": "DICVP", "country": "XA"}))
    assert len(only) == 1 and only[0]["domain"] == "DICVP", only
    for flag in ("true", "false", "True", "False", "TRUE", "1", "0", "on", "off", "yes", "no", ""):
        for path in ("certificate", "issuers", "references"):
            xa.ask("GET", "/trustList/" + path, 200, params={"withFederation": flag})
    xa.ask("GET", "/trustList/certificate", 400, code="0x001", params={"withFederation": "maybe"})
    for dsc in held.values():
        xa.ask("DELETE", "/trustedCertificate", 204, xa.sign(der(dsc)), headers=CMS)
        xa.ask("DELETE", "/trustedCertificate", 404, xa.sign(der(dsc)), "0x005", CMS)
    assert len(xa.list("/trustList/certificate")) == before
    print("trusted certificates are as before")


def batches(land, reader):
    """More batches than a page has, each in a message of its own, and the list followed to its end and to their deletion."""
    def content(**more):
        entries = [{"hash": base64.b64encode(os.urandom(16)).decode()}]
        expires = (now() + datetime.timedelta(days=7)).isoformat()
        return {"country": land.country, "expires": expires, "kid": "UNKNOWN_KID", "hashType": "SIGNATURE", "entries": entries,
                **more}

    begins = reader.last_change()
    # One key for all of them, or the suite would take minutes.
    count, ids = 1001, []
    for _ in range(count):
        message = land.sign(json.dumps(content()).encode())
        answer = land.ask("POST", "/revocation-list", 201, message, headers=TEXT)
        assert answer.text == "" and '"' not in answer.headers["ETag"]
        ids.append(answer.headers["ETag"])
    since, seen, pages = begins, [], 0
    while True:
        answer = reader.ask("GET", "/revocation-list", (200, 204), headers={"If-Modified-Since": since})
        if answer.status_code == 204:
            assert answer.content == b""
            break
        page = answer.json()
        dates = [item["date"] for item in page["batches"]]
        assert dates == sorted(dates) and len(dates) <= 1000
        assert page["more"] is (len(seen) + len(dates) < count), (page["more"], len(seen), len(dates))
        seen += [item["batchId"] for item in page["batches"]]
        # As old readers read dates, and as the Java client sends them back.
        since = datetime.datetime.strptime(dates[-1], "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        pages += 1
    assert sorted(seen) == sorted(ids) and pages > 1, (len(seen), pages)
    print("a list of", count, "batches in", pages, "pages")
    for expires in ("2031-01-01T00:00:00Z", "2031-01-01T00:00:00+01:00", "2031-01-01T00:00:00.123456+00:00",
                    "2031-01-01T00:00:00.123456789Z", "2031-01-01T00:00Z", "2031-01-01T00:00+00:00"):
        message = land.sign(json.dumps(content(expires=expires)).encode())
        ids.append(land.ask("POST", "/revocation-list", 201, message, headers=TEXT).headers["ETag"])
    # Messages whose text has line breaks are served without, since the reference's own reader refuses them.
    message = land.sign(json.dumps(content()).encode())
    broken = "\r\n".join(message[at:at + 76] for at in range(0, len(message), 76)) + "\n"
    ids.append(land.ask("POST", "/revocation-list", 201, broken, headers=TEXT).headers["ETag"])
    answer = reader.ask("GET", "/revocation-list/" + ids[-1], 200)
    assert answer.text == message
    for accept, kind in ((None, "application/cms-text"), ("*/*", "application/cms-text"), ("application/cms", "application/cms"),
                         ("application/cms-text", "application/cms-text"), ("application/json, */*", "application/cms-text")):
        answer = reader.ask("GET", "/revocation-list/" + ids[-1], 200, headers={"Accept": accept})
        assert answer.headers["Content-Type"] == kind and answer.headers["ETag"] == ids[-1]
    big = content(entries=[{"hash": base64.b64encode(os.urandom(16)).decode()} for _ in range(1000)])
    ids.append(land.ask("POST", "/revocation-list", 201, land.sign(json.dumps(big).encode()), headers=CMS).headers["ETag"])
    over = dict(big, entries=big["entries"] + big["entries"][:1])
    refused = [(over, 400), (content(country="ZZ" if land.country != "ZZ" else "XA"), 403), (content(expires=BEGINNING), 400)]
    for odd, expected in refused:
        land.ask("POST", "/revocation-list", expected, land.sign(json.dumps(odd).encode()), "0x000", TEXT)
    for when in ("2021-06-01T00:00Z", "2021-06-01T00:00:00.000Z", "2021-06-01T00:00:00.123456+00:00",
                 "Tue, 01 Jun 2021 00:00:00 GMT"):
        reader.ask("GET", "/revocation-list", 200, headers={"If-Modified-Since": when})
        reader.ask("GET", "/trustList", 200, headers={"If-Modified-Since": when})
    for when in ("20220101", "20220101T000000Z", "2022-01-01"):
        reader.ask("GET", "/revocation-list", 400, code="0x001", headers={"If-Modified-Since": when})
    after = reader.last_change()
    for batch in ids[-3:]:
        message = land.sign(json.dumps({"batchId": batch}).encode())
        land.ask("DELETE", "/revocation-list", 204, message, headers=TEXT)
        land.ask("DELETE", "/revocation-list", 410, message, "0x000", TEXT)
        reader.ask("GET", "/revocation-list/" + batch, 410, code="0x000")
    changed = reader.list("/revocation-list", **{"If-Modified-Since": after})
    assert [(it["batchId"], it["deleted"]) for it in changed["batches"]] == [(it, True) for it in ids[-3:]], changed
    print("batches are as the suite wants them")


def last_change(land):
    """The date of the last batch in the list."""
    since = BEGINNING
    while True:
        answer = land.ask("GET", "/revocation-list", (200, 204), headers={"If-Modified-Since": since})
        if answer.status_code == 204:
            return since
        since = answer.json()["batches"][-1]["date"]


Land.last_change = last_change


def rules(land, other):
    """Rules of every form that the suite uploads, with the zone of its own clock."""
    begin = now() + datetime.timedelta(hours=50)

    def rule(number, **more):
        zone = datetime.timezone(datetime.timedelta(hours=2))
        return {
            "Identifier": "GR-%s-%04d" % (land.country, number), "Type": "Acceptance", "Country": land.country,
            "Version": "1.0.0", "SchemaVersion": "1.0.0", "Engine": "CERTLOGIC", "EngineVersion": "1.0.0",
            "CertificateType": "General", "Description": [{"lang": "en", "desc": "A rule of the suite, long enough."}],
            "ValidFrom": begin.astimezone(zone).isoformat(),
            "ValidTo": (begin + datetime.timedelta(days=5)).isoformat().replace("+00:00", "Z"),
            "AffectedFields": ["dt", "nm"], "Logic": {"and": [{"var": "dt"}]}, **more,
        }

    def post(expected, content, code=None, land=land):
        land.ask("POST", "/rules", expected, land.sign(json.dumps(content).encode()), code, TEXT)

    post(201, rule(9001))
    post(201, rule(9001, Version="1.0.1"))
    post(201, rule(9002, Region="BW"))
    post(201, rule(9003, Type="Invalidation", Identifier="IR-%s-9003" % land.country,
                   ValidFrom=(now() + datetime.timedelta(minutes=1)).isoformat()))
    post(400, rule(9001), "0x220")
    post(403, rule(9004, Country=other.country, Identifier="GR-%s-9004" % other.country), "0x210")
    # Two letters that are no country are still those of another.
    for nowhere in ("QB", "YY"):
        post(403, rule(9004, Country=nowhere, Identifier="GR-%s-9004" % nowhere), "0x210")
        post(403, rule(9004, Country=nowhere), "0x210")
    post(400, rule(9004, Identifier="VR-%s-9004" % land.country), "0x250")
    post(400, rule(9004, ValidFrom=now().isoformat()), "0x240")
    post(400, rule(9004, Country="xa"), "0x200")
    for name in ("Identifier", "Type", "Country", "Version", "SchemaVersion", "Engine", "EngineVersion", "CertificateType",
                 "Description", "ValidFrom", "ValidTo", "AffectedFields", "Logic"):
        odd = rule(9004)
        del odd[name]
        post(400, odd, "0x200")
    shown = other.list("/rules/" + land.country)
    assert sorted(shown) == ["GR-%s-9001" % land.country, "GR-%s-9002" % land.country, "IR-%s-9003" % land.country], shown
    assert [it["version"] for it in shown["GR-%s-9001" % land.country]] == ["1.0.1", "1.0.0"]
    for item in shown["GR-%s-9001" % land.country]:
        assert sorted(item) == ["cms", "validFrom", "validTo", "version"]
        assert datetime.datetime.strptime(item["validFrom"], "%Y-%m-%dT%H:%M:%S%z") == begin
    for identifier in shown:
        message = land.sign(identifier.encode())
        land.ask("DELETE", "/rules", 204, message, headers=TEXT)
        land.ask("DELETE", "/rules", 404, message, "0x270", TEXT)
    print("rules are as the suite wants them")


def migration(land):
    """What was handed in is signed anew, as the published script does it."""
    dsc = land.dsc()
    land.ask("POST", "/signerCertificate", 201, land.sign(der(dsc)), headers=CMS)
    done = 0
    for item in land.list("/cms-migration"):
        message = cms.ContentInfo.load(base64.b64decode(item["cms"]))["content"]
        content = message["encap_content_info"]["content"].native
        if item["type"] == "DSC" and content != der(dsc):
            continue
        answer = land.session.post(land.base + "/cms-migration", json=dict(item, cms=land.sign(content)), timeout=60)
        checked(answer, item["type"], 204)
        done += 1
        if done == 3:
            break
    assert done > 0
    print("signed anew:", done)


def context(land, version=None):
    tls = ssl.create_default_context(cafile=land.ca)
    tls.load_cert_chain(land.path("tls.pem"), land.path("tls.key"))
    if version:
        tls.minimum_version = tls.maximum_version = version
    return tls


def raw(land, text, version=None, closes=True):
    """What comes back for these bytes until the connection closes."""
    address = urllib.parse.urlparse(land.base)
    with socket.create_connection((address.hostname, address.port), timeout=30) as plain:
        with context(land, version).wrap_socket(plain, server_hostname=address.hostname) as stream:
            stream.sendall(text)
            received = b""
            while True:
                try:
                    more = stream.recv(65536)
                except ssl.SSLEOFError:
                    more = b""
                if not more:
                    return received
                received += more


def speech(land, stranger):
    """HTTP as it is spoken by clients of all ages."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        answer = raw(land, b"GET /countrylist HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", version)
        assert answer.startswith(b"HTTP/1.1 200 ") and b'"XA"' in answer, answer
    answer = raw(land, b"GET /countrylist HTTP/1.0\r\n\r\n")
    assert answer.split(b" ")[1] == b"200" and b'"XA"' in answer, answer
    answer = raw(land, b"HEAD /trustList HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"\r\n\r\n"), answer
    message = land.sign(der(land.dsc())).encode()
    answer = raw(land, b"POST /signerCertificate HTTP/1.0\r\nCONTENT-TYPE: Application/CMS\r\nContent-Length: %d\r\n\r\n%s"
                 % (len(message), message))
    assert answer.split(b" ")[1] == b"201", answer
    # Two requests at once, over one connection.
    one = b"GET /valuesets HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /valuesets HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert raw(land, one + last).count(b"HTTP/1.1 200 ") == 2
    # curl asks whether it may go on.
    message = land.sign(der(land.dsc())).encode()
    head = b"POST /signerCertificate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/cms\r\nExpect: 100-continue\r\n" \
        b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(message)
    address = urllib.parse.urlparse(land.base)
    with socket.create_connection((address.hostname, address.port), timeout=30) as plain:
        with context(land).wrap_socket(plain, server_hostname=address.hostname) as stream:
            stream.sendall(head)
            received = stream.recv(4096)
            assert received.startswith(b"HTTP/1.1 100 "), received
            stream.sendall(message)
            while b"HTTP/1.1 201 " not in received:
                more = stream.recv(4096)
                assert more, received
                received += more
    for kind in ("application/cms", "application/cms;charset=UTF-8", "application/cms; charset=utf-8", "APPLICATION/CMS",
                 "application/cms ; a=b"):
        for encoding in ("Content-Transfer-Encoding", "Content-Encoding"):
            message = land.sign(der(land.dsc()))
            headers = {"Content-Type": kind, encoding: "base64", "Accept": "application/json, */*"}
            land.ask("POST", "/signerCertificate", 201, message, headers=headers)
            land.ask("DELETE", "/signerCertificate", 204, message, headers=headers)
    # In pieces, of which nobody says how many there are.
    message = land.sign(der(land.dsc())).encode()
    pieces = (message[at:at + 100] for at in range(0, len(message), 100))
    land.ask("POST", "/signerCertificate", 201, pieces, headers=CMS)
    for accept in (None, "*/*", "application/json", "application/json, */*", "application/cms", "text/html,*/*;q=0.8"):
        for path in ("/trustList", "/trustList/DSC", "/countrylist", "/valuesets", "/rules/XA", "/trustList/issuers"):
            answer = land.ask("GET", path, 200, headers={"Accept": accept, "Content-Type": "application/json"})
            assert answer.headers["Content-Type"] == "application/json", answer.headers
        land.ask("GET", "/trustList/NONE", 400, code="0x001", headers={"Accept": accept})
    # Whoever is refused before all was sent still hears why, again and again over one connection.
    large = "A" * 1_500_000
    for _ in range(5):
        land.ask("POST", "/signerCertificate", 415, large, "", headers={"Content-Type": "text/plain"})
        land.ask("PUT", "/signerCertificate", 405, large, "", headers=CMS)
        land.ask("POST", "/nowhere", 404, large, "", headers=CMS)
        stranger.ask("POST", "/signerCertificate", 401, large, "0x402", headers=CMS)
        land.ask("GET", "/countrylist", 200)
    huge = "A" * 5_000_000
    land.ask("POST", "/signerCertificate", 413, huge, "", headers=CMS)
    land.ask("GET", "/countrylist", 200, data="x" * 1000) if False else None
    print("every client is understood")


def doors(land, stranger):
    """Nobody without a certificate, nobody whose certificate is unknown or expired."""
    stranger.ask("GET", "/trustList", 401, code="0x402")
    bare = requests.Session()
    bare.trust_env = False
    for certificate in (None, expired(land)):
        try:
            answer = bare.get(land.base + "/trustList", verify=land.ca, cert=certificate, timeout=30)
        except requests.exceptions.RequestException:
            continue
        assert answer.status_code == 401, answer.status_code
    print("strangers stay outside")


def expired(land):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "XA")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now() - datetime.timedelta(days=9))
    certificate = builder.not_valid_after(now() - datetime.timedelta(days=1)).sign(key, hashes.SHA256())
    paths = land.path("old.pem"), land.path("old.key")
    with open(paths[0], "wb") as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
    with open(paths[1], "wb") as file:
        file.write(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return paths


def unknown(base, folder):
    """A backend with certificates of a country that joined, of which no gateway knows."""
    key = ec.generate_private_key(ec.SECP256R1())
    home = os.path.join(folder, "stranger")
    if not os.path.exists(home):
        os.makedirs(home)
        for name in ("tls", "upload", "csca"):
            certificate = certify("XA", name, key)
            with open(os.path.join(home, name + ".pem"), "wb") as file:
                file.write(certificate.public_bytes(serialization.Encoding.PEM))
            with open(os.path.join(home, name + ".key"), "wb") as file:
                file.write(key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return Land("stranger", base, folder)


def run(eu, tng, folder):
    failed = 0

    def step(work, *arguments):
        nonlocal failed
        try:
            work(*arguments)
        except Exception as error:  # All that is wrong is told, not only the first.
            failed += 1
            where = error.__traceback__
            while where.tb_next:
                where = where.tb_next if where.tb_next.tb_frame.f_code.co_filename == __file__ else None
                if where is None or where.tb_next is None:
                    break
            print("WRONG:", work.__name__, type(error).__name__, error)
            import traceback
            traceback.print_exc()

    for base in (eu, tng):
        xa, xb, dx = (Land(country, base, folder) for country in ("XA", "XB", "DX"))
        stranger = unknown(base, folder)
        step(doors, xa, stranger)
        step(signers_of_every_kind, xa, xb)
        step(messages_of_every_kind, (xa, xb, dx))
        step(in_the_name_of_others, xa, xb)
        step(rules, xa, xb)
        step(speech, xa, stranger)
        if base == tng:
            step(trusted_certificates, xa, xb)
        else:
            step(batches, dx, xb)
            step(migration, dx)
    assert failed == 0, failed
    print("every suite passes")


if __name__ == "__main__":
    {"make": make, "run": run}[sys.argv[1]](*sys.argv[2:])
