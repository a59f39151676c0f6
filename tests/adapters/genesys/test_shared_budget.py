"""Budget and circuit of several processes: one row in the store, on both databases."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
import sqlalchemy as sa
from box import Sandbox

from gctrust.adapters.genesys.breaker import FAILURES_TO_OPEN, Breaker
from gctrust.adapters.genesys.caller import A_PERSON, Caller, Priority, calling_for
from gctrust.adapters.genesys.circuit import Circuit
from gctrust.adapters.genesys.client import GenesysClient
from gctrust.adapters.genesys.limiter import Budget, Slot, Told
from gctrust.adapters.genesys.oauth import Credentials
from gctrust.adapters.genesys.regions import PlatformAddress
from gctrust.adapters.genesys.shared import Shared, Where
from gctrust.adapters.genesys.turnstile import CUT_OFF_SLOW, TooLong, Turnstile
from gctrust.adapters.store.schema import REQUEST_BUDGETS
from gctrust.adapters.store.shared_rows import SharedRows
from gctrust.adapters.store.store import Store
from gctrust.errors import Problem
from gctrust.secret import Secret

T0 = 1_800_000_000.0
LONG = os.environ.get("GCTRUST_LONG") == "1"
PROGRAM = str(Path(__file__).with_name("sharer.py"))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path | str:
    """Where a store lies that these tests share; each has an identity of its own."""
    if request.param == "sqlite":
        return tmp_path_factory.mktemp("budget") / "store.db"
    url = sa.make_url(request.getfixturevalue("postgres")).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE budget")
    engine.dispose()
    return url.set(database="budget").render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def store(place: Path | str) -> Iterator[Store]:
    store = Store(place, "sandbox")
    yield store
    store.close()


@pytest.fixture
def identity() -> str:
    return uuid4().hex


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def shared_budget(store, threads, identity, away=0.0):
    rows = SharedRows(store, virtual_time=True)
    return Shared("request_budgets", identity, Budget(), lambda: rows, threads, away)


def clients(platform, clock, stores, identity):
    """One for each store object, as processes have them; all with the same client id."""
    address = PlatformAddress.parse(f"127.0.0.1:{platform.port}")
    for store in stores:
        rows = SharedRows(store, virtual_time=True)
        credentials = Credentials(identity, Secret("s3cret-tell-tale"))
        yield GenesysClient(address, credentials, clock, rows=lambda rows=rows: rows)


DOMAIN = {"id": "d1", "domain": "x.example", "status": "pending", "verification": []}


async def test_the_row_goes_round_through_the_store(store, threads, identity):
    """What one process writes another reads, whole; a text of a newer release is no hindrance."""
    mine, yours = shared_budget(store, threads, identity), shared_budget(store, threads, identity)
    budget, lease = Budget().lease(T0, "p", (0, 1, 0))
    told = Told(1, 300, T0 + 59, T0 + 60)
    budget = budget.told(told, lease.slots[0]).lease(T0 + 1, "p", (0, 900, 3))[0]
    await mine.change(lambda _, __: (budget, None))
    assert await yours.change(lambda state, _: (state, state)) == budget
    rows = SharedRows(store, virtual_time=True)
    rows.change("request_budgets", identity, lambda text, _: (text[:-1] + ',"newer":1}', None))
    assert await yours.change(lambda state, _: (state, state)) == budget
    rows.change("request_budgets", identity, lambda *_: ("no JSON", None))
    assert await yours.change(lambda state, _: (state, state)) == Budget()


def granted(store, identity):
    query = sa.select(REQUEST_BUDGETS.c.state).where(REQUEST_BUDGETS.c.identity == identity)
    with store.read() as connection:
        state = connection.execute(query).scalar()
    return json.loads(state)["granted"] if state else 0


def sharer(place, identity, count):
    command = [sys.executable, PROGRAM, str(place), identity, str(count)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begins\n"
    return process


def test_two_processes_on_one_store_spend_one_budget_to_the_last_request(place, store, identity):
    both = [sharer(place, identity, 350) for _ in range(2)]
    told = [json.loads(process.communicate(timeout=60)[0]) for process in both]
    slots = [tuple(slot) for one in told for slot in one["slots"]]
    assert len(set(slots)) == len(slots) >= 700  # no slot was given twice
    counts = sum((Counter(one["windows"]) for one in told), Counter())
    assert [counts[window] for window in sorted(counts)[:-1]] == [300] * (len(counts) - 1)


def test_a_killed_process_takes_its_lease_with_it_and_nothing_more(place, store, identity):
    doomed = sharer(place, identity, 20_000)
    deadline = time.monotonic() + 20
    while granted(store, identity) < 50:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    doomed.kill()
    doomed.communicate()
    told = json.loads(sharer(place, identity, 700).communicate(timeout=60)[0])
    windows = sorted(told["windows"].items())
    assert [count for _, count in windows[1:-1]] == [300] * (len(windows) - 2)
    assert len(windows) >= 3


async def test_a_429_pauses_the_others_too(platform, clock, reply, store, identity):
    platform.script = [reply(429, {}, {"Retry-After": "40"})]
    one, other = clients(platform, clock, (store, store), identity)
    with pytest.raises(Problem, match="rate-limited"):
        await one.get_email_domain("d1")
    platform.script = [reply(200, DOMAIN)]
    with pytest.raises(Problem) as refused:
        await other.get_email_domain("d1")
    assert refused.value.code == "genesys.rate-limited"
    assert refused.value.retry_at >= T0 + 40
    clock.at = refused.value.retry_at
    assert (await other.get_email_domain("d1")).id == "d1"
    await one.close()
    await other.close()


def test_the_clock_of_all_is_the_databases_where_machines_may_differ(store, identity):
    """Each adds what its own clock lacks; in a sandbox, and on one machine, that is nothing."""
    for virtual_time in (False, True):
        rows = SharedRows(store, virtual_time=virtual_time)
        skew = rows.change("circuits", identity, lambda _, skew: ("{}", skew))
        assert (skew != 0.0) == (store.shared and not virtual_time)
        assert abs(skew) < 5.0  # the database is this machine's


async def test_a_clock_that_is_an_hour_wrong_gets_the_same_slots(clock, threads):
    """`where` is as SharedRows tells it: the state's instants are those of the shared clock."""
    clock.at = T0 + 3600
    shared = Shared("request_budgets", "id", Budget(), lambda: None, threads)
    shared.where = Where(skew=-3600.0)
    full = Told(300, 300, T0 + 9, T0 + 10)
    await shared.change(lambda b, _: (b.told(full, Slot(T0, 0, 1)), None))
    turnstile = Turnstile(clock, shared, clock.sleep_until)
    slot = await asyncio.wait_for(turnstile.enter(A_PERSON, 300.0), 5)
    assert T0 + 3610 <= slot.at <= T0 + 3611
    assert shared.own.ends_by == T0 + 70
    await turnstile.close()


async def test_an_open_circuit_is_everybodys_and_one_probe_goes_through(
    store, threads, clock, identity
):
    rows = SharedRows(store, virtual_time=True)

    def circuit():
        shared = Shared("circuits", identity, Breaker("http://h"), lambda: rows, threads)
        return Circuit(clock, shared)

    mine, yours, third = circuit(), circuit(), circuit()
    for n in range(FAILURES_TO_OPEN):
        await (mine, yours)[n % 2].answered(well=False)
    with pytest.raises(Problem) as refused:
        await third.enter("x")
    assert refused.value.code == "genesys.circuit-open"
    clock.at = refused.value.retry_at
    entered = await asyncio.gather(
        *(one.enter("x") for one in (mine, yours, third)), return_exceptions=True
    )
    assert sum(result is None for result in entered) == 1
    await mine.answered(well=True)
    await third.enter("x")
    assert third.breaker.state(clock.now()) == "closed"


async def test_a_store_that_is_gone_leaves_each_alone_slow_and_told(
    store, threads, caplog, identity
):
    """And found again, it is used again."""
    shared = shared_budget(store, threads, identity)
    told = Told(1, 300, T0 + 59, T0 + 60)

    def lease(budget, where):
        slow = CUT_OFF_SLOW if where.cut_off else 1
        return budget.lease(T0 + 20, "p", (0, 300, 0), slow)

    await shared.change(lambda _, __: (Budget(allowed=300).told(told, Slot(T0, 0, 1)), None))
    together = await shared.change(lambda b, w: (b, lease(b, w)[1]))
    with store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE request_budgets RENAME TO away")
    with caplog.at_level(logging.WARNING):
        alone = await shared.change(lambda b, w: (b, lease(b, w)[1]))
        await shared.change(lambda b, w: (b, lease(b, w)[1]))
    assert 0 < len(alone.slots) <= len(together.slots) / 2
    assert [record.message for record in caplog.records if "alone" in record.message] != []
    assert len([r for r in caplog.records if "alone" in r.message]) == 1
    with store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO request_budgets")
    again = await shared.change(lambda b, w: (b, (w.cut_off, lease(b, w)[1])))
    assert again == (False, together)


async def test_the_urgent_go_first_though_they_came_last(clock, threads):
    """At a turnstile whose window has only begun to have slots again."""
    shared = Shared("request_budgets", "id", Budget(), lambda: None, threads)
    full = Told(300, 300, T0 + 9, T0 + 10)
    await shared.change(lambda b, _: (b.told(full, Slot(T0, 0, 1)), None))
    turnstile, order = Turnstile(clock, shared, clock.sleep_until), []

    async def call(run, priority):
        await turnstile.enter(Caller(run, priority), 300.0)
        order.append(run)

    calls = [call(f"bulk{n}", Priority.BACKGROUND) for n in range(3)]
    calls += [call("journey", Priority.JOURNEY), call("rotation", Priority.ROTATION)]
    await asyncio.wait_for(asyncio.gather(*calls), 5)
    assert order == ["rotation", "journey", "bulk0", "bulk1", "bulk2"]
    await turnstile.close()


class LeapingClock:
    """A clock too fast for its machine: each look at it takes some of its seconds."""

    def __init__(self, seconds):
        self.at, self.seconds = T0, seconds

    def now(self):
        self.at += self.seconds
        return self.at

    async def pause(self, at):
        self.at = max(self.at, at)


@pytest.mark.parametrize(("seconds", "rest"), [(2.0, 22), (5.0, 20), (14.0, 12)])
async def test_a_budget_that_is_not_used_sends_nobody_away(threads, seconds, rest):
    """Slots come due unused while the machine is slow: that is no limit of the platform's."""
    clock = LeapingClock(seconds)
    shared = Shared("request_budgets", "id", Budget(), lambda: None, threads)
    first = Told(1, 300, T0 + rest - 1, T0 + rest)
    await shared.change(lambda b, _: (b.told(first, Slot(T0, 0, 1)), None))
    turnstile = Turnstile(clock, shared, clock.pause)
    crowd = asyncio.gather(*(turnstile.enter(A_PERSON, 30.0) for _ in range(40)))
    assert len(await asyncio.wait_for(crowd, 10)) == 40
    await turnstile.close()


async def test_who_was_served_is_not_remembered(threads):
    """A worker asks for months, and may never be refused."""
    clock = LeapingClock(0.2)
    turnstile = Turnstile(
        clock, Shared("request_budgets", "id", Budget(), lambda: None, threads), clock.pause
    )
    for n in range(50):
        await asyncio.wait_for(turnstile.enter(Caller(f"run{n}"), 300.0), 5)
    assert len(turnstile._deadlines) < 5
    await turnstile.close()


async def test_a_used_budget_sends_away_who_will_not_wait_for_the_next(clock, threads):
    shared = Shared("request_budgets", "id", Budget(), lambda: None, threads)
    full = Told(300, 300, T0 + 49, T0 + 50)
    await shared.change(lambda b, _: (b.told(full, Slot(T0, 0, 1)), None))
    turnstile = Turnstile(clock, shared, clock.sleep_until)
    with pytest.raises(TooLong) as refused:
        await asyncio.wait_for(turnstile.enter(A_PERSON, 30.0), 5)
    assert refused.value.at >= T0 + 50
    await turnstile.close()


async def test_a_wait_that_is_given_up_costs_no_slot(clock, threads):
    shared = Shared("request_budgets", "id", Budget(), lambda: None, threads)
    gate = asyncio.Event()

    async def pause(at):
        await gate.wait()
        clock.at = max(clock.at, at)

    await shared.change(lambda b, _: (b.paused(clock.at + 5), None))
    turnstile = Turnstile(clock, shared, pause)
    given_up = asyncio.create_task(turnstile.enter(Caller("a"), 300.0))
    stays = asyncio.create_task(turnstile.enter(Caller("b"), 300.0))
    await asyncio.sleep(0.01)
    given_up.cancel()
    gate.set()
    assert isinstance(await asyncio.wait_for(stays, 5), Slot)
    assert shared.own.granted == 1
    await turnstile.close()


async def test_after_a_long_wait_a_run_is_asked_whether_it_is_still_driven_here(
    platform, client, clock, reply
):
    """A worker that hung while it waited for its slot must not send any more."""
    full = {"count": "300", "allowed": "300", "reset": "1.8"}
    platform.script = [
        reply(200, DOMAIN, {f"inin-ratelimit-{name}": text for name, text in full.items()}),
        reply(200, DOMAIN),
    ]
    asked = []

    async def still_allowed():
        asked.append(len(platform.calls))

    with calling_for("r", "email-domain", still_allowed):
        await client.get_email_domain("d1")
        assert asked == []
        clock.slow = True
        await client.get_email_domain("d1")
    assert asked == [1]


ALLOWED, MINUTE = 60, 60.0
PATH = "/api/v2/organization/emaildomains"


class SteppedClock:
    """The sandbox's clock, moved to the next instant a turnstile waits for when both wait and no
    request is under way: what the machine needs for its work is no part of it."""

    def __init__(self, control):
        self.control, self.under_way, self.sleepers = control, 0, []
        self.at = control("POST", "/clock", {"freeze": True})["now"]

    def now(self):
        return self.at

    async def sleep_until(self, at):
        woken = asyncio.Event()
        self.sleepers.append((at, woken))
        await woken.wait()

    async def run(self):
        quiet = 0
        while True:
            await asyncio.sleep(0.001)
            quiet = quiet + 1 if len(self.sleepers) == 2 and not self.under_way else 0
            if quiet == 3:
                order = {"to": min(at for at, _ in self.sleepers)}
                self.at = (await asyncio.to_thread(self.control, "POST", "/clock", order))["now"]
                for at, woken in self.sleepers:
                    if at <= self.at:
                        woken.set()
                self.sleepers = [s for s in self.sleepers if not s[1].is_set()]
                quiet = 0


@pytest.fixture
def sandbox(tmp_path):
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps({"limits": {"perMinute": ALLOWED, "perClient": True}}))
    sandbox = Sandbox(tmp_path, "--seed", str(seed))
    yield sandbox
    sandbox.end()


async def test_two_turnstiles_use_a_real_sandboxs_windows_to_the_end(
    place, store, sandbox, threads, identity
):
    """One client, a token each; counted by the sandbox's own journal: 98 % of each window, no
    answer 429."""
    if store.shared and not LONG:
        pytest.skip("the same on PostgreSQL: GCTRUST_LONG=1")
    clock, addresses = SteppedClock(sandbox.control), sandbox.addresses
    over = clock.at + 3 * MINUTE
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
        pair = addresses["client_id"], addresses["client_secret"]
        form = {"grant_type": "client_credentials"}

        async def log_in():
            answer = await http.post(addresses["login"] + "/oauth/token", data=form, auth=pair)
            return {"Authorization": f"Bearer {answer.json()['access_token']}"}

        async def calls(turnstile, bearer):
            while clock.at < over:
                slot = await turnstile.enter(A_PERSON, 100.0)
                clock.under_way += 1
                sent = clock.at
                answer = await http.get(addresses["api"] + PATH, headers=bearer)
                told.append(Told.of(answer.headers, sent, clock.at))
                turnstile.told(told[-1], slot)
                clock.under_way -= 1

        second = Store(place, "sandbox")
        turnstiles = [
            Turnstile(clock, shared_budget(one, threads, identity), clock.sleep_until)
            for one in (store, second)
        ]
        ticking = asyncio.create_task(clock.run())
        tokens, told = [await log_in() for _ in turnstiles], []
        crowd = [
            asyncio.create_task(calls(*each))
            for each in zip(turnstiles, tokens, strict=True)
            for _ in range(4)
        ]
        await asyncio.wait(crowd, return_when=asyncio.FIRST_COMPLETED)
        for task in (ticking, *crowd):
            task.cancel()
        for one in turnstiles:
            await one.close()
        second.close()
    ours = [entry for entry in sandbox.control("GET", "/journal") if entry["path"] == PATH]
    assert {entry["status"] for entry in ours} == {200}
    assert max(one.count for one in told) >= 0.98 * ALLOWED, "the sandbox counts both tokens"
    counts = Counter(int(entry["time"] // MINUTE) for entry in ours)
    whole = sorted(counts)[1:3]  # three minutes have two whole ones in them
    assert len(whole) == 2
    assert all(0.98 * ALLOWED <= counts[window] <= ALLOWED for window in whole), counts


@pytest.mark.skipif(not LONG, reason="1,000 domains: GCTRUST_LONG=1")
def test_a_thousand_domains_on_two_workers() -> None:
    """The figure itself, as `make bench-durable` prints it."""
    program = Path(__file__).parents[3] / "bench" / "durable" / "budget.py"
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "MISSED" not in done.stdout, done.stdout
