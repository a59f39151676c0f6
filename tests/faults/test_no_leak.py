"""The private key's octets appear in no log, store, ledger, webhook, error or process list."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import logging
import os
import ssl
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from arena import SECRET, arena
from authority import new_key
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from leaks import found_in, private_numbers
from voyage import voyage

from gctrust.pipelines.effects import CertificateFiles

LONG = os.environ.get("GCTRUST_LONG") == "1"  # more commands


def pem_of(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    "pem", [pem_of(new_key()), pem_of(rsa.generate_private_key(65537, 2048))], ids=["ec", "rsa"]
)
def test_the_search_finds_a_key_in_every_form(pem):
    der = ssl.PEM_cert_to_DER_cert(as_certificate(pem))
    leaked = {
        "a PEM": pem,
        "a PEM in JSON": json.dumps({"key": pem.decode()}).encode(),
        "a PEM in JSON in JSON": json.dumps(json.dumps({"key": pem.decode()})).encode(),
        "a PEM with CRLF": pem.replace(b"\n", b"\r\n"),
        "a PEM in a traceback": repr(pem).encode(),
        "DER": b"before" + der + b"after",
        "DER in hexadecimal": der.hex().encode(),
        "DER as a literal": repr(der).encode(),
        **{f"base64 at {n}": base64.b64encode(b"x" * n + der) for n in range(3)},
        **{f"base64url at {n}": base64.urlsafe_b64encode(b"x" * n + der) for n in range(3)},
        "a decimal number": decimal(pem),
    }
    assert [name for name, octets in leaked.items() if not found_in(octets, pem)] == []
    assert found_in(b"nothing of it" * 1000 + pem_of(new_key()), pem) == []


def as_certificate(pem):
    """The same octets under the label that the standard library reads."""
    return pem.decode().replace("PRIVATE KEY", "CERTIFICATE")


def decimal(pem):
    return str(int.from_bytes(private_numbers(pem)[0], "big")).encode()


@pytest.fixture
def log():
    """All that any library says at debug level."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


async def test_a_whole_life_of_a_key_leaks_nothing(tmp_path, log):
    """Deployed, renewed, rolled back, refused, failed and asked for by the command line."""
    asyncio.get_running_loop().set_debug(True)
    said: dict[str, bytes] = {}
    with arena(tmp_path) as house:
        order = house.custom_order(1)
        newer = replace(order, files=house.issue("newer", order.domain, profile="server"))
        wrong = replace(order, files=CertificateFiles(newer.files.certificate, order.files.key))
        async with voyage(house) as trip:
            rows = [await trip.ended(one) for one in (order, newer)]
            back = CertificateFiles(trip.app.sealed.kept(order.domain)[1].reference)
            rows.append(await trip.ended(replace(order, files=back, rollback=True)))
            rows.append(await trip.ended(wrong))
            house.faults({"kind": "status", "status": 400, "method": "PUT", "body": {"code": "x"}})
            rows.append(await trip.ended(newer))
            house.faults()
            assert [row.status for row in rows] == [
                *("succeeded", "succeeded", "succeeded"),
                *("refused", "failed"),
            ]
            said["rows"] = repr(rows).encode()
            said["problem"] = str(rows[-1].problem).encode()
            said["ledger"] = repr(trip.app.ledger.entries()).encode()
            said["app"] = repr(trip.app).encode() + repr(vars(trip.runner)).encode()
        said |= commands(house, newer.files, order.domain)
        said["inbox"] = json.dumps(house.control("GET", "/inbox")).encode()
        said["log"] = log.getvalue().encode()
        assert b"customdomains" in said["log"], "the log is at debug level"
        for path in (tmp_path / "stores").iterdir():
            said[path.name] = path.read_bytes()
        assert len(said["log"]) > 10_000
        for key in (order.files.key, newer.files.key):
            pem = Path(key).read_bytes()
            leaks = {name: found_in(octets, pem) for name, octets in said.items()}
            assert {name: seen for name, seen in leaks.items() if seen} == {}
            sealed = [name for name, octets in said.items() if b"BEGIN CERTIFICATE" in octets]
            assert any(name.endswith((".db", ".db-wal")) for name in sealed), "the store was read"


def commands(house, files, domain):
    """What the command line says and shows in the process list, at its most talkative."""
    environ = {
        **os.environ,
        "PYTHONASYNCIODEBUG": "1",
        "PYTHONWARNINGS": "default",
        "GCTRUST_HOME": str(house.home),
        "GENESYS_ENV_URL": house.addresses["api"],
        "GENESYS_CLIENT_ID": house.addresses["client_id"],
        "GENESYS_CLIENT_SECRET": house.addresses["client_secret"],
        "WEBHOOK_SECRET": SECRET,
        "CERT_PATH": files.certificate,
        "KEY_PATH": files.key,
    }
    said = {}
    for words in (
        f"tls deploy {domain} --yes --json --handshakes 2",
        f"tls rollback {domain} --yes --handshakes 2",
        *((f"tls status {domain} --json", "audit list --json") if LONG else ()),
    ):
        process = subprocess.Popen(
            [sys.executable, "-m", "gctrust", *words.split()],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        shown = Path(f"/proc/{process.pid}/cmdline")
        seen = shown.read_bytes() if shown.exists() else b""
        said[words] = seen + process.communicate(timeout=60)[0]
        assert process.returncode == 0, said[words].decode()
    return said
