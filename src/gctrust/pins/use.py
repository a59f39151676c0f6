"""Judge who still shows which certificate: the guard of the drain, and the watch after it.

What was seen is told by TLS access logs or client reports; that nothing was seen proves something
only where the source is known to tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..findings import Finding, Report, finding
from . import rules


@dataclass(frozen=True, slots=True)
class Shown:
    """Handshakes with one certificate in the window looked at; `last` is 0.0 for none accepted."""

    pin: str
    accepted: int = 0
    refused: int = 0
    last: float = 0.0
    who: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Watched:
    """`known` are clients whose files were switched; `unknown` pins that are none of ours."""

    subject: str
    leaving: Shown
    now: float
    drain: float
    known: tuple[str, ...] = ()
    switched: bool = False
    unknown: tuple[tuple[str, int], ...] = ()


def assess_use(seen: Watched) -> Report:
    """CRITICAL findings mean that the pin that is leaving has to stay."""
    return Report(seen.subject, tuple(_findings(seen)))


def _findings(seen: Watched) -> Iterator[Finding]:
    leaving = seen.leaving
    if leaving.accepted and leaving.last > seen.now - seen.drain:
        ago = max(0, round(seen.now - leaving.last))
        yield finding(
            rules.STILL_IN_USE, seen.subject,
            pin=leaving.pin, ago=ago, drain=round(seen.drain), times=leaving.accepted,
        )  # fmt: skip
        strangers = [name for name in leaving.who if name not in seen.known]
        if seen.switched:
            who = ", ".join(strangers) or "no name is told"
            yield finding(rules.NOT_COVERED, seen.subject, what=f"clients on the old pin ({who})")
    for pin, times in seen.unknown:
        yield finding(rules.UNKNOWN_KEY, seen.subject, pin=pin, times=times)


def assess_writer(subject: str, seen: tuple[str, ...], ours: tuple[tuple[str, ...], ...]) -> Report:
    """The live pins as read against every set this rotation knows: another one is somebody's."""
    if seen in ours:
        return Report(subject)
    shown = ", ".join(seen) or "none"
    return Report(subject, (finding(rules.CHANGED_MEANWHILE, subject, seen=shown),))
