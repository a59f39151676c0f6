from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from itertools import pairwise

import pytest

from gctrust.errors import Problem, ProblemType
from gctrust.pipelines.effect import Undone
from gctrust.pipelines.effects import (
    AssessFiles,
    CertificateAssessment,
    CertificateFiles,
    Instant,
    Now,
    Record,
    Segment,
    Wait,
)
from gctrust.pipelines.orders import PinRotationOrder
from gctrust.pipelines.pin_effects import (
    ClientPins,
    ClientTarget,
    ComputePins,
    PinProbe,
    PinsOfFiles,
    PinUse,
    PinUsed,
    ProbePins,
    ReadPins,
    ReadPinUse,
    SwitchClient,
    Switched,
    WritePins,
)
from gctrust.pipelines.pin_rotation import pin_rotation

from .world import World


def b64(seed: str) -> str:
    return base64.b64encode(hashlib.sha256(seed.encode()).digest()).decode()


OLD, NEW, BACKUP = b64("old"), b64("new"), b64("backup")
BEFORE = ClientPins("c1", '"1"', True, "certificate", primary=OLD)
FILES = PinsOfFiles(NEW, OLD, BACKUP, "certificate", 0.0, 9e9, 0.0, 9e9, False, use_source="log")
GOOD = CertificateAssessment((), (), True, "CN=c", 0.0, 9e9, "ab" * 32, "cd" * 32)
ORDER = PinRotationOrder(
    "c1",
    "svc",
    CertificateFiles("new.pem", "new.key"),
    CertificateFiles("old.pem", "old.key"),
    "backup.pem",
)
CLEAN = PinProbe(1000, 0, 0)


class Platform:
    """Holds the pins as a platform would; a write needs the etag of the last answer."""

    def __init__(self) -> None:
        self.live = BEFORE
        self.history: list[tuple[str, ...]] = []

    def read(self, _: ReadPins) -> ClientPins:
        return self.live

    def write(self, effect: WritePins) -> ClientPins:
        assert effect.etag == self.live.etag
        etag = f'"{len(self.history) + 2}"'
        self.live = replace(
            self.live,
            etag=etag,
            primary=effect.primary,
            fallback=effect.fallback,
            backup=effect.backup,
        )
        self.history.append(self.live.pins)
        return self.live


def quiet(w: World, effect: ReadPinUse) -> PinUse:
    """A log in which only our own handshakes since the last wait are seen."""
    waits = [n for n, done in enumerate(w.done) if isinstance(done, Wait)]
    since = w.done[waits[-1] if waits else 0 :]
    ours = sum(isinstance(done, ProbePins) for done in since)
    return PinUse("log", w.now, (PinUsed(NEW, ours, 0, w.now),))


def world(platform: Platform, probe: object = CLEAN, pins: object = FILES) -> World:
    w = World(
        {
            SwitchClient: lambda effect: Switched(effect.pin, True, False),
            ReadPins: platform.read,
            AssessFiles: GOOD,
            ComputePins: pins,
            WritePins: platform.write,
            ProbePins: probe,
        }
    )
    w.answers[ReadPinUse] = lambda effect: quiet(w, effect)
    return w


def test_the_new_pin_is_published_beside_the_old_one_and_the_old_one_goes_last():
    platform = Platform()
    end = world(platform).run(pin_rotation(ORDER))
    assert end.status == "succeeded"
    assert platform.history == [(NEW, OLD, BACKUP), (NEW, BACKUP)]
    assert end.summary["pinMatchSample"] == 1000
    assert 0.997 <= float(str(end.summary["pinMatchLowerBound"])) < 1.0


def test_both_certificates_are_seen_accepted_before_the_drain():
    w = world(Platform())
    w.run(pin_rotation(ORDER))
    assert [p.files.certificate for p in w.of(ProbePins)][:2] == ["new.pem", "old.pem"]


def test_a_replica_that_refuses_the_new_pin_keeps_the_old_one_until_it_converges():
    platform = Platform()
    end = world(platform, [PinProbe(900, 100, 0), PinProbe(999, 1, 0), CLEAN]).run(
        pin_rotation(ORDER)
    )
    assert end.status == "succeeded"
    assert OLD in platform.history[0]


def test_one_that_never_converges_is_rolled_back_to_the_set_of_before():
    platform = Platform()
    end = world(platform, PinProbe(300, 100, 0)).run(pin_rotation(ORDER))
    assert end.status == "rolled-back"
    assert platform.live.pins == (OLD,)
    assert "pin.match-rate-low" in {found.rule for found in end.findings}


def test_failures_before_the_certificate_do_not_count_as_a_sample():
    end = world(Platform(), PinProbe(0, 0, 400)).run(pin_rotation(ORDER))
    assert end.status == "rolled-back"
    assert end.summary["pinMatchRate"] is None


def test_without_a_backup_pin_it_is_refused_until_allowed_by_name():
    no_backup = replace(FILES, backup="")
    platform = Platform()
    assert world(platform, pins=no_backup).run(pin_rotation(ORDER)).status == "refused"
    assert platform.history == []
    allowed = replace(ORDER, allow=("pin.no-backup",))
    assert world(platform, pins=no_backup).run(pin_rotation(allowed)).status == "succeeded"
    assert platform.history == [(NEW, OLD), (NEW,)]


LOST = Problem(ProblemType("tls.unreachable", "No endpoint answered.", "", ""))
BUSY = Problem(ProblemType("genesys.unavailable", "A server error.", "", ""))
CANCELLED = Problem(ProblemType("run.cancelled", "Cancelled.", "", ""))


def test_a_problem_in_the_middle_restores_the_pins_and_is_recorded_then_raised():
    platform = Platform()
    w = world(platform, LOST)
    with pytest.raises(Undone) as raised:
        w.run(pin_rotation(ORDER))
    assert raised.value.problem is LOST
    assert platform.live.pins == (OLD,)
    assert w.of(Record)[0].action == "pin-rotation.failed"
    assert "tls.unreachable" in str(w.of(Record)[0].fields["error"])


@pytest.mark.parametrize("probe", [LOST, PinProbe(300, 100, 0)])
def test_a_roll_back_that_fails_is_recorded_too(probe):
    w = world(Platform(), probe)
    w.answers[ReadPins] = [BEFORE, BUSY]
    with pytest.raises(Undone):
        w.run(pin_rotation(ORDER))
    (entry,) = w.of(Record)
    assert entry.action == "pin-rotation.failed"
    assert "genesys.unavailable" in str(entry.fields["error"])
    assert entry.fields["primaryPin"] is None


def test_a_second_cancel_does_not_stop_the_roll_back():
    platform = Platform()
    w = world(platform)
    w.signals = {1: "cancel"}
    reads = iter([BEFORE, CANCELLED])
    w.answers[ReadPins] = lambda _: next(reads, platform.live)
    assert w.run(pin_rotation(ORDER)).status == "cancelled"
    assert platform.live.pins == (OLD,)


def test_a_set_that_somebody_else_wrote_is_not_rolled_back_over():
    platform = Platform()
    foreign = replace(BEFORE, etag='"9"', primary=b64("theirs"))
    changed = Problem(ProblemType("genesys.changed-meanwhile", "Changed.", "", ""))

    def write(effect: WritePins) -> ClientPins:
        if not platform.history:
            platform.write(effect)
            platform.live = foreign
            raise changed
        return platform.write(effect)

    w = world(platform)
    w.answers[WritePins] = write
    with pytest.raises(Undone):
        w.run(pin_rotation(ORDER))
    assert platform.live == foreign
    assert len(w.of(WritePins)) == 1


def test_the_roll_back_gives_the_old_chain_back_with_the_old_pins():
    w = world(Platform(), PinProbe(300, 100, 0))
    w.run(pin_rotation(ORDER))
    assert [effect.chain for effect in w.of(WritePins)] == ["new.pem", "old.pem"]


def test_cancel_during_the_soak_rolls_back():
    platform = Platform()
    w = world(platform)
    w.signals = {1: "cancel"}
    assert w.run(pin_rotation(ORDER)).status == "cancelled"
    assert platform.live.pins == (OLD,)


APPS = (ClientTarget("a", "a.pem", "a.key"), ClientTarget("b", "b.pem", "b.key"))
SWITCHED = replace(ORDER, switch="files", targets=APPS)


def moves(w: World) -> list[str]:
    """Writes by what they hold, and the clients switched, in their order."""
    names = {NEW: "new", OLD: "old", BACKUP: "backup", "": ""}
    told = []
    for effect in w.done:
        if isinstance(effect, WritePins):
            slots = (effect.primary, effect.fallback, effect.backup)
            told.append("+".join(names.get(slot, "other") for slot in slots if slot))
        if isinstance(effect, SwitchClient):
            told.append(f"{effect.target.name}:{names[effect.pin]}")
    return told


def test_clients_are_switched_between_publishing_and_retiring_the_canary_first():
    w = world(Platform())
    assert w.run(pin_rotation(SWITCHED)).status == "succeeded"
    assert moves(w) == ["new+old+backup", "a:new", "b:new", "new+backup"]
    first = next(e for e in w.done if isinstance(e, SwitchClient))
    between = w.done[w.done.index(first) :]
    probes = [e.files.certificate for e in between if isinstance(e, ProbePins)]
    assert probes[0] == "a.pem", "what the client's files hold now is the judge"


def test_a_roll_back_brings_the_clients_back_before_the_pins():
    w = world(Platform())
    w.signals = {2: "roll-back"}  # the second wait is the drain's
    assert w.run(pin_rotation(SWITCHED)).status == "rolled-back"
    assert moves(w) == ["new+old+backup", "a:new", "b:new", "b:old", "a:old", "old"]


def test_after_retiring_the_old_pin_comes_back_first():
    w = world(Platform())
    w.signals = {3: "roll-back"}  # the third is that of the confirmation
    assert w.run(pin_rotation(SWITCHED)).status == "rolled-back"
    back = ["new+old+backup", "b:old", "a:old", "old"]
    assert moves(w) == ["new+old+backup", "a:new", "b:new", "new+backup", *back]


def test_a_new_pin_in_use_is_not_rolled_back():
    """Clients took the new certificate by themselves, and nobody can call them back."""
    w = world(Platform(), [CLEAN, CLEAN, CLEAN, PinProbe(300, 100, 0)])
    busy = PinUsed(NEW, 5, 0, 9e9)
    w.answers[ReadPinUse] = lambda effect: PinUse("log", effect.since + 1, (busy,))
    end = w.run(pin_rotation(ORDER))
    assert end.status == "unverified"
    assert "pin.still-in-use" in {found.rule for found in end.findings}
    assert moves(w) == ["new+old+backup"], "both stay live"


def test_a_compromised_key_goes_without_soak_and_drain_and_never_comes_back():
    w = world(Platform())
    w.signals = {1: "roll-back"}
    assert w.run(pin_rotation(replace(SWITCHED, compromised=True))).status == "unverified"
    assert moves(w) == ["new+old+backup", "a:new", "b:new", "new+backup"]
    assert w.waits == 1, "only the confirmation waits"


def test_an_operator_is_waited_for_at_canary_and_switch_and_a_word_in_advance_is_void():
    w = world(Platform())
    # Waits: soak, a void look, the canary's, a void look, the switch's.
    w.signals = {2: "advance", 3: "advance", 5: "advance"}
    assert w.run(pin_rotation(replace(ORDER, switch="operator"))).status == "succeeded"
    asked = [e.reason for e in w.of(Wait) if e.reason.startswith("your word")]
    assert len(asked) == 2


def test_an_operator_who_never_comes_ends_in_the_pins_of_before():
    platform = Platform()
    end = world(platform).run(pin_rotation(replace(ORDER, switch="operator")))
    assert (end.status, platform.live.pins) == ("rolled-back", (OLD,))


def test_without_a_source_and_without_a_word_both_pins_stay():
    platform = Platform()
    w = world(platform)
    w.answers[ReadPinUse] = lambda effect: PinUse("", 0.0, ())
    end = w.run(pin_rotation(ORDER))
    assert (end.status, platform.live.pins) == ("unverified", (NEW, OLD, BACKUP))
    assert "pin.not-covered" in {found.rule for found in end.findings}


@pytest.mark.parametrize("change", [{"kind": "hmac"}, {"backup": "c2hvcnQ="}])
def test_live_pins_that_cannot_be_read_are_a_finding(change):
    platform = Platform()
    platform.live = replace(BEFORE, **change)
    end = world(platform).run(pin_rotation(ORDER))
    assert end.status == "refused"
    assert "pin.live-unreadable" in {found.rule for found in end.findings}
    assert platform.history == []


def test_a_renewal_with_the_same_key_changes_no_spki_pin():
    platform = Platform()
    platform.live = replace(BEFORE, kind="spki")
    same = replace(FILES, kind="spki", new=OLD, same_key=True)
    end = world(platform, pins=same).run(pin_rotation(replace(ORDER, kind="spki")))
    assert (end.status, platform.history) == ("succeeded", [])
    assert "pin.same-key" in {found.rule for found in end.findings}


def test_where_it_stands_is_read_from_the_platform_not_from_a_journal():
    """Another process retired the old pin before: what is left is to confirm."""
    platform = Platform()
    platform.live = replace(BEFORE, primary=NEW, fallback=BACKUP)
    w = world(platform)
    assert w.run(pin_rotation(ORDER)).status == "succeeded"
    assert moves(w) == []
    assert [p.files.certificate for p in w.of(ProbePins)] == ["new.pem"]


def test_a_pin_that_is_nobodys_is_kept_and_comes_last():
    platform = Platform()
    platform.live = replace(BEFORE, fallback=b64("theirs"))
    order = replace(ORDER, backup="")
    w = world(platform, pins=replace(FILES, backup=""))
    assert w.run(pin_rotation(order)).status == "succeeded"
    assert moves(w) == ["new+old+other", "new+other"]


def test_an_endpoint_that_nobody_reached_keeps_the_old_pin():
    platform = Platform()
    dead = PinProbe(1000, 0, 500, (("a:1", 1000, 0), ("b:1", 0, 0)))
    end = world(platform, dead).run(pin_rotation(ORDER))
    assert (end.status, platform.live.pins) == ("rolled-back", (OLD,))
    assert any("b:1" in found.message for found in end.findings)


def test_a_resumed_run_has_its_horizon_anew():
    class Resumed(World):
        def _perform(self, effect):
            if isinstance(effect, Now):
                return Instant(self.now, self.now + 50.0 if self.waits < 5 else self.now)
            return super()._perform(effect)

    platform = Platform()
    w = Resumed(world(platform, PinProbe(300, 100, 0)).answers)
    assert w.run(pin_rotation(replace(ORDER, horizon=1.0))).status == "rolled-back"
    assert w.waits >= 5, "the order's own horizon was over after the soak"


def test_a_refused_client_after_retiring_brings_the_old_pin_back():
    platform = Platform()

    def use(effect: ReadPinUse) -> PinUse:
        late = PinUsed(OLD, 0, 3 if platform.live.pins == (NEW, BACKUP) else 0, 0.0)
        return PinUse("log", 9e9, (PinUsed(NEW, 1, 0, effect.since), late))

    w = world(platform)
    w.answers[ReadPinUse] = use
    end = w.run(pin_rotation(ORDER))
    assert OLD in platform.live.pins
    assert end.status in ("rolled-back", "unverified")
    assert moves(w)[:3] == ["new+old+backup", "new+backup", "new+old+backup"]


def test_the_pin_set_over_time_is_told():
    told = world(Platform()).run(pin_rotation(ORDER)).summary["pinsOverTime"]
    assert [line.partition(":")[0] for line in told] == ["prepare", "publish", "retire"]


def test_taken_up_again_with_both_pins_live_it_brings_every_client_back_before_the_new_pin_goes():
    """A run before this one may have switched any of them."""
    platform = Platform()
    platform.live = replace(BEFORE, primary=NEW, fallback=OLD, backup=BACKUP)
    w = world(platform)
    w.signals = {1: "roll-back"}
    assert w.run(pin_rotation(SWITCHED)).status == "rolled-back"
    assert moves(w) == ["new+old+backup", "b:old", "a:old", "old+backup"]
    assert w.waits == 2, "and waits until nobody shows the new one"


def test_an_old_certificate_that_has_ended_stops_nobody_once_its_pin_is_gone():
    platform = Platform()
    platform.live = replace(BEFORE, primary=NEW, fallback=BACKUP)
    gone = replace(FILES, old_not_after=1.0)
    late = [PinProbe(900, 100, 0), CLEAN]  # a replica still has to take the last change
    assert world(platform, late, gone).run(pin_rotation(ORDER)).status == "succeeded"


def scripted(order: PinRotationOrder) -> World:
    """Every guard fails a few times before it passes, and the old certificate is shown for long."""
    low, early = PinProbe(300, 100, 0), PinProbe(0, 0, 9)
    w = world(Platform(), [low, low, CLEAN, early, CLEAN, low, CLEAN, low, CLEAN, low, low, CLEAN])
    looks: list[float] = []

    def use(effect: ReadPinUse) -> PinUse:
        looks.append(w.now)
        new = PinUsed(NEW, 1, 2 if len(looks) == 2 else 0, w.now)
        old = PinUsed(OLD, 3 if len(looks) < 40 else 0, 0, w.now, ("batch",))
        return PinUse("log", w.now, (new, old))

    w.answers[ReadPinUse] = use
    return w


EVERY_WAY = [
    ORDER,
    SWITCHED,
    replace(SWITCHED, canary=2, backup_key="backup.key"),
    replace(SWITCHED, compromised=True),
    replace(ORDER, switch="operator"),
    replace(SWITCHED, horizon=9000.0),
    replace(ORDER, horizon=130.0),
]


@pytest.mark.parametrize("order", EVERY_WAY)
def test_a_run_cut_at_every_segment_does_and_ends_the_same(order):
    whole, cut = scripted(order), scripted(order)
    if order.switch == "operator":
        for w in (whole, cut):
            w.signals = dict.fromkeys(range(5, 30), "advance")
    assert cut.cut(pin_rotation, order) == whole.run(pin_rotation(order))
    assert [e for e in cut.done if type(e) is not Segment] == [
        e for e in whole.done if type(e) is not Segment
    ]


def test_a_drain_of_a_day_is_cut_before_it_is_long():
    """Between two places where it can be cut lie few steps, however long somebody shows the old."""
    w = scripted(ORDER)
    w.run(pin_rotation(replace(ORDER, drain=600.0)))
    at = [n for n, effect in enumerate(w.done) if type(effect) is Segment]
    assert len(at) > 40
    assert max(b - a for a, b in pairwise(at)) < 20


def test_a_rotation_that_was_done_before_changes_nothing_and_announces_nothing():
    platform = Platform()
    platform.live = replace(BEFORE, primary=NEW, fallback=BACKUP)
    w = world(platform)
    end = w.run(pin_rotation(ORDER))
    (entry,) = w.of(Record)
    assert (entry.action, entry.event) == ("pin-rotation.unchanged", None)
    assert (end.summary["primaryPin"], end.summary["fallbackPin"]) == (NEW, BACKUP)


def test_one_taken_up_again_after_retiring_announces_what_it_could_not_before():
    platform = Platform()
    platform.live = replace(BEFORE, primary=NEW, fallback=BACKUP)
    w = world(platform)
    w.resumed = 1
    w.run(pin_rotation(ORDER))
    (entry,) = w.of(Record)
    assert (entry.action, entry.event) == ("pin-rotation.succeeded", "certificate_rotation")
    assert entry.data["pins"] == [NEW, BACKUP]


def test_a_client_that_may_hold_two_pins_is_refused_a_third_before_anything_is_written():
    platform = Platform()
    platform.live = replace(BEFORE, limit=2)
    end = world(platform).run(pin_rotation(ORDER))
    assert (end.status, platform.history) == ("refused", [])
    (told,) = [found for found in end.findings if found.rule == "pin.too-many"]
    assert told.facts["limit"] == 2
    bare = replace(ORDER, allow=("pin.no-backup",))
    assert world(platform, pins=replace(FILES, backup="")).run(pin_rotation(bare)).status == (
        "succeeded"
    )
