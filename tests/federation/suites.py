"""What acceptance suites of others do, as far as it is told of them, step by step: keys and certificates of many kinds, uploads
in the name of others, hundreds of batches, rules, and HTTP as different clients speak it.

Called as "suites.py EU TNG FOLDER", with the base addresses of a gateway that the countries of suite_land.py have joined, and the
folder with their certificates and ca.pem, which signed the gateway's. Does everything, prints one line for each thing done, and
fails if anything was wrong.
"""

import base64
import datetime
import json
import os
import sys
import traceback
import urllib.parse

from asn1crypto import cms
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from suite_http import doors, speech
from suite_land import BEGINNING, CMS, TEXT, UTC, Land, certify, checked, der, explicit, now, pss, thumbprint, unknown


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
        assert len(dates) == 1000 or not page["more"], len(dates)
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


def run(eu, tng, folder):
    wrong = []

    def step(work, *arguments):
        try:
            work(*arguments)
        except Exception as error:  # All that is wrong is told, not only the first.
            wrong.append("%s: %s" % (work.__name__, error))
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
    assert not wrong, wrong
    print("every suite passes")


if __name__ == "__main__":
    run(*sys.argv[1:4])
