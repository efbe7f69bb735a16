"""Verifies certificates as a stranger would: base45, zlib, cbor2 and cryptography, put together from their manuals.

Called with a folder that holds the signers' certificates (*.pem), the folder of the EU's JSON schema (or -) and that of its
value sets (or -), and the instant to verify at, in seconds since 1970, where that is not now. Reads one certificate a line
from standard input. Prints one JSON object: how many there were of each profile, and what was wrong with which line, never
whom it is about.
"""

import hashlib
import json
import pathlib
import sys
import time
import zlib

import base45
import cbor2
import jsonschema
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding

PROFILES = {1: "eu_dcc", 3: "who_ddcc", 4: "who_ddcc"}
ENDINGS = {"t": 1, "v": 2, "r": 3}
SETS = {
    "tg": "disease-agent-targeted.json",
    "vp": "vaccine-prophylaxis.json",
    "mp": "vaccine-medicinal-product.json",
    "ma": "vaccine-mah-manf.json",
    "tt": "test-type.json",
    "tr": "test-result.json",
}
# The device of a rapid test stands where vaccinations have the holder; of this set, an excerpt is published.
DEVICES = "test-manf-example.json"


class Wrong(Exception):
    """What is wrong with a certificate."""


def demand(holds, what):
    if not holds:
        raise Wrong(what)


class Stranger:
    """Somebody who has signers' certificates, a schema and value sets, and nothing else."""

    def __init__(self, signers, schema, sets, now=None):
        self.now = float(now or time.time())
        self.signers = {}
        for path in pathlib.Path(signers).glob("*.pem"):
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
            der = certificate.public_bytes(Encoding.DER)
            self.signers[hashlib.sha256(der).digest()[:8]] = certificate
        self.schema = None
        if schema != "-":
            combined = json.loads((pathlib.Path(schema) / "DCC.combined-schema.json").read_text())
            self.schema = jsonschema.Draft202012Validator(combined, format_checker=jsonschema.FormatChecker())
        self.sets = {}
        if sets != "-":
            for field, name in {**SETS, "device": DEVICES}.items():
                self.sets[field] = set(json.loads((pathlib.Path(sets) / name).read_text())["valueSetValues"])

    def verify(self, text):
        demand(text.startswith("HC1:"), "prefix")
        message = cbor2.loads(zlib.decompress(base45.b45decode(text[4:])))
        demand(isinstance(message, cbor2.CBORTag) and message.tag == 18, "tag")
        protected, unprotected, payload, signature = message.value
        header = cbor2.loads(protected)
        demand(header[1] == -7 and not unprotected, "header")
        signer = self.signers.get(header[4])
        demand(signer is not None, "signer")
        to_be_signed = cbor2.dumps(["Signature1", protected, b"", payload])
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        demand(len(signature) == 64, "signature")
        try:
            signed = utils.encode_dss_signature(r, s)
            signer.public_key().verify(signed, to_be_signed, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            raise Wrong("signature") from None
        claims = cbor2.loads(payload)
        demand(claims[6] <= self.now + 60 and self.now < claims[4], "period")
        demand(signer.not_valid_before_utc.timestamp() <= claims[6], "period of the signer")
        demand(claims[4] <= signer.not_valid_after_utc.timestamp(), "period of the signer")
        country = signer.subject.get_attributes_for_oid(x509.NameOID.COUNTRY_NAME)[0].value
        demand(claims[1] == country, "country")
        (key, content), = claims[-260].items()
        kind = self.european(content) if key == 1 else self.worldwide(key, content)
        self.covered(signer, kind)
        return PROFILES[key]

    def european(self, content):
        (kind,) = [kind for kind in "vtr" if content.get(kind)]
        (entry,) = content[kind]
        if self.schema:
            error = next(self.schema.iter_errors(content), None)
            demand(error is None, "schema: " + (error and "/".join(map(str, error.absolute_path)) or ""))
        for field in SETS if self.sets else ():
            codes = self.sets["device" if (kind, field) == ("t", "ma") else field]
            demand(field not in entry or entry[field] in codes, "value set of " + field)
        return kind

    def worldwide(self, key, content):
        demand(content["name"] and content["certificate"]["hcid"]["value"], "certificate")
        if key == 3:
            dose = content["vaccination"]
            for member in ("vaccine", "brand", "lot", "date", "dose", "country"):
                demand(dose.get(member), member)
            demand(dose.get("manufacturer") or dose.get("maholder"), "manufacturer")
            # A demo's country is none, so it has no code of three letters.
            demand(len(dose["country"]["code"]) == 3 or dose["country"]["code"] == "ZZ", "country")
            return "v"
        test = content["test"]
        for member in ("pathogen", "type", "date", "country"):
            demand(test.get(member), member)
        return "t"

    def covered(self, signer, kind):
        usages = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        health = {usage.dotted_string.rsplit(".", 1)[1] for usage in usages
                  if usage.dotted_string.startswith("1.3.6.1.4.1.1847.2021.1.")}
        demand(not health or str(ENDINGS[kind]) in health, "key usage")


def main():
    stranger = Stranger(*sys.argv[1:5])
    counts, wrong = {}, []
    for number, line in enumerate(sys.stdin, 1):
        try:
            profile = stranger.verify(line.rstrip("\n"))
            counts[profile] = counts.get(profile, 0) + 1
        except Wrong as what:
            wrong.append({"line": number, "wrong": str(what)})
        except Exception as error:  # Whatever else fails is told by its name alone: its words may quote a certificate.
            wrong.append({"line": number, "wrong": type(error).__name__})
    print(json.dumps({"verified": counts, "wrong": wrong}))


if __name__ == "__main__":
    main()
