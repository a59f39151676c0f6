"""`gctrust check host` as a process, against real TLS servers; endpoints and histograms, pure."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from gctrust.cli.endpoint import read_endpoint
from gctrust.cli.histogram import buckets, picture
from gctrust.errors import Problem

from ..certs.authority import Authority, Issued
from .test_check_cert import run


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority("Root of the host")


@pytest.fixture(scope="module")
def leaf(root: Authority) -> Issued:
    return root.issue("localhost", "127.0.0.1", days=3000)


@pytest.fixture(scope="module")
def port(leaf: Issued, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("server")
    (folder / "pair.pem").write_bytes(leaf.pem + leaf.key_pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "pair.pem")

    def serve() -> None:
        while True:
            connection, _ = listener.accept()
            with suppress(OSError), connection:
                connection.settimeout(2)
                with context.wrap_socket(connection, server_side=True) as tls:
                    if tls.recv(500):
                        tls.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_until_closed, args=(serve,), daemon=True)
        thread.start()
        yield listener.getsockname()[1]


def _until_closed(serve: object) -> None:
    with suppress(OSError):
        serve()  # type: ignore[operator]


def test_a_host_by_address_with_everything_measured(
    tmp_path: Path, port: int, root: Authority, leaf: Issued
) -> None:
    (tmp_path / "root.pem").write_bytes(root.pem)
    (tmp_path / "leaf.pem").write_bytes(leaf.pem)
    tokens = ("check", "host", f"127.0.0.1:{port}", "--roots", "root.pem", "--count", "20")
    done = run(tmp_path, *tokens, "--cert", "leaf.pem", "--fail-on", "critical", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0, told["findings"]
    (edge,) = told["edges"]
    assert (edge["tried"], edge["succeeded"]) == (20, 20)
    assert edge["group"]
    assert told["versions"] == ["TLSv1.2", "TLSv1.3"]
    assert told["refused"] == ["TLSv1", "TLSv1.1"]
    assert sum(bucket["count"] for bucket in told["histogram"]) == 20
    text = run(tmp_path, *tokens, PYTHONIOENCODING="ascii")
    assert "#" in text.stdout


def test_another_certificate_than_the_expected_one(
    tmp_path: Path, port: int, root: Authority
) -> None:
    (tmp_path / "root.pem").write_bytes(root.pem)
    (tmp_path / "other.pem").write_bytes(root.issue("localhost").pem)
    done = run(tmp_path, "check", "host", f"127.0.0.1:{port}", "--roots", "root.pem",
               "--cert", "other.pem", "--json")  # fmt: skip
    assert done.returncode == 10
    rules = {f["rule"] for f in json.loads(done.stdout)["findings"]}
    assert "served.other-certificate" in rules


def test_nobody_there_is_a_finding_and_no_address_a_problem(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        free = gone.getsockname()[1]
    done = run(tmp_path, "check", "host", f"127.0.0.1:{free}", "--count", "2", "--json")
    assert done.returncode == 10
    edge = json.loads(done.stdout)["edges"][0]
    assert edge["causes"] == {"refused": 2}
    assert (edge["p50_ms"], edge["p95_ms"], edge["p99_ms"]) == (None, None, None)


def test_a_sandbox_s_dns_is_named(tmp_path: Path) -> None:
    notes = tmp_path / "home" / "sandboxes"
    notes.mkdir(parents=True)
    addresses = {"nameservers": ["127.0.0.1#5399"], "label": "reconstructed"}
    (notes / "1.json").write_text(json.dumps({"addresses": addresses}), "utf-8")
    asked = ("check", "host", "127.0.0.1:1", "--count", "1", "--json")
    inside = run(tmp_path, *asked, GCTRUST_NAMESERVERS="127.0.0.1#5399")
    assert json.loads(inside.stdout)["answers_from"] == "the sandbox's DNS: reconstructed"
    outside = run(tmp_path, *asked, GCTRUST_NAMESERVERS="127.0.0.1#5398")
    assert json.loads(outside.stdout)["answers_from"] == ""


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("example.org", "example.org", None),
        ("EXAMPLE.org.:443", "example.org", 443),
        ("bücher.example:8443", "xn--bcher-kva.example", 8443),
        ("127.0.0.1:1", "127.0.0.1", 1),
        ("[::1]:443", "::1", 443),
        ("[2001:DB8::0:1]", "2001:db8::1", None),
        ("2001:db8::1", "2001:db8::1", None),
        (" localhost:65535 ", "localhost", 65535),
    ],
)
def test_endpoints(text: str, host: str, port: int | None) -> None:
    assert read_endpoint(text) == (host, port)


@pytest.mark.parametrize(
    "text",
    [
        *("", ":443", "x:", "x:0", "x:65536", "x:99999999999999999999", "x:-1", "x:４４３"),
        *(
            "[::1",
            "[::1]x",
            "[]:443",
            "https://x/",
            "x/path",
            "a b:443",
            "x:443:443",
            "-x",
            "1.2.3",
        ),
    ],
)
def test_what_is_no_endpoint(text: str) -> None:
    with pytest.raises(Problem) as told:
        read_endpoint(text)
    assert told.value.code == "cli.bad-argument"


@pytest.mark.parametrize(
    "times",
    [
        [5.0],
        [1.0] * 50,
        [0.0, 0.0],
        [x / 7 for x in range(1, 400)],
        [1.0] * 99 + [5000.0],
        [0.0001, 0.0002, 0.0009],
        [1e-9, 1e6],
    ],
)
def test_every_latency_is_in_one_bucket(times: list[float]) -> None:
    found = buckets(times)
    assert sum(bucket.count for bucket in found) == len(times)
    assert len(found) <= 12
    assert found[0].from_ms <= min(times)
    for before, after in pairwise(found):
        assert before.to_ms == after.from_ms
    for ascii_only in (True, False):
        lines = list(picture(found, blocks=not ascii_only))
        assert len(lines) == len(found)
        assert max(len(line) for line in lines) < 100


def test_no_latency_no_picture() -> None:
    assert buckets([]) == ()
    assert list(picture(())) == []
