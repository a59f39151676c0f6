"""What the mTLS edges observed: one Access per handshake, counted by replica and kept as a log.

The counts keep apart what a pin-match rate must keep apart: full handshakes matched per pin,
unmatched ones, those that failed before a certificate was shown, and resumed ones.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TextIO

from asn1crypto import x509

_KEPT = 100_000


class Outcome(StrEnum):
    MATCHED = "matched"
    UNMATCHED = "unmatched"
    INVALID = "invalid"  # a pin matched, but the certificate is out of date or revoked
    RESUMED = "resumed"
    FAILED_BEFORE_CERTIFICATE = "failed-before-certificate"
    FAILED_AFTER_CERTIFICATE = "failed-after-certificate"


@dataclass(frozen=True, slots=True)
class Presented:
    """A certificate as shown. Pins are base64 SHA-256 of its DER and of its SPKI (RFC 7469)."""

    certificate_pin: str
    spki_pin: str
    serial: int
    not_before: float
    not_after: float


@dataclass(frozen=True, slots=True)
class Access:
    """One handshake. `pin` is the one of the client's set that matched, else empty."""

    time: float
    replica: int
    client_id: str
    outcome: Outcome
    pin: str
    pin_kind: str
    certificate_pin: str
    spki_pin: str
    serial: str


@dataclass(frozen=True, slots=True)
class ReplicaCount:
    """Handshakes of one replica. `matched` is by pin, `unknown` by SPKI pin of the unmatched."""

    replica: int
    matched: Mapping[str, int]
    unknown: Mapping[str, int]
    unmatched: int
    invalid: int
    failed_before_certificate: int
    failed_after_certificate: int
    resumed: int


class Tally:
    """Counts while they grow."""

    def __init__(self) -> None:
        self._outcomes: Counter[Outcome] = Counter()
        self._matched: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()

    def add(self, entry: Access) -> None:
        self._outcomes[entry.outcome] += 1
        if entry.outcome is Outcome.MATCHED:
            self._matched[entry.pin] += 1
        elif entry.outcome is Outcome.UNMATCHED:
            self._unknown[entry.spki_pin] += 1

    def count(self, replica: int) -> ReplicaCount:
        seen = self._outcomes
        return ReplicaCount(
            replica=replica,
            matched=dict(self._matched),
            unknown=dict(self._unknown),
            unmatched=seen[Outcome.UNMATCHED],
            invalid=seen[Outcome.INVALID],
            failed_before_certificate=seen[Outcome.FAILED_BEFORE_CERTIFICATE],
            failed_after_certificate=seen[Outcome.FAILED_AFTER_CERTIFICATE],
            resumed=seen[Outcome.RESUMED],
        )


class AccessLog:
    """The last entries in memory and, with a path, all of them as JSON lines in a file."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._file: TextIO | None = None
        self.entries: deque[Access] = deque(maxlen=_KEPT)

    def open(self) -> None:
        if self._path is not None:
            self._file = self._path.open("a", encoding="utf-8", buffering=1)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def add(self, entry: Access) -> None:
        self.entries.append(entry)
        if self._file is not None:
            self._file.write(json.dumps(asdict(entry)) + "\n")


@lru_cache(maxsize=4096)
def presented(der: bytes) -> Presented:
    """Read what matters of a certificate, also where its key is of a kind OpenSSL cannot use."""
    body = x509.Certificate.load(der)["tbs_certificate"]
    validity = body["validity"]
    return Presented(
        certificate_pin=_pin(der),
        spki_pin=_pin(body["subject_public_key_info"].dump()),
        serial=body["serial_number"].native,
        not_before=validity["not_before"].native.timestamp(),
        not_after=validity["not_after"].native.timestamp(),
    )


def _pin(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()
