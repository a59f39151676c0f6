"""A client's files swapped atomically, its reload command run without a shell, and the way back."""

from __future__ import annotations

import base64
import hashlib
import os
import ssl
import stat
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from gctrust.adapters.credentials.client_switch import switch, why_not
from gctrust.adapters.credentials.truststore import authorities_of, write_bundle, write_nginx
from gctrust.errors import Problem
from gctrust.pipelines.effects import CertificateFiles
from gctrust.pipelines.pin_effects import ClientTarget, SwitchClient
from gctrust.pipelines.pin_rollback import KEPT


def issue(folder, name: str, *, ca: bool = False) -> tuple[CertificateFiles, str]:
    key, day = ec.generate_private_key(ec.SECP256R1()), datetime(2026, 1, 1, tzinfo=UTC)
    subject = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(day)
        .not_valid_after(day + timedelta(days=900))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    digest = hashlib.sha256(made.public_bytes(Encoding.DER)).digest()
    return CertificateFiles(str(certificate), str(secret)), base64.b64encode(digest).decode()


class Client:
    """A client with the old certificate, and a new one to take."""

    def __init__(self, folder) -> None:
        self.old, self.old_pin = issue(folder, "old")
        self.new, self.new_pin = issue(folder, "new")
        self.certificate, self.key = folder / "live.pem", folder / "live.key"
        self.certificate.write_bytes((folder / "old.pem").read_bytes())
        self.key.write_bytes((folder / "old.key").read_bytes())
        self.key.chmod(0o640)

    def target(self, *reload: str, timeout: float = 30.0) -> ClientTarget:
        return ClientTarget("app", str(self.certificate), str(self.key), reload, timeout)

    def effect(self, *reload: str, timeout: float = 30.0) -> SwitchClient:
        return SwitchClient(
            self.target(*reload, timeout=timeout), self.new, self.new_pin, "certificate"
        )

    def fits(self) -> bool:
        """What a client would do: load the pair."""
        ssl.create_default_context().load_cert_chain(self.certificate, self.key)
        return True


@pytest.fixture
def client(tmp_path):
    return Client(tmp_path)


async def test_files_are_swapped_and_the_old_pair_is_kept_for_the_way_back(client):
    done = await switch(client.effect())
    assert (done.pin, done.changed, done.reloaded) == (client.new_pin, True, False)
    assert client.fits()
    assert stat.S_IMODE(client.key.stat().st_mode) == 0o640, "the mode that was there"
    kept = CertificateFiles(str(client.certificate) + KEPT, str(client.key) + KEPT)
    assert stat.S_IMODE(os.stat(kept.key).st_mode) == 0o600
    way_back = SwitchClient(client.target(), kept, client.old_pin, "certificate", keep=False)
    back = await switch(way_back)
    assert back.changed
    assert why_not(client.target(), client.old_pin, "certificate") == ""


async def test_done_again_it_swaps_nothing_and_keeps_what_stood_there_first(client):
    await switch(client.effect())
    kept = (client.certificate.parent / (client.certificate.name + KEPT)).read_bytes()
    assert not (await switch(client.effect())).changed
    assert (client.certificate.parent / (client.certificate.name + KEPT)).read_bytes() == kept


async def test_the_next_rotation_keeps_the_pair_of_its_own_beginning(client, tmp_path):
    await switch(client.effect())
    third, pin = issue(tmp_path, "third")
    await switch(SwitchClient(client.target(), third, pin, "certificate"))
    kept = client.certificate.with_name(client.certificate.name + KEPT)
    assert kept.read_bytes() == Path(client.new.certificate).read_bytes()
    assert why_not(client.target(), client.new_pin, "certificate") == ""


async def test_a_crash_between_the_two_files_is_mended(client):
    client.key.write_bytes(Path(client.new.key).read_bytes())
    assert (await switch(client.effect())).changed
    assert client.fits()


async def test_one_file_with_both_is_replaced_in_one_step(client):
    both = client.certificate
    both.write_bytes(both.read_bytes() + client.key.read_bytes())
    target = ClientTarget("app", str(both), str(both))
    await switch(SwitchClient(target, client.new, client.new_pin, "certificate"))
    ssl.create_default_context().load_cert_chain(both)


async def test_the_reload_command_gets_its_words_as_they_are(client, tmp_path):
    seen = tmp_path / "seen"
    program = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"
    done = await switch(client.effect(sys.executable, "-c", program, str(seen), "$(id); `id`"))
    assert done.reloaded
    assert seen.read_text() == "$(id); `id`"


@pytest.mark.parametrize(
    ("reload", "said"),
    [
        (("/absent/program",), "No such file"),
        (
            (sys.executable, "-c", "import sys; print('config is wrong'); sys.exit(3)"),
            "exit code 3",
        ),
    ],
)
async def test_a_reload_that_fails_is_told(client, reload, said):
    with pytest.raises(Problem) as raised:
        await switch(client.effect(*reload))
    assert raised.value.code == "pins.client-not-reloaded"
    assert said in str(raised.value.facts["seen"])


async def test_a_reload_that_hangs_is_ended(client):
    began = time.monotonic()
    with pytest.raises(Problem) as raised:
        await switch(
            client.effect(sys.executable, "-c", "input() or 1\nwhile 1: pass", timeout=0.5)
        )
    assert raised.value.code == "pins.client-not-reloaded"
    assert time.monotonic() - began < 10


async def test_a_certificate_that_is_not_the_one_ordered_is_not_deployed(client, tmp_path):
    other, _ = issue(tmp_path, "other")
    with pytest.raises(Problem) as raised:
        await switch(SwitchClient(client.target(), other, client.new_pin, "certificate"))
    assert raised.value.code == "file.changed"
    assert why_not(client.target(), client.old_pin, "certificate") == ""


@pytest.mark.parametrize("flaw", ["another", "absent", "mismatch"])
def test_why_a_client_cannot_be_switched(client, tmp_path, flaw):
    if flaw == "another":
        client.certificate.write_bytes((tmp_path / "new.pem").read_bytes())
        client.key.write_bytes((tmp_path / "new.key").read_bytes())
    elif flaw == "absent":
        client.key.unlink()
    else:
        client.key.write_bytes((tmp_path / "new.key").read_bytes())
    assert "app" in why_not(client.target(), client.old_pin, "certificate")


def test_a_trust_store_holds_authorities_only(tmp_path):
    issue(tmp_path, "root", ca=True)
    issue(tmp_path, "leaf")
    bundle, snippet = tmp_path / "bundle.pem", tmp_path / "trust.conf"
    found = authorities_of([tmp_path / "root.pem", tmp_path / "root.pem"])
    assert len(found) == 1
    write_bundle(bundle, found)
    write_nginx(snippet, bundle)
    assert len(ssl.create_default_context(cafile=str(bundle)).get_ca_certs()) == 1
    assert f'proxy_ssl_trusted_certificate "{bundle}";' in snippet.read_text()
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o644
    with pytest.raises(Problem) as raised:
        authorities_of([tmp_path / "leaf.pem"])
    assert raised.value.code == "pins.not-an-authority"


async def test_files_named_the_wrong_way_round_are_not_written_the_wrong_way_round(client):
    swapped = ClientTarget("app", str(client.key), str(client.certificate))
    assert "no certificate with its key" in why_not(swapped, client.old_pin, "certificate")
    wrong = CertificateFiles(client.new.key, client.new.certificate)
    with pytest.raises(Problem, match=r"file\.changed"):
        await switch(SwitchClient(client.target(), wrong, client.new_pin, "certificate"))
    assert client.certificate.read_text() == Path(client.old.certificate).read_text()


async def test_a_daemon_that_the_command_leaves_behind_is_not_waited_for(client):
    began = time.monotonic()
    done = await switch(client.effect("sh", "-c", "sleep 20 & echo started", timeout=15.0))
    assert done.reloaded
    assert time.monotonic() - began < 5


async def test_a_command_that_hangs_ends_with_all_it_started(client, tmp_path):
    note = tmp_path / "note"
    hanging = f"(sleep 2; touch {note}) ; true"
    with pytest.raises(Problem, match=r"pins\.client-not-reloaded"):
        await switch(client.effect("sh", "-c", hanging, timeout=0.3))
    time.sleep(2.2)
    assert not note.exists()


async def test_of_a_flood_of_words_the_end_is_told(client):
    flood = "head -c 30000000 /dev/zero | tr '\\0' x; echo the end; exit 3"
    with pytest.raises(Problem) as raised:
        await switch(client.effect("sh", "-c", flood))
    seen = str(raised.value.facts["seen"])
    assert seen.endswith("the end\n")
    assert len(seen) < 400


def test_a_link_into_a_folder_that_cannot_be_written_is_an_obstacle(client, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir()
    for path in (client.certificate, client.key):
        path.rename(closed / path.name)
        path.symlink_to(closed / path.name)
    assert why_not(client.target(), client.old_pin, "certificate") == ""
    closed.chmod(0o500)
    try:
        told = why_not(client.target(), client.old_pin, "certificate")
        assert "not writable" in told or os.geteuid() == 0  # nothing is closed to root
    finally:
        closed.chmod(0o700)
