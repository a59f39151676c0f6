"""CT: embedded SCTs verified for real (RFC 6962 section 3.2), then Chrome's count and operators."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509.certificate_transparency import (
    SignatureAlgorithm,
    SignedCertificateTimestamp,
)
from cryptography.x509.extensions import PrecertificateSignedCertificateTimestamps

from ..findings import Finding
from . import ct_logs
from .certificate import Certificate
from .extensions import SCT_LIST
from .rules import found

_UNREADABLE = (
    TypeError,
    OverflowError,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.UnsupportedGeneralNameType,
)
LIST_LIFE = timedelta(days=70)  # Chrome stops enforcing with an older list
_ALIVE = ("qualified", "usable", "readonly")
_LEAF_INDEX = 0  # static-ct-api: SCT extension type of the leaf index


@dataclass(frozen=True, slots=True)
class CtLog:
    """One log. `former` are (operator, until) pairs, oldest first."""

    id: bytes
    name: str
    operator: str
    spki: bytes
    tiled: bool
    state: str
    since: datetime
    starts: datetime | None = None
    ends: datetime | None = None
    former: tuple[tuple[str, datetime], ...] = ()

    def operator_at(self, moment: datetime) -> str:
        return next((name for name, until in self.former if moment < until), self.operator)


class LogList:
    """The logs known, and the day the list was made; keys are loaded once."""

    def __init__(self, logs: Iterable[CtLog], listed_at: datetime) -> None:
        self.logs = {log.id: log for log in logs}
        self.listed_at = listed_at
        self._keys: dict[bytes, object] = {}

    def key(self, log: CtLog) -> object:
        if log.id not in self._keys:
            self._keys[log.id] = load_der_public_key(log.spki)
        return self._keys[log.id]

    def is_fresh(self, at: datetime) -> bool:
        return at - self.listed_at <= LIST_LIFE


def shipped_logs() -> LogList:
    """The product's own dated table."""
    return LogList((_row(row) for row in ct_logs.ROWS), _when(ct_logs.LISTED_AT))


def _when(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _row(row: str) -> CtLog:
    name, operator, kind, state, since, starts, ends, tail = row.split("|")
    spki = base64.b64decode(ct_logs.P256_HEAD + tail)
    return CtLog(
        id=hashlib.sha256(spki).digest(),
        name=name,
        operator=operator,
        spki=spki,
        tiled=kind == "tiled",
        state=state,
        since=_when(since),
        starts=_when(starts) if starts else None,
        ends=_when(ends) if ends else None,
    )


@dataclass(frozen=True, slots=True)
class SctVerdict:
    """`valid` None: the log is not known, so the signature could not be judged."""

    log: CtLog | None
    log_id: bytes
    timestamp: datetime
    valid: bool | None
    tiled_index_ok: bool = True


def signed_data(sct: SignedCertificateTimestamp, tbs: bytes, issuer_spki: bytes) -> bytes:
    """RFC 6962 section 3.2: what a log signs for a precertificate."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    millis = (sct.timestamp.replace(tzinfo=UTC) - epoch) // timedelta(milliseconds=1)
    return b"".join(
        (
            struct.pack(">BBQH", 0, 0, millis, 1),
            hashlib.sha256(issuer_spki).digest(),
            len(tbs).to_bytes(3, "big"),
            tbs,
            struct.pack(">H", len(sct.extension_bytes)),
            sct.extension_bytes,
        )
    )


def _declares(sct: SignedCertificateTimestamp, key: object) -> bool:
    """Whether the SCT names SHA-256 and the kind of signature that the log's key makes."""
    kind = SignatureAlgorithm.RSA if isinstance(key, rsa.RSAPublicKey) else SignatureAlgorithm.ECDSA
    sha256 = isinstance(sct.signature_hash_algorithm, hashes.SHA256)
    return sha256 and sct.signature_algorithm is kind


def verify_sct(key: object, signature: bytes, data: bytes) -> bool:
    """RFC 6962 section 2.1.4: ECDSA on P-256 or RSA PKCS#1, always with SHA-256."""
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        else:
            return False
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True


def judge_scts(leaf: Certificate, issuer_spki: bytes, logs: LogList) -> tuple[SctVerdict, ...]:
    """The verdict of every embedded SCT. Raises ValueError when the list cannot be read."""
    cert = leaf.x509
    if cert is None or SCT_LIST not in {e.oid for e in leaf.raw_extensions}:
        return ()
    try:
        kind = PrecertificateSignedCertificateTimestamps
        value = cert.extensions.get_extension_for_class(kind).value
        tbs = cert.tbs_precertificate_bytes
    except _UNREADABLE as error:
        raise ValueError(str(error)) from None
    return tuple(_judge_sct(sct, tbs, issuer_spki, logs) for sct in value)


def sct_times(leaf: Certificate) -> tuple[datetime, ...]:
    """When the embedded SCTs say that the certificate was logged; empty when there are none."""
    try:
        verdicts = judge_scts(leaf, b"", LogList((), datetime(1970, 1, 1, tzinfo=UTC)))
    except ValueError:
        return ()
    return tuple(verdict.timestamp for verdict in verdicts)


def _judge_sct(
    sct: SignedCertificateTimestamp, tbs: bytes, issuer_spki: bytes, logs: LogList
) -> SctVerdict:
    moment = sct.timestamp.replace(tzinfo=UTC)
    log = logs.logs.get(sct.log_id)
    if log is None:
        return SctVerdict(None, sct.log_id, moment, None)
    key = logs.key(log)
    data = signed_data(sct, tbs, issuer_spki)
    valid = _declares(sct, key) and verify_sct(key, sct.signature, data)
    index_ok = not log.tiled or _one_leaf_index(sct.extension_bytes)
    return SctVerdict(log, sct.log_id, moment, valid, index_ok)


def _one_leaf_index(octets: bytes) -> bool:
    """static-ct-api: exactly one extension of type 0, its value a 40-bit number."""
    count = 0
    while octets:
        if len(octets) < 3:
            return False
        kind, size = octets[0], int.from_bytes(octets[1:3], "big")
        if len(octets) < 3 + size:
            return False
        if kind == _LEAF_INDEX:
            if size != 5:
                return False
            count += 1
        octets = octets[3 + size :]
    return count == 1


def judge_transparency(
    leaf: Certificate, issuer_spki: bytes | None, *, at: datetime, logs: LogList, public: bool
) -> Iterator[Finding]:
    """CT-01..CT-07 by the log list given. A private certificate needs no SCT."""
    label = leaf.label
    present = SCT_LIST in {e.oid for e in leaf.raw_extensions}
    if not public or (issuer_spki is None and present):
        return
    if not logs.is_fresh(at):
        yield found("cert.ct-list-old", label, date=f"{logs.listed_at:%Y-%m-%d}")
    try:
        verdicts = judge_scts(leaf, issuer_spki or b"", logs)
    except ValueError as error:
        yield found("cert.sct-unreadable", label, reason=str(error)[:120])
        return
    yield from _each(leaf, verdicts, at)
    yield from _policy(leaf, verdicts, at, fresh=logs.is_fresh(at))


def _each(leaf: Certificate, verdicts: tuple[SctVerdict, ...], at: datetime) -> Iterator[Finding]:
    for verdict in verdicts:
        log = verdict.log
        if log is None:
            yield found("cert.sct-unknown-log", leaf.label, log=verdict.log_id.hex()[:16])
            continue
        if not verdict.valid:
            yield found("cert.sct-invalid", leaf.label, log=log.name)
        if not verdict.tiled_index_ok:
            yield found("cert.sct-leaf-index", leaf.label, log=log.name)
        reason = _log_flaw(log, verdict.timestamp, leaf)
        if reason:
            yield found("cert.sct-log-state", leaf.label, log=log.name, reason=reason)
        early = leaf.not_before and verdict.timestamp < leaf.not_before - timedelta(hours=48)
        if verdict.timestamp > at or early:
            when = f"{verdict.timestamp:%Y-%m-%d %H:%M:%S}Z"
            yield found("cert.sct-time", leaf.label, log=log.name, time=when)


def _log_flaw(log: CtLog, moment: datetime, leaf: Certificate) -> str:
    if log.state in ("pending", "rejected"):
        return f"the log is {log.state}"
    if log.state == "retired" and moment >= log.since:
        return f"the log was retired {log.since:%Y-%m-%d}, before this SCT"
    after = leaf.not_after
    if after and ((log.starts and after < log.starts) or (log.ends and after >= log.ends)):
        return "the certificate ends outside the log's interval"
    return ""


def _policy(
    leaf: Certificate, verdicts: tuple[SctVerdict, ...], at: datetime, *, fresh: bool
) -> Iterator[Finding]:
    seconds = leaf.lifetime_seconds or 0
    need = 2 if seconds <= 180 * 86_400 else 3
    counted: dict[bytes, tuple[CtLog, datetime]] = {}
    for v in verdicts:
        if v.log and v.valid and v.tiled_index_ok and not _log_flaw(v.log, v.timestamp, leaf):
            counted[v.log_id] = (v.log, v.timestamp)
    unknown = sum(1 for v in verdicts if v.log is None)
    if len(counted) + (unknown if not fresh else 0) < need:
        yield (
            found("cert.ct-count", leaf.label, have=len(counted), need=need, unknown=unknown)
            if not unknown
            else found(
                "cert.ct-unproved", leaf.label, have=len(counted), need=need, unknown=unknown
            )
        )
        return
    operators = {log.operator_at(moment) for log, moment in counted.values()}
    if unknown and len(operators) < 2:
        yield found("cert.ct-unproved", leaf.label, have=len(counted), need=need, unknown=unknown)
    elif len(operators) < 2:
        yield found("cert.ct-operators", leaf.label, operators=sorted(operators))
    elif not any(log.state in _ALIVE for log, _ in counted.values()):
        yield found("cert.ct-count", leaf.label, have=0, need=1, unknown=0)
