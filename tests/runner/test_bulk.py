"""Many orders as rows: all in one transaction, none twice, each told as it stands."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from test_runner import running
from tiny import House, SystemClock, TinyOrder, appender, tiny

from gctrust.adapters.store.changes import Change
from gctrust.adapters.store.schema import RUNS
from gctrust.adapters.store.store import Store
from gctrust.pipelines.effects import CertificateFiles, Effect
from gctrust.pipelines.many import many
from gctrust.pipelines.many_effects import ReadRuns, StartRuns
from gctrust.pipelines.orders import CustomDomainOrder, EmailDomainOrder, ManyOrder, RunEnd
from gctrust.runner.bulk import Bulk
from gctrust.runner.codec import Codec
from gctrust.runner.perform_many import ManyPerformer
from gctrust.runner.runs import Runs

MAIL = tuple(EmailDomainOrder(f"d{n}.example") for n in range(1200))
WEB = CustomDomainOrder("www.example", CertificateFiles("a.pem", "a.key"))


@pytest.fixture
def bulk(tmp_path: Path) -> Iterator[Bulk]:
    store = Store(tmp_path / "store.db")
    yield Bulk(Runs(store, Codec(), SystemClock()))
    store.close()


def count(bulk: Bulk) -> int:
    with bulk.runs.store.read() as connection:
        query = sa.select(sa.func.count()).select_from(RUNS)
        return int(connection.execute(query).scalar_one())


def test_ordering_twice_is_ordering_once(bulk: Bulk) -> None:
    ids = bulk.submit(MAIL)
    assert len(set(ids)) == len(MAIL)
    assert bulk.submit(MAIL) == ids
    assert count(bulk) == len(MAIL)


def test_processes_that_order_the_same_at_once_share_its_runs(bulk: Bulk) -> None:
    with ThreadPoolExecutor(4) as threads:
        told = list(threads.map(lambda _: bulk.submit(MAIL[:300]), range(4)))
    assert len(set(told)) == 1
    assert count(bulk) == 300


def test_all_are_ordered_or_none(bulk: Bulk) -> None:
    class Broken(EmailDomainOrder):
        """The codec stores no class that it does not know."""

    with pytest.raises(TypeError):
        bulk.submit((*MAIL[:10], Broken("late.example")))
    assert count(bulk) == 0


def test_an_open_run_with_other_files_is_not_joined(bulk: Bulk) -> None:
    (run,) = bulk.submit((WEB,))
    other = replace(WEB, files=CertificateFiles("b.pem", "b.key"))
    assert bulk.submit((other, MAIL[0])) == ("", "email-domain:d0.example@1")
    assert bulk.submit((replace(WEB, handshakes=7),)) == (run,)


def test_items_are_told_as_they_stand(bulk: Bulk) -> None:
    order = ManyOrder("list", (*MAIL[:3], replace(WEB, files=CertificateFiles("c.pem"))))
    begun = bulk.runs.clock.now()
    bulk.runs.ended(bulk.submit(MAIL[:1])[0], RunEnd("succeeded"))
    bulk.submit((MAIL[1], WEB))
    states = [(one.number, one.status) for one in bulk.items(order, begun)]
    assert states == [(1, "succeeded"), (2, "open"), (3, "not-begun"), (4, "other-run-open")]
    later = bulk.items(order, bulk.runs.clock.now() + 1)
    assert later[0].status == "not-begun", "what had ended before was not this order's"


def test_what_succeeded_is_left_out_while_it_is_the_very_same(bulk: Bulk) -> None:
    def still(_item: object, _end: RunEnd) -> bool:
        return True

    one, two, three = bulk.submit(MAIL[:3])
    bulk.runs.ended(one, RunEnd("succeeded"))
    bulk.runs.ended(two, RunEnd("unverified"))
    assert three
    assert bulk.done_before(MAIL[:4], still) == {MAIL[0].identity}
    assert bulk.done_before(MAIL[:4], lambda _item, _end: False) == frozenset()
    changed = replace(MAIL[0], selectors=("other",))
    assert bulk.done_before((changed,), still) == frozenset()
    longer = replace(MAIL[0], horizon=7.0)
    assert bulk.done_before((longer,), still) == {MAIL[0].identity}


async def test_the_runs_of_many_tell_who_ordered_the_many_and_why(tmp_path: Path) -> None:
    house = House(tmp_path)
    performer, append = ManyPerformer(Bulk(house.runner().runs)), appender(house.file)

    async def perform(effect: Effect[Any]) -> object:
        match effect:
            case StartRuns():
                return await performer.start(effect)
            case ReadRuns():
                return await performer.read(effect)
        return await append(effect)

    by = Change("token:ana", "renewal of spring", "CHG-7")
    order = ManyOrder("two", (TinyOrder("one", 1, 0.0), TinyOrder("two", 1, 0.0)), canary=0)
    async with running(house.runner(perform, {"many": many, "tiny": tiny})) as runner:
        end = await runner.await_end(runner.submit(order, by), 20)
    assert end is not None
    assert end.status == "succeeded"
    told = house.ledger.entries(action="append-line.done")
    assert [(e.actor, e.data["reason"], e.data["ticket"]) for e in told] == [
        (by.actor, by.reason, by.ticket)
    ] * 2
