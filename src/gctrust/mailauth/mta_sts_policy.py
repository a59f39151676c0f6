"""The policy file of MTA-STS (RFC 8461 section 3.2): parsed, and judged against the exchanges."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..findings import Finding, Severity, finding
from . import transport_rules as rules
from .looks import PolicyFile

MAX_AGE = 31_557_600  # RFC 8461 section 3.2: one year
WEEK = 604_800  # section 3.2: "typically in the range of weeks or greater"
MAX_LINES = 500
_LINE = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,31}):[ \t]*(.*?)[ \t]*\Z")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_PATTERN = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*\Z")
_MODES = ("enforce", "testing", "none")


@dataclass(frozen=True, slots=True)
class StsPolicy:
    """`mode` is "" and `max_age` -1 where the file does not say; `faults` make it no policy."""

    mode: str
    max_age: int
    mx: tuple[str, ...]
    faults: tuple[str, ...]

    def covers(self, exchange: str) -> bool:
        """Section 4.1: a wildcard stands for exactly one label, the leftmost."""
        host = exchange.rstrip(".").lower()
        return host in self.mx or f"*.{host.partition('.')[2]}" in self.mx


@dataclass(frozen=True, slots=True)
class StsSeen:
    """What was seen of a policy: its id in DNS, the digest of its text; to compare a later look."""

    id: str
    digest: str


def parse_sts_policy(body: bytes | str) -> StsPolicy:
    """Parse the text of a policy file. Never raises: what is wrong is in `faults`."""
    text = body.decode("utf-8", "backslashreplace") if isinstance(body, bytes) else body
    lines = text.replace("\r\n", "\n").split("\n")
    faults = [f"more than {MAX_LINES} lines"] if len(lines) > MAX_LINES else []
    fields: dict[str, str] = {}
    patterns: list[str] = []
    for line in lines[:MAX_LINES]:
        match = _LINE.match(line)
        if match is None:
            if line.strip():
                faults.append(f"{line[:60]!r} is no key: value")
        elif match[1] == "mx":
            patterns.append(match[2].lower())
        else:  # section 3.2: of a repeated field all but the first are ignored
            fields.setdefault(match[1], match[2])
    return _checked(fields, tuple(patterns), faults)


def _checked(fields: dict[str, str], mx: tuple[str, ...], faults: list[str]) -> StsPolicy:
    version, mode, age = fields.get("version"), fields.get("mode", ""), fields.get("max_age", "")
    if version != "STSv1":
        faults.append(f"version is {version[:40]!r}" if version else "it has no version")
    if mode not in _MODES:
        faults.append(f"mode is {mode[:40]!r}" if mode else "it has no mode")
    seconds = int(age) if age.isascii() and age.isdigit() and len(age) <= 10 else -1
    if not 0 <= seconds <= MAX_AGE:
        faults.append(
            f"max_age is {age[:40]!r}, not 0 to {MAX_AGE}" if age else "it has no max_age"
        )
    faults += (f"{one[:80]!r} is no mx pattern" for one in mx if not _PATTERN.match(one))
    if not mx and mode != "none":
        faults.append("it has no mx")
    return StsPolicy(mode if mode in _MODES else "", seconds, mx, tuple(faults))


def policy_findings(
    host: str, policy: StsPolicy, file: PolicyFile, exchanges: Iterable[str]
) -> Iterator[Finding]:
    """What a fetched policy shows, beside the exchanges of the domain."""
    if file.media_type.partition(";")[0].strip().lower() != "text/plain":
        yield finding(rules.STS_MEDIA_TYPE, host, media_type=file.media_type[:80])
    for fault in policy.faults[:10]:
        yield finding(rules.STS_POLICY, host, reason=fault)
    if policy.faults:
        return
    if policy.mode != "enforce":
        yield finding(rules.STS_MODE, host, mode=policy.mode)
    if policy.mode == "none":
        return
    if policy.max_age < WEEK:
        yield finding(rules.STS_SHORT, host, seconds=policy.max_age)
    severity = Severity.ERROR if policy.mode == "enforce" else Severity.WARN
    for exchange in exchanges:
        if not policy.covers(exchange):
            facts = {"exchange": exchange, "mode": policy.mode}
            fix = f"Add to the policy: mx: {exchange}"
            yield finding(rules.STS_NOT_COVERED, host, severity=severity, fix=fix, **facts)


def digest_of(policy: StsPolicy) -> str:
    """Of what the policy says, so that white space or the order of mx lines is no change."""
    said = f"{policy.mode} {policy.max_age} {' '.join(sorted(policy.mx))}"
    return hashlib.sha256(said.encode()).hexdigest()
