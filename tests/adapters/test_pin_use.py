"""Who shows which certificate, read from logs as TLS terminators and clients write them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tracemalloc
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gctrust.adapters.tls.pin_use import PinUseSources, entries_of, read_access
from gctrust.errors import Problem
from gctrust.pipelines.pin_effects import ReadPinUse

NAME = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "client")])


def certificate() -> tuple[str, str, str]:
    """PEM, certificate pin and SPKI pin."""
    key, day = ec.generate_private_key(ec.SECP256R1()), datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(day)
        .not_valid_after(day + timedelta(days=90))
        .sign(key, hashes.SHA256())
    )
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = made.public_bytes(Encoding.PEM).decode()
    return pem, pin(made.public_bytes(Encoding.DER)), pin(spki)


def pin(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


PEM, CERTIFICATE_PIN, SPKI_PIN = certificate()
STRANGER = certificate()


def asked(kind: str = "certificate", since: float = 0.0) -> ReadPinUse:
    return ReadPinUse("c1", kind, (SPKI_PIN if kind == "spki" else CERTIFICATE_PIN,), since)


def log(path, *lines: object):
    text = "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines)
    path.write_text(text)
    return path


def nginx(at: str, pem: str = PEM, verify: str = "SUCCESS", **more: str) -> dict[str, str]:
    """log_format with escape=json, as nginx's own variables give it."""
    return {
        "time_iso8601": at,
        "ssl_client_escaped_cert": quote(pem),
        "ssl_client_verify": verify,
        "ssl_session_reused": ".",
        "remote_addr": "192.0.2.7",
        **more,
    }


def test_without_a_source_nothing_tells():
    seen = PinUseSources().read(asked())
    assert (seen.source, seen.of(CERTIFICATE_PIN).accepted) == ("", 0)


@pytest.mark.parametrize("kind", ["certificate", "spki"])
def test_nginx_lines_are_counted_by_pin(tmp_path, kind):
    path = log(
        tmp_path / "access.log",
        nginx("2026-11-21T10:00:00+00:00"),
        nginx("2026-11-21T12:00:00+01:00", remote_addr="192.0.2.8"),
        nginx("2026-11-21T11:30:00+00:00", verify="FAILED:certificate has expired"),
        nginx("2026-11-21T11:40:00+00:00", STRANGER[0], verify="FAILED:unable to verify"),
        nginx("2026-11-21T11:50:00+00:00", ssl_session_reused="r"),
    )
    effect = asked(kind)
    seen = PinUseSources(path).read(effect)
    used = seen.of(effect.pins[0])
    assert (used.accepted, used.refused, seen.resumed) == (3, 1, 1)
    assert used.who == ("192.0.2.7", "192.0.2.8")
    assert used.last == datetime(2026, 11, 21, 11, 50, tzinfo=UTC).timestamp()
    assert seen.unknown == ((STRANGER[2] if kind == "spki" else STRANGER[1], 1),)


def test_the_edges_own_lines_and_other_clients_are_told_apart(tmp_path):
    line = {
        "time": 100.5, "outcome": "matched", "client_id": "c1",
        "certificate_pin": CERTIFICATE_PIN, "spki_pin": SPKI_PIN,
    }  # fmt: skip
    path = log(
        tmp_path / "edges.jsonl",
        line,
        line | {"time": 200.0, "client_id": "c2"},
        line | {"time": 50.0},
        line | {"time": 300.0, "outcome": "failed-before-certificate", "certificate_pin": ""},
        "no JSON at all",
        '["not an object"]',
        '{"time": "yesterday", "outcome": "matched", "certificate_pin": "x"}',
        '{"time": 400.0, "outcome": "mat',
    )
    seen = PinUseSources(path).read(asked(since=60.0))
    assert (seen.of(CERTIFICATE_PIN).accepted, seen.newest) == (1, 100.5)


def test_a_rotated_log_is_read_too(tmp_path):
    log(tmp_path / "access.log.1", nginx("2026-11-21T10:00:00Z"))
    path = log(tmp_path / "access.log")
    assert PinUseSources(path).read(asked()).of(CERTIFICATE_PIN).accepted == 1


def test_client_reports_in_the_shape_of_rfc_7469(tmp_path):
    report = {
        "date-time": "2026-11-21T10:00:00Z",
        "hostname": "api.example.com",
        "port": 443,
        "served-certificate-chain": [PEM],
        "validated-certificate-chain": [PEM],
        "known-pins": [f'pin-sha256="{SPKI_PIN}"'],
        "app-vendor-id": "app-17",
        "validation-result": 0,
    }
    refused = {name: value for name, value in report.items() if name != "validation-result"}
    path = log(tmp_path / "reports.jsonl", report, refused, {"hostname": "no chain"})
    used = PinUseSources(reports=path).read(asked("spki")).of(SPKI_PIN)
    assert (used.accepted, used.refused, used.who) == (1, 1, ("app-17",))


def test_a_log_that_cannot_be_read_is_a_problem_and_no_silence(tmp_path):
    with pytest.raises(Problem) as raised:
        PinUseSources(tmp_path / "absent").read(asked())
    assert raised.value.code == "pins.use-unreadable"


def line(at: float, outcome: str = "matched") -> str:
    return json.dumps({"time": at, "outcome": outcome, "certificate_pin": CERTIFICATE_PIN}) + "\n"


def test_of_a_long_log_only_its_end_is_read_and_nothing_of_that_missed(tmp_path):
    path, day = tmp_path / "access.jsonl", 86_400.0
    with path.open("w") as log:
        log.writelines(line(at * 60.0) for at in range(1, 60_001))  # forty days, 7 MB
        log.write(line(30 * day))  # one that was shipped late
    since = 40 * day
    found = list(entries_of(path, read_access, since))
    assert len(found) < 30_000
    used = PinUseSources(path).read(asked(since=since)).of(CERTIFICATE_PIN)
    assert used.accepted == 60_001 - 40 * 24 * 60
    assert PinUseSources(path).read(asked(since=0.0)).of(CERTIFICATE_PIN).accepted == 60_001


def test_a_long_log_is_counted_and_not_kept(tmp_path):
    path = tmp_path / "access.jsonl"
    path.write_text(line(5.0) * 20_000)
    tracemalloc.start()
    assert PinUseSources(path).read(asked()).of(CERTIFICATE_PIN).accepted == 20_000
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2 << 20


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\xff\xfe",
        b'{"time": NaN, "outcome": "ok", "certificate_pin": "%s"}',
        b'{"time": 1e999, "outcome": "ok", "certificate_pin": "%s"}',
        b'{"time": 1' + b"0" * 400 + b', "outcome": "ok", "certificate_pin": "%s"}',
        b'{"time": "' + b"9" * 400 + b'", "outcome": "ok", "certificate_pin": "%s"}',
        b'{"time": true, "outcome": "ok", "certificate_pin": "%s"}',
        b"[" * 50_000,
        b"null",
    ],
)
def test_a_line_of_garbage_is_passed_over(tmp_path, garbage):
    path = tmp_path / "access.jsonl"
    told = garbage.replace(b"%s", CERTIFICATE_PIN.encode())
    path.write_bytes(told + b"\n" + line(5.0).encode() + line(6.0).encode()[:30])
    seen = PinUseSources(path).read(asked()).of(CERTIFICATE_PIN)
    assert (seen.accepted, seen.last) == (1, 5.0)


@pytest.mark.parametrize("what", ["folder", "pipe", "/dev/zero"])
def test_what_may_never_end_is_not_begun(tmp_path, what):
    path = tmp_path / what
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    with pytest.raises(Problem, match=r"pins\.use-unreadable"):
        PinUseSources(path).read(asked())
