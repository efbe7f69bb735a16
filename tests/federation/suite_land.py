"""Countries as acceptance suites have them: their keys and certificates, what they sign, and what they ask.

Called as "suite_land.py FOLDER", makes the certificates of three countries there: FOLDER/COUNTRY/tls, upload and csca, each as
.pem, .der and .key, and csca2 where a country has two CAs.
"""

import base64
import datetime
import hashlib
import os
import sys

import requests
from asn1crypto import x509 as asn1_x509
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
            "tls": ec.generate_private_key(ec.SECP521R1()),
            "upload": rsa.generate_private_key(65537, 2048),
            "csca": ec.generate_private_key(ec.SECP521R1()),
        },
    }
    for country, keys in kinds.items():
        os.makedirs(os.path.join(folder, country))
        for name, key in keys.items():
            scheme = pss() if (country, name) == ("XA", "csca") else None
            # A certificate that signs itself says that it is a CA, if OpenSSL makes it and nobody tells it otherwise.
            certificate = certify(country, name, key, ca=country == "XB" or name.startswith("csca"), scheme=scheme)
            write(os.path.join(folder, country, name), certificate, key)


def write(path, certificate, key):
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

    def last_change(self):
        """The date of the last batch in the list."""
        since = BEGINNING
        while True:
            answer = self.ask("GET", "/revocation-list", (200, 204), headers={"If-Modified-Since": since})
            if answer.status_code == 204:
                return since
            since = answer.json()["batches"][-1]["date"]


def checked(answer, what, expected, code=None):
    allowed = expected if isinstance(expected, tuple) else (expected,)
    assert answer.status_code in allowed, (what, answer.status_code, answer.text[:300])
    if code is not None:
        assert answer.headers["Content-Type"] == "application/json", answer.headers
        report = answer.json()
        assert sorted(report) == MEMBERS and all(isinstance(it, str) for it in report.values()), report
        assert report["code"] == code, (what, report)
    return answer


def element(tag, *parts):
    """An element in DER."""
    content = b"".join(parts)
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    digits = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(digits)]) + digits + content


def explicit(certificate, key):
    """A certificate over a key on P-256 with its curve written out in numbers, as key signs it again."""
    prime = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
    curve = bytes.fromhex(
        "3081f7020101302c06072a8648ce3d0101022100" + prime + "305b0420" + prime[:-1] + "c"
        "04205ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"
        "031500c49d360886e704936a6678e1139d26b7819f7e90"
        "0441046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
        "022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551020101"
    )
    whole = asn1_x509.Certificate.load(der(certificate))
    named = whole["tbs_certificate"]["subject_public_key_info"].dump()
    point = certificate.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    kind = element(0x30, bytes.fromhex("06072a8648ce3d0201"), curve)
    spelled = element(0x30, kind, element(0x03, b"\0", point))
    body = element(0x30, whole["tbs_certificate"].contents.replace(named, spelled))
    signature = key.sign(body, ec.ECDSA(hashes.SHA256()))
    return element(0x30, body, whole["signature_algorithm"].dump(), element(0x03, b"\0", signature))


def unknown(base, folder):
    """A backend with certificates that name a country which joined, of which no gateway knows."""
    home = os.path.join(folder, "stranger")
    if not os.path.exists(home):
        os.makedirs(home)
        for name in ("tls", "upload", "csca"):
            key = ec.generate_private_key(ec.SECP256R1())
            write(os.path.join(home, name), certify("XA", name, key), key)
    return Land("stranger", base, folder)


if __name__ == "__main__":
    make(sys.argv[1])
