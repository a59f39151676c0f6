"""OAuth clients: pins in one atomic PATCH, their count, ETags, and mTLS edges that obey."""

from __future__ import annotations

import base64
import hashlib
import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from .conftest import Sandbox

PATH = "/api/v2/oauth/clients/integration"


def pin(seed: str) -> str:
    return base64.b64encode(hashlib.sha256(seed.encode()).digest()).decode()


def certificate_pin(issued: dict[str, str]) -> str:
    leaf = x509.load_pem_x509_certificate(issued["certificate"].encode())
    return base64.b64encode(hashlib.sha256(leaf.public_bytes(Encoding.DER)).digest()).decode()


@pytest.fixture
def client(sandbox: Sandbox) -> Sandbox:
    made = {
        "id": "integration",
        "secret": "s",
        "scopes": [],
        "mtlsRequired": True,
        "serviceId": "svc",
        "pins": [pin("old")],
    }
    sandbox.control("PUT", "/clients", made)
    return sandbox


def test_read_shows_pins_and_no_secret(client: Sandbox) -> None:
    read = client.call("GET", PATH)
    assert read.json()["primaryPin"] == pin("old")
    assert (read.json()["backupPin"], read.json()["maxPinCount"]) == (None, 3)
    assert "secret" not in read.json()
    assert read.headers["ETag"]


def test_patch_changes_what_it_names_only(client: Sandbox) -> None:
    sent = {"primaryPin": pin("new"), "fallbackPin": pin("old"), "backupPin": pin("spare")}
    changed = client.call("PATCH", PATH, sent)
    assert changed.status_code == 200
    retired = client.call("PATCH", PATH, {"fallbackPin": None}).json()
    assert (retired["primaryPin"], retired["fallbackPin"]) == (pin("new"), None)
    assert retired["backupPin"] == pin("spare")
    assert retired["mtlsRequired"] is True


def test_if_match_keeps_two_rotations_apart(client: Sandbox) -> None:
    etag = client.call("GET", PATH).headers["ETag"]
    match = {"If-Match": etag}
    first = client.call("PATCH", PATH, {"primaryPin": pin("a")}, headers=match)
    second = client.call("PATCH", PATH, {"primaryPin": pin("b")}, headers=match)
    assert (first.status_code, second.status_code) == (200, 412)
    assert client.call("GET", PATH).json()["primaryPin"] == pin("a")


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"primaryPin": "AAAA"}, "primaryPin"),
        ({"primaryPin": 7}, "primaryPin"),
        ({"pinKind": "sha1"}, "pinKind"),
        ({"maxPinCount": 4}, "maxPinCount"),
        ({"maxPinCount": 1, "fallbackPin": pin("second")}, "maxPinCount"),
        ({"certificateChain": "no pem"}, "certificateChain"),
        ({"primaryPin": None}, "primaryPin"),
        ({"pins": []}, "pins"),
    ],
)
def test_a_bad_patch_changes_nothing(client: Sandbox, sent: dict[str, object], field: str) -> None:
    before = client.call("GET", PATH)
    if sent == {"primaryPin": None}:
        sent = {"primaryPin": None, "fallbackPin": pin("only")}
    refused = client.call("PATCH", PATH, sent)
    assert refused.status_code == 400
    assert field in [detail["fieldName"] for detail in refused.json()["details"]]
    after = client.call("GET", PATH)
    assert (after.json(), after.headers["ETag"]) == (before.json(), before.headers["ETag"])


def test_unknown_client(client: Sandbox) -> None:
    assert client.call("GET", "/api/v2/oauth/clients/nobody").status_code == 404


def accepted(client: Sandbox, issued: dict[str, str], folder: Path, replica: int = 0) -> bool:
    """Whether an mTLS edge lets this certificate in: it says so once the handshake is read."""
    pair = folder / "pair.pem"
    pair.write_text(issued["certificate"] + issued["chain"] + issued["privateKey"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the edge's dates are the sandbox's, not this machine's
    context.load_cert_chain(pair)
    host, _, port = client.addresses["mtls"][replica].partition(":")
    try:
        with (
            socket.create_connection((host, int(port)), 5) as raw,
            context.wrap_socket(raw, server_hostname="mtls") as tls,
        ):
            tls.sendall(b"GET / HTTP/1.1\r\nHost: mtls\r\nConnection: close\r\n\r\n")
            return tls.recv(100).startswith(b"HTTP/1.1 2")
    except (ssl.SSLError, ConnectionError):
        return False


def test_a_published_pin_opens_the_mtls_edges(client: Sandbox, tmp_path: Path) -> None:
    issued = client.issue("client.example", profile="client")
    assert not accepted(client, issued, tmp_path)
    sent = {"primaryPin": certificate_pin(issued), "fallbackPin": pin("old")}
    client.call("PATCH", PATH, sent)
    assert accepted(client, issued, tmp_path)
    client.call("PATCH", PATH, {"primaryPin": pin("old"), "fallbackPin": None})
    assert not accepted(client, issued, tmp_path)


def test_a_late_replica_refuses_until_its_delay_has_passed(client: Sandbox, tmp_path: Path) -> None:
    issued = client.issue("client.example", profile="client")
    client.control("PUT", "/edges/delays", {"1": 600})
    sent = {"primaryPin": certificate_pin(issued), "fallbackPin": pin("old")}
    client.call("PATCH", PATH, sent)
    assert [accepted(client, issued, tmp_path, n) for n in (0, 1)] == [True, False]
    client.advance(601)
    assert accepted(client, issued, tmp_path, 1)
