"""`gctrust check cert` and `gctrust ct` as processes: what they say and write, how they end."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
)

from ..adapters.test_cert_log_list import log_list
from ..certs.authority import NOW, Authority, Issued

SUITES = Path(os.environ.get("GCTRUST_SUITES") or Path(__file__).parents[3] / "shared" / "suites")
ONLINE = SUITES / "pki" / "limbo-online"
HOST = "edge.example.org"
WORD = "a passphrase"
AT = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"


def run(home: Path, *tokens: str, given: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("GENESYS", "GCTRUST"))}
    return subprocess.run(
        [sys.executable, "-m", "gctrust", *tokens],
        env={**clean, "GCTRUST_HOME": str(home / "home"), "HOME": str(home), **env},
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=home,
    )


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def chain() -> tuple[Authority, Authority, Issued]:
    root = Authority("Root of the shell")
    issuing = Authority("Issuing CA of the shell", root)
    return root, issuing, issuing.issue(HOST)


@pytest.fixture
def desk(tmp_path: Path, chain: tuple[Authority, Authority, Issued]) -> Path:
    root, issuing, leaf = chain
    (tmp_path / "root.pem").write_bytes(root.pem)
    (tmp_path / "chain.pem").write_bytes(issuing.pem)
    (tmp_path / "leaf.pem").write_bytes(leaf.pem)
    (tmp_path / "mixed.pem").write_bytes(root.pem + issuing.pem + leaf.pem + leaf.pem)
    how = BestAvailableEncryption(WORD.encode())
    key = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)
    (tmp_path / "leaf.key").write_bytes(key)
    (tmp_path / "leaf.key").chmod(0o600)
    return tmp_path


FILES = ("--cert", "leaf.pem", "--chain", "chain.pem", "--roots", "root.pem")


def test_a_good_chain_is_accepted_and_json_says_so(desk: Path) -> None:
    done = run(desk, "check", "cert", *FILES, "--host", HOST, "--at", AT, "--json")
    assert done.returncode == 0, done.stdout
    found = told(done)
    assert found["accepted"] is True
    assert found["gathered"] == []
    assert "cert.revocation-unknown" in {f["rule"] for f in found["findings"]}


def test_the_wrong_host_or_time_is_told(desk: Path) -> None:
    done = run(desk, "check", "cert", *FILES, "--host", "x.example", "--at", "2031-01-01")
    assert done.returncode == 10
    assert "critical" in done.stdout
    assert run(desk, "check", "cert", *FILES, "--at", "yesterday").returncode == 2


def test_the_repaired_bundle_is_written_and_is_then_clean(desk: Path) -> None:
    mixed = run(desk, "check", "cert", "--cert", "mixed.pem", "--roots", "root.pem",
                "--host", HOST, "--at", AT, "--write-bundle", "fixed.pem")  # fmt: skip
    assert "2 certificates written to fixed.pem" in mixed.stderr
    assert "repaired: removed the root" in mixed.stdout
    fixed = run(desk, "check", "cert", "--cert", "fixed.pem", "--roots", "root.pem", "--host",
                HOST, "--at", AT, "--json")  # fmt: skip
    assert told(fixed)["repairs"] == []
    assert (desk / "fixed.pem").read_text().count("BEGIN CERTIFICATE") == 2


def test_the_passphrase_comes_from_secret_sources_and_is_never_shown(desk: Path) -> None:
    (desk / "word").write_text(WORD + "\n")
    tokens = ("check", "cert", *FILES, "--key", "leaf.key", "--host", HOST, "--at", AT, "--json")
    ways: tuple[tuple[tuple[str, ...], str, dict[str, str]], ...] = (
        ((), "", {"GCTRUST_KEY_PASSPHRASE_FILE": "word"}),
        (("--key-passphrase-file", "-"), WORD + "\n", {}),
    )
    for flags, given, env in ways:
        done = run(desk, *tokens, *flags, given=given, **env)
        assert done.returncode == 0, done.stdout
        assert WORD not in done.stdout + done.stderr
    wrong = run(desk, *tokens, GCTRUST_KEY_PASSPHRASE="no")
    assert "cert.key-passphrase" in {f["rule"] for f in told(wrong)["findings"]}


def test_what_changes_against_the_old_one(
    desk: Path, chain: tuple[Authority, Authority, Issued]
) -> None:
    (desk / "old.pem").write_bytes(chain[1].issue(HOST, "old.example.org").pem)
    done = run(desk, "check", "cert", *FILES, "--at", AT, "--diff", "old.pem", "--json")
    assert any("old.example.org" in line for line in told(done)["changes"])
    (desk / "empty.pem").write_bytes(b"")
    nothing = run(desk, "check", "cert", *FILES, "--diff", "empty.pem", "--json")
    assert told(nothing)["code"] == "file.no-certificate"


@pytest.mark.parametrize(
    ("flag", "bad"), [("--cert", "."), ("--key", "none.pem"), ("--roots", "/dev/zero")]
)
def test_what_is_no_file_is_a_usage_problem(desk: Path, flag: str, bad: str) -> None:
    given = dict(zip(FILES[::2], FILES[1::2], strict=True)) | {flag: bad}
    done = run(desk, "check", "cert", *(token for pair in given.items() for token in pair))
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not ONLINE.is_dir(), reason="the suite of real chains is not at GCTRUST_SUITES")
def test_real_public_chains_are_accepted_at_their_time(tmp_path: Path) -> None:
    cases = sorted(ONLINE.glob("*.json"))
    for number, path in enumerate(cases):
        case = json.loads(path.read_text())
        if number % 7 and not os.environ.get("GCTRUST_LONG"):
            continue
        host = case["expected_peer_name"]["value"]
        (tmp_path / "leaf.pem").write_text(case["peer_certificate"])
        (tmp_path / "chain.pem").write_text("".join(case["untrusted_intermediates"]))
        done = run(tmp_path, "check", "cert", "--cert", "leaf.pem", "--chain", "chain.pem",
                   "--host", host, "--at", case["validation_time"], "--json")  # fmt: skip
        assert done.returncode == 0, (host, done.stdout)
        assert told(done)["accepted"], host


def test_ct_update_puts_a_list_in_force(tmp_path: Path) -> None:
    (tmp_path / "log_list.json").write_bytes(log_list(NOW))
    unsigned = told(run(tmp_path, "ct", "update", "log_list.json", "--json"))
    assert unsigned["signed"] is False
    assert told(run(tmp_path, "ct", "show", "--json"))["logs"] == 1
    (tmp_path / "log_list.sig").write_bytes(b"not Google's")
    lying = run(tmp_path, "ct", "update", "log_list.json", "--json")
    assert lying.returncode == 1
    assert told(lying)["code"] == "ct.bad-signature"
    assert run(tmp_path, "ct", "update", "http://log.example/log_list.json").returncode == 2
    private = run(tmp_path, "ct", "update", "https://127.0.0.1:1/log_list.json", "--json")
    assert told(private)["facts"]["seen"] == "127.0.0.1, which is not a public address"


def test_ct_update_fetches_a_list_and_its_signature_beside_it(tmp_path: Path) -> None:
    """From a mirror under a CA of its own, which is allowed by name, signed by a key of its own."""
    root = Authority("Root of the mirror")
    leaf = root.issue("localhost", days=3000)
    (tmp_path / "root.pem").write_bytes(root.pem)
    (tmp_path / "pair.pem").write_bytes(leaf.pem + leaf.key_pem())
    data = log_list(NOW)
    signature = leaf.key.sign(data, ec.ECDSA(hashes.SHA256()))
    public = leaf.key.public_key()
    (tmp_path / "list.key").write_bytes(
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    pages = {"/log_list.json": data, "/log_list.sig": signature}

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path)
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: object) -> None: ...

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pair.pem")
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"https://localhost:{server.server_port}/log_list.json"
        tokens = ("ct", "update", url, "--key", "list.key", "--allow-fetch", "localhost", "--json")
        done = run(tmp_path, *tokens, GCTRUST_ROOTS_FILE="root.pem")
        server.shutdown()
    found = told(done)
    assert done.returncode == 0, found
    assert (found["signed"], found["logs"]) == (True, 1)


def test_a_certificate_s_own_words_cannot_steer_the_terminal(tmp_path: Path) -> None:
    subject = "evil \x1b[2J\x1b]0;title\x07\u202e\r\nno findings"
    (tmp_path / "evil.pem").write_bytes(Authority("Root").issue("a.example", subject=subject).pem)
    done = run(tmp_path, "check", "cert", "--cert", "evil.pem")
    shown = done.stdout + done.stderr
    assert "evil \\x1b[2J" in shown
    assert not any(character in shown for character in "\x1b\x07\r\u202e")
    assert "\nno findings" not in shown


def test_what_hangs_or_overflows_is_refused(desk: Path) -> None:
    os.mkfifo(desk / "fifo")
    for flag in ("--cert", "--key", "--roots"):
        given = {"--cert": "leaf.pem", "--roots": "root.pem", flag: "fifo"}
        done = run(desk, "check", "cert", *(word for pair in given.items() for word in pair))
        assert (done.returncode, "no regular file" in done.stderr) == (2, True), done.stderr
    early = ("--cert", "leaf.pem", "--roots", "root.pem", "--at", "0001-01-01T00:00:00+14:00")
    assert run(desk, "check", "cert", *early).returncode == 2


def test_lists_in_findings_read_as_words(desk: Path) -> None:
    done = run(desk, "check", "cert", "--cert", "leaf.pem", "--host", "other.example.net")
    assert f"it holds {HOST}" in done.stdout
    assert "['" not in done.stdout
