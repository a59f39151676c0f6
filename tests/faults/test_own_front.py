"""Journey 2 in the published dialect: one's own TLS front, its files, reload and handshakes."""

from __future__ import annotations

import json
import os
import ssl
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from arena import Arena, arena
from voyage import told, voyage

from gctrust.cli.demo_gateway import Gateway, GatewayFiles
from gctrust.errors import Problem
from gctrust.pipelines.effects import CertificateFiles
from gctrust.pipelines.orders import CustomDomainOrder

HOST = "www.demo.example"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with arena(tmp_path_factory.mktemp("front"), "--dialect", "platform") as made:
        yield made


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Gateway]:
    gateway = Gateway(GatewayFiles(tmp_path / "front.pem", tmp_path / "front.key"), time.time)
    gateway.start()
    yield gateway
    gateway.stop()


def settings(tmp_path: Path, front: Gateway, **more: str) -> dict[str, str]:
    marked = [sys.executable, "-c", f"open({str(tmp_path / 'reloads')!r}, 'a').write('x')"]
    return {
        "GCTRUST_DIALECT": "platform",
        "GCTRUST_EDGES": front.address,
        "GCTRUST_FRONT_CERTIFICATE": str(tmp_path / "front.pem"),
        "GCTRUST_FRONT_KEY": str(tmp_path / "front.key"),
        "GCTRUST_FRONT_RELOAD": json.dumps(marked),
    } | more


def order(house: Arena, name: str, **more: bool) -> CustomDomainOrder:
    files = house.issue(name, HOST, profile="server")
    return CustomDomainOrder(HOST, files, profile="private", handshakes=3, **more)  # type: ignore[arg-type]


def first_of(path: Path) -> str:
    text = path.read_text()
    return text[: text.index("-----END CERTIFICATE-----")]


async def test_a_front_is_filled_renewed_and_rolled_back(
    house: Arena, front: Gateway, tmp_path: Path
) -> None:
    first, second = order(house, "first"), order(house, "second")
    async with voyage(house, **settings(tmp_path, front)) as trip:
        made = await trip.ended(first)
        assert made.end is not None, told(made)
        assert (made.status, made.end.summary["action"]) == ("succeeded", "create")
        assert made.end.summary["handshakes_succeeded"] == 3
        assert stat.S_IMODE((tmp_path / "front.key").stat().st_mode) == 0o600
        renewed = await trip.ended(second)
        assert renewed.status == "succeeded", told(renewed)
        assert first_of(tmp_path / "front.pem") == first_of(Path(second.files.certificate))
        kept = trip.app.sealed.kept(HOST)[-1].reference
        back = CustomDomainOrder(HOST, CertificateFiles(kept), "private", 3, rollback=True)
        restored = await trip.ended(back)
        assert restored.status == "succeeded", told(restored)
        assert first_of(tmp_path / "front.pem") == first_of(Path(first.files.certificate))
        assert (tmp_path / "reloads").read_text() == "xxx"
        again = await trip.ended(back)
        assert again.end is not None
        assert again.end.summary["action"] == "nothing"
    assert house.writes() == []  # nothing of it is the platform's


async def test_what_was_there_before_gctrust_can_be_restored(
    house: Arena, front: Gateway, tmp_path: Path
) -> None:
    """A front shows its key: no hazard, and the way back is sealed before anything is written."""
    found, new = order(house, "found"), order(house, "new")
    (tmp_path / "front.pem").write_text(Path(found.files.certificate).read_text())
    (tmp_path / "front.key").write_text(Path(found.files.key).read_text())
    async with voyage(house, **settings(tmp_path, front)) as trip:
        renewed = await trip.ended(new)
        assert renewed.status == "succeeded", told(renewed)
        assert len(trip.app.sealed.kept(HOST)) == 2


async def test_a_reload_that_fails_is_told_and_tried_again(
    house: Arena, front: Gateway, tmp_path: Path
) -> None:
    flag = tmp_path / "fixed"
    refuse = f"import os, sys; sys.exit(0 if os.path.exists({str(flag)!r}) else 'bad config')"
    reload = json.dumps([sys.executable, "-c", refuse])
    given = settings(tmp_path, front, GCTRUST_FRONT_RELOAD=reload)
    async with voyage(house, **given) as trip:
        run = trip.runner.submit(order(house, "third"))
        await trip.until(lambda: "tls.front-not-reloaded" in trip.problems(run))
        flag.touch()
        await trip.until(lambda: trip.runner.show(run).ended is not None)
        assert trip.runner.show(run).status == "succeeded"


async def test_a_kubernetes_secret_is_a_manifest_and_kubectl_when_there_is_one(
    house: Arena, front: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This kubectl does what a cluster's ingress would: the secret's content reaches the front."""
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(
        f"#!{sys.executable}\n"
        "import base64, json, sys\n"
        "assert sys.argv[1:3] == ['apply', '-f'], sys.argv\n"
        "held = json.load(open(sys.argv[3]))\n"
        "assert held['metadata'] == {'name': 'web', 'namespace': 'edge'}, held\n"
        "for name, file in (('tls.crt', 'front.pem'), ('tls.key', 'front.key')):\n"
        "    octets = base64.b64decode(held['data'][name])\n"
        f"    open({str(tmp_path)!r} + '/' + file, 'wb').write(octets)\n"
    )
    kubectl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    manifest = tmp_path / "secret.json"
    given = settings(tmp_path, front) | {
        "GCTRUST_FRONT_SECRET": "edge/web", "GCTRUST_FRONT_MANIFEST": str(manifest),
    }  # fmt: skip
    for name in ("CERTIFICATE", "KEY", "RELOAD"):
        del given[f"GCTRUST_FRONT_{name}"]
    async with voyage(house, **given) as trip:
        ended = await trip.ended(order(house, "fourth"))
        assert ended.status == "succeeded", told(ended)
    assert stat.S_IMODE(manifest.stat().st_mode) == 0o600
    ssl.PEM_cert_to_DER_cert(first_of(tmp_path / "front.pem") + "-----END CERTIFICATE-----\n")


async def test_settings_that_name_no_place_are_refused(house: Arena, tmp_path: Path) -> None:
    given = {"GCTRUST_DIALECT": "platform", "GCTRUST_FRONT_KEY": str(tmp_path / "k")}
    async with voyage(house) as trip:
        from gctrust.adapters.credentials.own_front import OwnFront

        with pytest.raises(Problem) as caught:
            OwnFront.of(house.settings(**given))
        assert caught.value.code == "tls.front-settings"
        assert trip.app.own_front is None
