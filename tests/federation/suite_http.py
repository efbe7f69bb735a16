"""HTTP and TLS as the clients of others speak them: old versions, pieces, headers in any form, refusals before all was sent."""

import datetime
import socket
import ssl
import urllib.parse

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from suite_land import CMS, der, now, write


def context(land, version=None):
    tls = ssl.create_default_context(cafile=land.ca)
    tls.load_cert_chain(land.path("tls.pem"), land.path("tls.key"))
    if version:
        tls.minimum_version = tls.maximum_version = version
    return tls


def raw(land, text, version=None):
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
    land.ask("GET", "/countrylist", 200)
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
    write(land.path("old"), certificate, key)
    return land.path("old.pem"), land.path("old.key")
