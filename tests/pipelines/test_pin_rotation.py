from __future__ import annotations

import base64
import hashlib
from dataclasses import replace

import pytest

from gctrust.errors import Problem, ProblemType
from gctrust.pipelines.effect import Undone
from gctrust.pipelines.effects import AssessFiles, CertificateAssessment, CertificateFiles, Record
from gctrust.pipelines.orders import PinRotationOrder
from gctrust.pipelines.pin_effects import (
    ClientPins,
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


def quiet(effect: ReadPinUse) -> PinUse:
    """A log in which only our own handshakes with the new certificate are seen."""
    mine = PinUsed(NEW, 12 if effect.since > 1_000_000.0 else 0, 0, effect.since)
    return PinUse("log", effect.since + 1, (mine,))


def world(platform: Platform, probe: object = CLEAN, pins: object = FILES) -> World:
    return World(
        {
            ReadPinUse: quiet,
            SwitchClient: lambda effect: Switched(effect.pin, True, False),
            ReadPins: platform.read,
            AssessFiles: GOOD,
            ComputePins: pins,
            WritePins: platform.write,
            ProbePins: probe,
        }
    )


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
