"""Who shows which certificate: read from TLS access logs and client reports, as JSON lines.

Access logs are what TLS terminators write: nginx with `$ssl_client_escaped_cert`, or any that log
the certificate or its pins. Client reports have the shape of RFC 7469 section 3, as TrustKit sends.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import math
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote

from ...certs.bundle import read_bundle
from ...errors import Problem, ProblemType, Retry
from ...pipelines.pin_effects import PinUse, PinUsed, ReadPinUse

UNREADABLE = ProblemType(
    "pins.use-unreadable",
    "The log that tells who shows which certificate cannot be read.",
    "Without it nobody knows whether the old certificate is still in use.",
    "Check GCTRUST_PIN_ACCESS_LOG and GCTRUST_PIN_REPORTS, and the files' permissions.",
    retry=Retry.LATER,
    source="RFC 7469 section 3",
)
PROBLEMS = (UNREADABLE,)

MOST = 256 << 20  # octets read of the end of one log; older lines count as unseen
LONGEST = 1 << 20  # octets of a line
MOST_NAMES = 20
STEP = 1 << 20  # octets that the first look back from the end of a log goes
SOUNDINGS = 50  # lines that a look back reads, all of them old
SLACK = 86_400.0  # seconds by which a line may be older than the one before it
_GOOD = frozenset({"matched", "accepted", "success", "ok"})
_REFUSED = frozenset({"unmatched", "invalid", "refused", "failed", "failed-after-certificate"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One handshake that showed a certificate. `outcome` is "accepted", "refused" or "resumed"."""

    at: float
    outcome: str
    certificate_pin: str
    spki_pin: str
    who: str = ""
    client_id: str = ""

    def pin(self, kind: str) -> str:
        return self.spki_pin if kind == "spki" else self.certificate_pin


Read = Callable[[Mapping[str, Any]], Entry | None]


class PinUseSources:
    """`access_log` and `reports` are paths; without either nothing tells."""

    def __init__(self, access_log: Path | None = None, reports: Path | None = None) -> None:
        found: tuple[tuple[Path | None, Read], ...] = (
            (access_log, read_access),
            (reports, read_report),
        )
        self._sources = tuple((path, read) for path, read in found if path is not None)

    @property
    def name(self) -> str:
        """Where it is told, empty for nowhere."""
        return ", ".join(str(path) for path, _ in self._sources)

    def read(self, effect: ReadPinUse) -> PinUse:
        """Blocking: for a thread. Raises Problem pins.use-unreadable."""
        entries = (
            entry
            for path, read in self._sources
            # Reports come when a client is online again: they have no order to go by.
            for entry in entries_of(path, read, effect.since if read is read_access else 0.0)
            if entry.at >= effect.since and entry.client_id in ("", effect.client_id)
        )
        return summed(self.name, effect, entries)


@dataclass(slots=True)
class _Tally:
    """One pin's handshakes, counted as they are read: a log may have millions."""

    accepted: int = 0
    refused: int = 0
    last: float = 0.0
    who: set[str] = field(default_factory=set)

    def count(self, entry: Entry) -> None:
        if entry.outcome == "refused":
            self.refused += 1
            return
        # A resumed session is a use too: its client still holds that certificate.
        self.accepted += 1
        self.last = max(self.last, entry.at)
        if entry.who:
            self.who.add(entry.who)


def summed(source: str, effect: ReadPinUse, entries: Iterable[Entry]) -> PinUse:
    """The handshakes by pin: those of this rotation's roles, and the refused ones of nobody's."""
    by_pin = {pin: _Tally() for pin in effect.pins}
    unknown: Counter[str] = Counter()
    newest, resumed = 0.0, 0
    for entry in entries:
        newest = max(newest, entry.at)
        pin = entry.pin(effect.kind)
        if entry.outcome == "resumed":
            resumed += 1
        if pin in by_pin:
            by_pin[pin].count(entry)
        elif entry.outcome == "refused" and pin:
            unknown[pin] += 1
    used = tuple(
        PinUsed(pin, told.accepted, told.refused, told.last, tuple(sorted(told.who)[:MOST_NAMES]))
        for pin, told in by_pin.items()
    )
    return PinUse(source, newest, used, tuple(unknown.most_common(MOST_NAMES)), resumed)


def entries_of(path: Path, read: Read, since: float = 0.0) -> Iterator[Entry]:
    """The entries of the log before rotation (`.1`) and of the log, from somewhere before `since`;
    lines of another form are passed over, a last line still being written too.

    Raises Problem pins.use-unreadable.
    """
    for part in (path.with_name(path.name + ".1"), path):
        if part == path or part.exists():
            yield from _entries(part, read, since)


def _entries(path: Path, read: Read, since: float) -> Iterator[Entry]:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe or a device may never end
            raise OSError(errno.EINVAL, "it is no regular file")
        with path.open("rb") as stream:
            _seek(stream, read, since)
            while line := stream.readline(LONGEST):
                if (entry := _entry(line, read)) is not None:
                    yield entry
    except OSError as error:
        facts = {"path": str(path), "seen": error.strerror or "it cannot be read"}
        raise Problem(UNREADABLE, facts) from None


def _seek(stream: BinaryIO, read: Read, since: float) -> None:
    """Go back from the end, ever further, to entries so old that none before them is younger than
    `since`: lines are written in the order of time, but for what is shipped late."""
    end = stream.seek(0, 2)
    least, back = max(0, end - MOST), STEP
    while (start := end - back) > least:
        stream.seek(start)
        stream.readline(LONGEST)  # of a line that was cut
        lines = (stream.readline(LONGEST) for _ in range(SOUNDINGS))
        seen = [entry.at for line in lines if (entry := _entry(line, read))]
        if seen and max(seen) < since - SLACK:
            return
        back *= 2
    stream.seek(least)


def _entry(line: bytes, read: Read) -> Entry | None:
    try:
        found = json.loads(line)
        return read(found) if isinstance(found, dict) else None
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def read_access(line: Mapping[str, Any]) -> Entry | None:
    """A terminator's line: `time` with `certificate_pin`/`spki_pin`, or with the certificate as
    `ssl_client_escaped_cert` or `certificate`; `outcome`, or nginx's `ssl_client_verify`."""
    verdict = str(line.get("outcome") or line.get("ssl_client_verify") or "").lower()
    outcome = _outcome(verdict, resumed=line.get("ssl_session_reused") == "r")
    certificate, spki = str(line.get("certificate_pin", "")), str(line.get("spki_pin", ""))
    shown = line.get("ssl_client_escaped_cert") or line.get("certificate")
    if shown and not certificate:
        certificate, spki = pins_of(unquote(str(shown)))
    if not outcome or not (certificate or spki):
        return None
    who = str(line.get("client") or line.get("remote_addr") or "")
    at = _instant(line.get("time") or line.get("time_iso8601") or line.get("msec"))
    return Entry(at, outcome, certificate, spki, who, str(line.get("client_id", "")))


def _outcome(verdict: str, *, resumed: bool) -> str:
    if resumed or verdict == "resumed":
        return "resumed"
    if verdict in _GOOD:
        return "accepted"
    return "refused" if verdict in _REFUSED or verdict.startswith("failed:") else ""


def read_report(line: Mapping[str, Any]) -> Entry | None:
    """A report of RFC 7469 section 3: the chain that was shown, its leaf first. RFC 7469 reports
    only refusals; TrustKit adds `validation-result`, 0 for a success."""
    chain = line["served-certificate-chain"]
    certificate, spki = pins_of(str(chain[0]))
    good = line.get("validation-result") == 0
    who = str(line.get("app-vendor-id") or line.get("noted-hostname") or line.get("hostname") or "")
    outcome = "accepted" if good else "refused"
    return Entry(_instant(line["date-time"]), outcome, certificate, spki, who) if spki else None


@lru_cache(maxsize=1024)
def pins_of(pem: str) -> tuple[str, str]:
    """Certificate pin and SPKI pin of the first certificate; empty texts when there is none."""
    found = read_bundle(pem.replace("\t", "").encode()).certificates
    return (_pin(found[0].der), _pin(found[0].spki)) if found else ("", "")


def _pin(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode("ascii")


def _instant(value: object) -> float:
    """Unix seconds of a number, or of an RFC 3339 text with its offset. Raises ValueError."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = float(value)
        if not math.isfinite(value):
            raise ValueError("no instant")
        return value
    text = str(value)
    if re.fullmatch(r"\d{1,15}(\.\d+)?", text):
        return float(text)
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("an instant without an offset")
    return at.timestamp()
