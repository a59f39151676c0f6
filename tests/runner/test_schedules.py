"""Schedules on a real store: each instant once, whoever looks; results kept; told on changes."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from test_runner import running, until
from tiny import HandClock, House

from gctrust.adapters.store.changes import Change
from gctrust.adapters.store.lease import Lease
from gctrust.adapters.store.schema import RUNS, TURNS
from gctrust.adapters.webhooks.endpoints import Target
from gctrust.errors import Problem
from gctrust.pipelines.check_effects import KeepLook, Kept, LookAt, Looked
from gctrust.pipelines.scheduled_check import DAY, scheduled_check
from gctrust.runner.codec import Codec
from gctrust.runner.runs import Runs
from gctrust.runner.schedules import Scheduler, Schedules


def schedules_of(house):
    return Schedules(house.store, Runs(house.store, Codec(), house.clock), lambda: house.ledger)


def looking(house, seen):
    """Sees what `seen` says of a subject."""

    async def perform(effect):
        if isinstance(effect, KeepLook):
            told = (effect.kind, effect.subject, effect.result, effect.at)
            schedules_of(house).keep(*told)
            return Kept()
        assert isinstance(effect, LookAt)
        return seen[effect.subject]

    return house.runner(perform, {"check": scheduled_check})


async def test_a_look_is_ordered_kept_and_told_when_it_changes(tmp_path):
    house = House(tmp_path, HandClock(), Target("http://127.0.0.1:9/", allow_private=True))
    seen = {"d.example": Looked()}
    schedules = schedules_of(house)
    schedules.add("domain", "d.example")
    begun = house.clock.at
    async with running(looking(house, seen)) as runner:
        for turn, ids in enumerate([(), (), ("spf.a",), ("spf.a",)]):
            seen["d.example"] = Looked(ids=ids)
            (run,) = schedules.order_due()
            assert (await runner.await_end(run, 10)).status == "succeeded"
            assert schedules.order_due() == (), "this instant had its turn"
            (one,) = schedules.all()
            assert (one.result, one.looked) == ("spf.a" if ids else "fine", house.clock.at)
            assert one.due > house.clock.at
            assert run == f"check:domain:d.example@{turn + 1}"
            house.clock.at = one.due
        assert one.changed == pytest.approx(begun + 2 * 3600.0)
    drifted = house.ledger.entries(action="check.domain.drifted")
    assert [entry.data["changed"] for entry in drifted] == [["+spf.a"]]
    assert [row.event for row in house.outbox.rows()] == ["domain.drifted"]


async def test_what_was_missed_is_made_up_by_one_look(tmp_path):
    house = House(tmp_path, HandClock())
    schedules = schedules_of(house)
    schedules.add("expiry", "h.example")
    async with running(looking(house, {"h.example": Looked(house.clock.at + 200 * DAY)})) as runner:
        for later in (0.0, 40 * DAY):
            house.clock.at += later
            (run,) = schedules.order_due()
            assert schedules.order_due() == ()
            await runner.await_end(run, 10)


@pytest.mark.parametrize("count", [4])
def test_many_look_at_once_and_each_turn_is_one(tmp_path, count):
    house = House(tmp_path, HandClock())
    for n in range(20):
        schedules_of(house).add("domain", f"{n}.example")
    threads = [
        threading.Thread(target=lambda: schedules_of(House(tmp_path, house.clock)).order_due())
        for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with house.store.read() as connection:
        for table in (RUNS, TURNS):
            assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() == 20


async def test_of_several_processes_one_looks(tmp_path):
    house = House(tmp_path, HandClock())
    first, second = (
        Scheduler(schedules_of(house), Lease(house.store, name, name="schedules"))
        for name in ("first", "second")
    )
    schedules_of(house).add("domain", "d.example")
    async with first:
        await until(lambda: first.lease.epoch)
        assert second.look() == ()
        assert second.lease.epoch == 0
    house.clock.at += DAY
    assert len(second.look()) == 1, "the first has left"


def test_added_twice_at_one_instant_it_has_one_turn_and_goes_on(tmp_path):
    house = House(tmp_path, HandClock())
    schedules = schedules_of(house)
    for turns in (1, 0):
        schedules.add("domain", "d.example")
        assert len(schedules.order_due()) == turns
    (one,) = schedules.all()
    assert one.due > house.clock.at


def test_one_that_hung_since_it_saw_what_is_due_orders_nothing_again(tmp_path):
    house, hung = House(tmp_path, HandClock()), House(tmp_path)
    schedules = schedules_of(house)
    schedules.add("domain", "d.example")
    schedules.add("domain", "e.example")
    hangs, wakes = threading.Event(), threading.Event()
    reads = iter((True, True))  # what has succeeded, what is due; then it would write

    @event.listens_for(hung.store.engine, "checkout")
    def before_it_writes(*_):
        if not next(reads, False):
            hangs.set()
            assert wakes.wait(20)

    hung.clock = house.clock
    ordered = []
    thread = threading.Thread(target=lambda: ordered.append(schedules_of(hung).order_due()))
    thread.start()
    assert hangs.wait(20)
    runs = schedules.order_due()
    with house.store.write() as connection:  # the checks have ended: no open run to join
        connection.execute(sa.update(RUNS).values(ended=1.0, status="succeeded"))
    wakes.set()
    thread.join()
    assert (len(runs), ordered) == (2, [()])
    with house.store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(RUNS)).scalar() == 2


def test_what_succeeded_is_watched_and_what_is_removed_stays_removed(tmp_path):
    house = House(tmp_path, HandClock())
    schedules = schedules_of(house)
    row = {"order": "{}", "started": 0.0, "horizon": 1.0, "ended": 1.0}
    runs = [
        ("custom-domain:www.example.com", 1, "succeeded"),
        ("custom-domain:www.example.com", 2, "succeeded"),
        ("email-domain:mail.example.com", 1, "succeeded"),
        ("email-domain:bad.example.com", 1, "unverified"),
        ("pin-rotation:client", 1, "succeeded"),
    ]
    with house.store.write() as connection:
        for identity, generation, status in runs:
            own = {"id": f"{identity}@{generation}", "journey": identity.partition(":")[0]}
            own |= {"identity": identity, "generation": generation, "status": status}
            connection.execute(sa.insert(RUNS).values({**row, **own}))
    assert len(schedules.order_due()) == 2
    assert {one.id for one in schedules.all()} == {
        "expiry:www.example.com",
        "domain:mail.example.com",
    }
    schedules.turn("expiry:www.example.com", "removed", Change("os:ann", "sold", "CHG-4"))
    schedules.turn("domain:mail.example.com", "paused")
    house.clock.at += 30 * DAY
    assert schedules.order_due() == ()
    assert [one.id for one in schedules.all()] == ["domain:mail.example.com"]
    for id_ in ("expiry:www.example.com", "nothing"):
        with pytest.raises(Problem, match=r"schedules\.no-such-schedule"):
            schedules.turn(id_, "active")
    schedules.turn("domain:mail.example.com", "active")
    assert len(schedules.order_due()) == 1
    schedules.add("expiry", "www.example.com", every=60.0)
    assert len(schedules.all()) == 2
    schedules.add("expiry", "www.example.com", every=90.0, by=Change("os:bob"))
    told = [e for e in house.ledger.entries() if e.action.startswith("schedule.")]
    assert [(e.action, e.entity, e.actor, dict(e.data)) for e in told] == [
        (
            "schedule.removed",
            "expiry:www.example.com",
            "os:ann",
            {"reason": "sold", "ticket": "CHG-4"},
        ),
        ("schedule.paused", "domain:mail.example.com", "tester", {}),
        ("schedule.resumed", "domain:mail.example.com", "tester", {}),
        ("schedule.added", "expiry:www.example.com", "tester", {"every_seconds": 60.0}),
        ("schedule.changed", "expiry:www.example.com", "os:bob", {"every_seconds": 90.0}),
    ]
    assert house.ledger.verify().findings == ()


class Stumbling(Scheduler):
    """Its first look ends in what nobody thought of."""

    stumbled = False

    def look(self):
        if not self.stumbled:
            self.stumbled = True
            raise RuntimeError("the pool of connections is used up")
        return super().look()


async def test_a_defect_ends_no_scheduler(tmp_path):
    house = House(tmp_path, HandClock())
    schedules_of(house).add("domain", "d.example")
    async with Stumbling(schedules_of(house), Lease(house.store, "one", name="schedules")):
        await until(house.runner().list_runs)


def test_all_that_succeeded_is_read_once_in_a_while(tmp_path):
    house, read = House(tmp_path, HandClock()), []
    scheduler = Scheduler(schedules_of(house), Lease(house.store, "one", name="schedules"))
    event.listen(
        house.store.engine,
        "before_cursor_execute",
        lambda _c, _u, statement, *_: read.append("FROM runs" in statement),
    )
    for _ in range(3):
        scheduler.look()
    assert read.count(True) == 1
