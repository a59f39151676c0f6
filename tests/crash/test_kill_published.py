"""kill -9 under the runs of the published dialect: each ends right, and changed nothing twice.

With GCTRUST_LONG=1 each run dies at every outward change: before it, when the platform answered its
first request or the reload command ran, and after it.
"""

from __future__ import annotations

import asyncio
import base64
import collections
import hashlib
import os
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from published_rounds import CLIENTS, EDGES, NEVER, OKTA, Death, Rounds, first_of, rounds

from gctrust.adapters.store.schema import LEDGER
from gctrust.app import build_app
from gctrust.certs.bundle import read_bundle
from gctrust.certs.key import same_key
from gctrust.pipelines.orders import CustomDomainOrder
from gctrust.pipelines.platform_orders import GatewayOrder, SecretOrder, TrustOrder

LONG = os.environ.get("GCTRUST_LONG") == "1"
OUTWARD = {  # the outward effects of each run, in their order
    "secret": ("MakeSuccessor", "SwitchConsumer", "SetClientState", "RemoveClient"),
    "provider": ("ChangeTrust", "ChangeTrust"),
    "edges": ("ChangeTrust", "ChangeTrust"),
    "front": ("UploadCertificate",),
    "watch": ("WriteGateway", "WriteGateway", "WriteGateway"),
}
RELOADED = {"SwitchConsumer": "secret", "UploadCertificate": "front", "WriteGateway": "gateway"}


def each() -> Iterator[tuple[str, Death]]:
    for kind, effects in OUTWARD.items():
        for n, effect in enumerate(effects):
            number = effects[: n + 1].count(effect)
            yield kind, Death("before", effect, number)
            yield kind, Death("after", effect, number)
            if effect not in RELOADED:
                yield kind, Death("amid", effect, number)
            elif number == 1:
                yield kind, Death("reload", RELOADED[effect])


CHANGES = {  # the requests that a run may change the platform with, and how often
    "secret": {("POST", CLIENTS): 1, ("PUT", f"{CLIENTS}/*"): 1, ("DELETE", f"{CLIENTS}/*"): 1},
    "provider": {("PUT", OKTA): 2},
    "edges": {("POST", EDGES): 1, ("DELETE", f"{EDGES}/*"): 1},
    "front": {},
    "watch": {},
}


def counted(made: Rounds, kinds: Sequence[str]) -> dict[tuple[str, str], int]:
    return {change: made.changes(*change) for kind in kinds for change in CHANGES[kind]}


def killed_and_judged(made: Rounds, deaths: Sequence[tuple[str, Death]]) -> None:
    """The orders of each are given just before its death; then a last worker ends them all."""
    kinds = tuple(kind for words, _ in deaths for kind in words.split())
    orders = [getattr(made, kind)(kind) for kind in kinds]
    made.house.advance(60)
    before, given = counted(made, kinds), 0
    for words, death in deaths:
        given += len(words.split())
        said = made.over(made.started(orders[:given], death))
        assert len(said) < given, f"{words} ended before it could die: {said}"
    said = made.over(made.started(orders, NEVER))
    assert said == ["ended succeeded"] * len(kinds)
    made.house.advance(120)
    told = {change: number - before[change] for change, number in counted(made, kinds).items()}
    assert told == {change: number for kind in kinds for change, number in CHANGES[kind].items()}
    for kind, order in zip(kinds, orders, strict=True):
        JUDGES[kind](made, order)
    asyncio.run(judge_ledger(made, len(kinds)))


def judge_secret(made: Rounds, order: SecretOrder) -> None:
    file = Path(order.file)
    pair = dict(line.split("=", 1) for line in file.read_text().splitlines())
    assert made.token(pair["GENESYS_CLIENT_ID"], pair["GENESYS_CLIENT_SECRET"])
    listed = made.ask("GET", CLIENTS)["entities"]
    states = {one["name"]: one["state"] for one in listed if one["name"].startswith("secret")}
    assert states == {"secret (green)": "active"}
    assert made.changes("POST", f"{CLIENTS}/*") <= 1, "another secret only for one that was lost"
    assert not file.with_name("secret.env.before").exists()


def judge_provider(made: Rounds, order: TrustOrder) -> None:
    held = made.ask("GET", OKTA)
    told = {held.get("certificate"), *held.get("certificates", ())} - {None}
    assert {one.strip() for one in told} == {Path(order.certificate).read_text().strip()}


def judge_edges(made: Rounds, order: TrustOrder) -> None:
    held = [one for one in made.ask("GET", EDGES)["entities"] if one["type"] == "REMOTE"]
    assert [one["certificate"].strip() for one in held] == [
        Path(order.certificate).read_text().strip()
    ]


def judge_front(made: Rounds, order: CustomDomainOrder) -> None:
    home = made.house.home
    assert first_of(home / "front.pem") == first_of(Path(order.files.certificate))
    bundle = read_bundle((home / "front.pem").read_bytes() + (home / "front.key").read_bytes())
    assert same_key(bundle.certificates[0], bundle.keys[0])


def judge_watch(made: Rounds, order: GatewayOrder) -> None:
    """One certificate is pinned, the one that the platform shows now; none was ever refused."""
    assert made.refused == 0
    (line,) = Path(order.pins).read_text().splitlines()
    shown = made.house.control("GET", "/data-actions")[0]
    assert shown["status"] == "Current"
    assert line.split()[0] == pin_of(shown["certificate"])


JUDGES = {
    "secret": judge_secret,
    "provider": judge_provider,
    "edges": judge_edges,
    "front": judge_front,
    "watch": judge_watch,
}


def pin_of(pem: str) -> str:
    return base64.b64encode(hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).digest()).decode()


async def judge_ledger(made: Rounds, runs: int) -> None:
    """It verifies; every intent has one outcome, every run one end."""
    async with build_app(made.house.settings()) as app:
        assert app.ledger.verify().findings == ()
        with app.store.read() as connection:
            slots = connection.execute(sa.select(LEDGER.c.run, LEDGER.c.slot)).all()
        entries = app.ledger.entries()
    kept = [slot for slot in slots if slot.slot]
    assert len(kept) == len(set(kept)), "an entry was written twice"
    told = collections.Counter((entry.run, entry.action) for entry in entries)
    ends = {run: number for (run, action), number in told.items() if action.endswith(".succeeded")}
    assert list(ends.values()) == [1] * runs
    for (run, action), number in told.items():
        if action.endswith(".intended"):
            word = action.removesuffix(".intended")
            assert number == told[run, f"{word}.done"] + told[run, f"{word}.failed"], action


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Rounds]:
    with rounds(tmp_path) as made:
        yield made


def test_each_dies_at_a_change_of_its_own_and_at_those_of_the_others(made: Rounds) -> None:
    deaths = (
        ("front", Death("after", "UploadCertificate")),
        ("watch", Death("reload", "gateway")),
        ("provider edges", Death("amid", "ChangeTrust")),
        ("secret", Death("amid", "MakeSuccessor")),
    )
    killed_and_judged(made, deaths)


@pytest.mark.skipif(not LONG, reason="GCTRUST_LONG=1 dies at every outward change")
@pytest.mark.parametrize(("kind", "death"), list(each()), ids=str)
def test_dies_at_every_change(made: Rounds, kind: str, death: Death) -> None:
    made.cut_off = True
    killed_and_judged(made, [(kind, death)])
