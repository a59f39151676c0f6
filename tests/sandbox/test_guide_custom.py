"""Custom domains: uploads really parsed, ETags, the audit log's pages, edges that really serve."""

from __future__ import annotations

import base64
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from .conftest import AUDIT, CUSTOM, Sandbox

QUERY = {"entityType": "customdomain", "eventId": "customdomain.update"}


def body(issued: dict[str, str], domain: str | None = "www.example") -> dict[str, Any]:
    sent: dict[str, Any] = {
        "certificate": issued["certificate"],
        "privateKey": issued["privateKey"],
        "certificateChain": issued["chain"],
        "settings": {"tlsVersion": "TLSv1.2", "ocspStapling": True},
    }
    return sent | ({"domain": domain, "type": "web"} if domain else {})


def upload(sandbox: Sandbox, domain: str = "www.example") -> dict[str, Any]:
    answer = sandbox.call("POST", CUSTOM, body(sandbox.issue(domain), domain))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def served(sandbox: Sandbox, name: str) -> bytes:
    """The leaf an edge presents for a name, DER, not verified: its dates are the sandbox's."""
    host, _, port = sandbox.addresses["edge"].partition(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((host, int(port)), 5) as raw,
        context.wrap_socket(raw, server_hostname=name) as tls,
    ):
        return tls.getpeercert(binary_form=True) or b""


def test_an_upload_is_given_back_without_its_key(sandbox: Sandbox) -> None:
    issued = sandbox.issue("www.example")
    made = sandbox.call("POST", CUSTOM, body(issued))
    read = sandbox.call("GET", f"{CUSTOM}/{made.json()['id']}")
    assert read.headers["ETag"] == made.headers["ETag"]
    assert read.json()["certificate"].strip() == issued["certificate"].strip()
    assert "PRIVATE KEY" not in made.text + read.text
    assert "PRIVATE KEY" not in str(sandbox.control("GET", "/journal"))


def test_base64_of_pem_is_taken_too(sandbox: Sandbox) -> None:
    sent = body(sandbox.issue("www.example"))
    for name in ("certificate", "privateKey", "certificateChain"):
        sent[name] = base64.b64encode(sent[name].encode()).decode()
    assert sandbox.call("POST", CUSTOM, sent).status_code == 201


def test_the_edge_serves_it_after_the_deployment(sandbox: Sandbox) -> None:
    issued = sandbox.issue("www.example")
    leaf = x509.load_pem_x509_certificate(issued["certificate"].encode())
    made = sandbox.call("POST", CUSTOM, body(issued)).json()
    assert made["status"] == "deploying"
    assert served(sandbox, "www.example") != leaf.public_bytes(Encoding.DER)
    sandbox.advance(3)
    time.sleep(0.1)
    assert served(sandbox, "www.example") == leaf.public_bytes(Encoding.DER)
    assert sandbox.call("GET", f"{CUSTOM}/{made['id']}").json()["status"] == "active"


def spoilt(sandbox: Sandbox, case: str) -> dict[str, Any]:
    sent = body(sandbox.issue("www.example"))
    match case:
        case "foreign key":
            sent["privateKey"] = sandbox.issue("www.example")["privateKey"]
        case "no pem":
            sent["certificate"] = "hello"
        case "cut pem":
            sent["certificate"] = sent["certificate"][:300]
        case "foreign chain":
            sent["certificateChain"] = sandbox.issue("other.example")["certificate"]
        case "old tls":
            sent["settings"]["tlsVersion"] = "TLSv1.1"
        case "large chain":
            sent["certificateChain"] *= 40
        case "unknown field":
            sent["color"] = "red"
    return sent


@pytest.mark.parametrize(
    ("case", "field", "code"),
    [
        ("foreign key", "privateKey", "key.mismatch"),
        ("no pem", "certificate", "pem.malformed"),
        ("cut pem", "certificate", "certificate.malformed"),
        ("foreign chain", "certificateChain", "chain.malformed"),
        ("old tls", "settings.tlsVersion", "tls.version"),
        ("large chain", "certificateChain", "certificate.too.large"),
        ("unknown field", "color", "unknown.field"),
    ],
)
def test_a_bad_upload_names_the_field(sandbox: Sandbox, case: str, field: str, code: str) -> None:
    refused = sandbox.call("POST", CUSTOM, spoilt(sandbox, case))
    assert refused.status_code == 400
    assert refused.json()["details"] == [{"errorCode": code, "fieldName": field}]
    assert sandbox.call("GET", CUSTOM).json()["entities"] == []


def test_cipher_directives_are_passed_over(sandbox: Sandbox) -> None:
    sent = body(sandbox.issue("www.example"))
    sent["settings"]["ciphers"] = ["NULL-MD5"]
    made = sandbox.call("POST", CUSTOM, sent)
    assert made.status_code == 201
    assert "ciphers" not in made.json()["settings"]


def test_replace_honours_if_match(sandbox: Sandbox) -> None:
    made = upload(sandbox)
    path = f"{CUSTOM}/{made['id']}"
    etag = sandbox.call("GET", path).headers["ETag"]
    renewal = body(sandbox.issue("www.example"), None)
    first = sandbox.call("PUT", path, renewal, headers={"If-Match": etag})
    second = sandbox.call("PUT", path, renewal, headers={"If-Match": etag})
    assert (first.status_code, second.status_code) == (200, 412)
    assert first.headers["ETag"] != etag
    assert sandbox.effects("PUT", path) == 1
    assert sandbox.call("POST", CUSTOM, body(sandbox.issue("www.example"))).status_code == 409


def test_audit_pages_until_next_page_is_empty(sandbox: Sandbox) -> None:
    made = [upload(sandbox, f"w{n}.example")["id"] for n in range(5)]
    query = QUERY | {"pageSize": "2"}
    assert sandbox.call("GET", AUDIT, params=query).json() == {"entity": [], "nextPage": ""}
    sandbox.advance(3)  # audit entries appear late
    page, seen = "1", []
    while page:
        told = sandbox.call("GET", AUDIT, params=query | {"page": page}).json()
        seen += [entry["targetId"] for entry in told["entity"]]
        page = told["nextPage"]
    assert seen == made[::-1]


def test_a_bad_audit_query(sandbox: Sandbox) -> None:
    for query in ({"pageSize": "0"}, {"page": "x"}, {"colour": "red"}):
        assert sandbox.call("GET", AUDIT, params=query).status_code == 400


def test_delete_takes_it_from_the_edges(sandbox: Sandbox) -> None:
    made = upload(sandbox)
    sandbox.advance(3)
    time.sleep(0.1)
    before = served(sandbox, "www.example")
    assert sandbox.call("DELETE", f"{CUSTOM}/{made['id']}").status_code == 204
    assert served(sandbox, "www.example") != before


def test_a_key_the_edges_cannot_serve_fails_visibly(sandbox: Sandbox) -> None:
    """RSA 1024 parses, so the upload is taken; no modern TLS stack serves it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "weak.example")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    leaf = (
        x509.CertificateBuilder(name, name, key.public_key(), 7, start, start + timedelta(90))
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    sent = body({"certificate": leaf.decode(), "privateKey": secret.decode(), "chain": ""})
    made = sandbox.call("POST", CUSTOM, sent)
    assert made.status_code == 201
    sandbox.advance(3)
    time.sleep(0.1)
    assert sandbox.call("GET", f"{CUSTOM}/{made.json()['id']}").json()["status"] == "failed"
