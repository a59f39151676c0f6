from __future__ import annotations

from dataclasses import replace

import pytest

from gctrust.pipelines.effects import CertificateFiles, Record, Segment, Wait
from gctrust.pipelines.many import many, waves
from gctrust.pipelines.many_effects import ReadRuns, RunSeen, RunsSeen, RunsStarted, StartRuns
from gctrust.pipelines.orders import CustomDomainOrder, ManyOrder

from .world import World

ITEMS = tuple(
    CustomDomainOrder(f"www{n}.example", CertificateFiles(f"{n}.pem", f"{n}.key"))
    for n in range(11)
)
ORDER = ManyOrder("list", ITEMS, wave=4, canary=2, stop_at=0.25)


def world(failing=(), looks=2, open_elsewhere=()):
    """Runs that end at the second look; those of `failing` end failed."""
    asked: dict[tuple[str, ...], int] = {}

    def started(effect):
        return RunsStarted(
            tuple("" if o.domain in open_elsewhere else o.identity for o in effect.orders)
        )

    def read(effect):
        asked[effect.ids] = asked.get(effect.ids, 0) + 1
        if asked[effect.ids] < looks:
            return RunsSeen(tuple(RunSeen(id_, "open") for id_ in effect.ids))
        bad = [id_.partition(":")[2] in failing for id_ in effect.ids]
        words = ["refused" if one else "succeeded" for one in bad]
        return RunsSeen(tuple(RunSeen(i, w) for i, w in zip(effect.ids, words, strict=True)))

    return World({StartRuns: started, ReadRuns: read})


def begun(w):
    return [len(effect.orders) for effect in w.of(StartRuns)]


def test_the_canary_goes_first_then_waves():
    assert [len(wave) for wave in waves(ORDER)] == [2, 4, 4, 1]
    assert [len(wave) for wave in waves(replace(ORDER, canary=0))] == [4, 4, 3]
    w = world()
    end = w.run(many(ORDER))
    assert begun(w) == [2, 4, 4, 1]
    assert (end.status, end.summary["succeeded"], end.summary["not_begun"]) == ("succeeded", 11, 0)
    assert [record.action for record in w.of(Record)] == ["many.succeeded"]


def test_a_failed_canary_stops_all_the_rest():
    w = world(failing={"www1.example"})
    end = w.run(many(replace(ORDER, stop_at=1.0)))
    assert begun(w) == [2]
    assert (end.status, end.summary["not_begun"]) == ("stopped", 9)
    assert end.summary["failed"] == ["custom-domain:www1.example: refused"]


@pytest.mark.parametrize(
    ("failing", "share", "waves_begun", "status"),
    [
        ({2}, 0.2, 4, "unverified"),  # 1 of 6
        ({2, 3}, 0.25, 2, "stopped"),  # 2 of 6
        ({2, 6, 7}, 0.25, 3, "stopped"),  # 1 of 6, then 3 of 10
        ({2}, 0.0, 2, "stopped"),
        ({2, 3, 4, 5}, 1.0, 4, "unverified"),
        ({10}, 0.0, 4, "unverified"),  # nothing is left to be held back
    ],
)
def test_the_share_of_failures_stops_further_waves(failing, share, waves_begun, status):
    w = world({f"www{n}.example" for n in failing})
    end = w.run(many(replace(ORDER, stop_at=share)))
    assert (len(begun(w)), end.status) == (waves_begun, status)


def test_each_wave_waits_for_its_window():
    w = world()  # its clock begins at 13:46:40 on 1970-01-12
    w.run(many(replace(ORDER, windows=("14:00-14:01",), horizon=9 * 86_400.0)))
    waits = [effect for effect in w.of(Wait) if effect.reason == "the change window"]
    assert [wait.until % 86_400 / 3600 for wait in waits][:1] == [14.0]
    assert len(begun(w)) == 4


def test_no_wave_begins_in_a_freeze():
    w = world()
    w.run(many(replace(ORDER, freezes=("1970-01-12..1970-01-14",))))
    waits = [effect for effect in w.of(Wait) if effect.reason == "the change window"]
    assert waits[0].until == 14 * 86_400.0
    assert len(begun(w)) == 4


def test_what_has_ended_is_not_read_again():
    reads = iter(range(100))

    def read(effect):
        ended = {one: next(reads) > 5 for one in effect.ids}
        return RunsSeen(tuple(RunSeen(i, "succeeded" if e else "open") for i, e in ended.items()))

    w = World(
        {StartRuns: lambda e: RunsStarted(tuple(o.identity for o in e.orders)), ReadRuns: read}
    )
    end = w.run(many(replace(ORDER, items=ITEMS[:4], canary=0)))
    assert end.summary["succeeded"] == 4
    assert [len(effect.ids) for effect in w.of(ReadRuns)] == [4, 4, 2]


def test_a_domain_that_another_run_deploys_counts_as_failed():
    end = world(open_elsewhere={"www5.example"}).run(many(ORDER))
    assert end.summary["failed"] == ["custom-domain:www5.example: other-run-open"]


def test_a_cancel_begins_no_further_wave():
    w = world(looks=5)
    w.signals = {3: "cancel"}
    end = w.run(many(ORDER))
    assert (begun(w), end.status, end.summary["not_begun"]) == ([2], "cancelled", 9)


def test_runs_that_never_end_do_not_hold_it_beyond_its_horizon():
    w = world(looks=10**9)
    end = w.run(many(replace(ORDER, horizon=600.0)))
    assert (end.status, w.now) == ("unverified", 1_000_000.0 + 600)


def test_a_run_cut_at_every_segment_does_and_ends_the_same():
    whole, cut = world({"www7.example"}), world({"www7.example"})
    assert cut.cut(many, ORDER) == whole.run(many(ORDER))
    assert [e for e in cut.done if type(e) is not Segment] == [
        e for e in whole.done if type(e) is not Segment
    ]
