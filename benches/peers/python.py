"""QR text to JSON in Python, composed of cryptography, base45, cbor2 and zlib, over the texts of `pipeline --export`.

Refuses a bad signature, an unknown signer and a period that has passed, and nothing else. Keys are loaded once and kept.

python.py FILE: for every line `FROM TO` on standard input the texts with these numbers, answered by a line.
"""

import base64
import json
import sys
import zlib

import base45
import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

ES256 = -7
SKEW_S = 300
ALGORITHM = ec.ECDSA(SHA256())


def verify(text, at, keys):
    """The certificate in `text` as JSON, or None where it is not authentic or not current."""
    if not text.startswith("HC1:"):
        return None
    message = cbor2.loads(zlib.decompress(base45.b45decode(text[4:])))
    protected, unprotected, payload, signature = getattr(message, "value", message)
    header = cbor2.loads(protected) if protected else {}
    if header.get(1, unprotected.get(1)) != ES256:
        return None
    key = keys.get(header.get(4, unprotected.get(4)))
    if key is None or len(signature) != 64:
        return None
    signed = cbor2.dumps(["Signature1", protected, b"", payload])
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        key.verify(utils.encode_dss_signature(r, s), signed, ALGORITHM)
    except InvalidSignature:
        return None
    claims = cbor2.loads(payload)
    if at > claims[4] or at + SKEW_S < claims[6]:
        return None
    return json.dumps(claims[-260][1], default=str)


def main(path):
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    keys = {base64.b64decode(it["kid"]): load_der_public_key(base64.b64decode(it["spki"])) for it in document["keys"]}
    texts = [(it["text"], it["at"]) for it in document["texts"]]
    accepted = sum(verify(text, at, keys) is not None for text, at in texts)
    print(json.dumps({"row": "python: cryptography, base45, cbor2", "accepted": accepted}), flush=True)
    for line in sys.stdin:
        start, end = map(int, line.split())
        for number in range(start, end):
            verify(*texts[number % len(texts)], keys)
        print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
