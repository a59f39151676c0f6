"""What DNS says of a certificate: CAA on the climb from the host (RFC 8659), TLSA of its port."""

from __future__ import annotations

from ...certs.evidence import CaaAnswer, TlsaAnswer
from ...mailauth.questions import Answer, Question
from ..dns.resolver import Resolver

MOST_NAMES = 12  # of one climb


async def ask_caa(resolver: Resolver, host: str) -> tuple[CaaAnswer, ...]:
    """One answer for each name from `host` up to its top-level domain (section 3)."""
    labels = host.removeprefix("*.").split(".")[-MOST_NAMES:]
    names = [".".join(labels[at:]) for at in range(len(labels))]
    answers = await resolver.resolve_all(Question(name, "CAA") for name in names)
    return tuple(_caa(name, answer) for name, answer in zip(names, answers, strict=True))


def _caa(name: str, answer: Answer) -> CaaAnswer:
    if answer.status.is_temporary:
        return CaaAnswer(name, failed=answer.status.value)
    found = [record for record in answer.records if isinstance(record, tuple) and len(record) == 3]
    return CaaAnswer(name, tuple((int(str(f)), str(t), _text(v)) for f, t, v in found))


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


async def ask_tlsa(resolver: Resolver, host: str, port: int = 443) -> TlsaAnswer:
    """RFC 6698 section 3. `secure` is what the resolver says; it is not verified here."""
    name = f"_{port}._tcp.{host}"
    answer = await resolver.resolve(Question(name, "TLSA"))
    if answer.status.is_temporary:
        return TlsaAnswer(name, failed=answer.status.value)
    records = tuple(_tlsa(record) for record in answer.records if isinstance(record, tuple))
    secure = answer.authentic or None
    return TlsaAnswer(name, records, ttl=answer.ttl, secure=secure)


def _tlsa(record: tuple[object, ...]) -> tuple[int, int, int, bytes]:
    usage, selector, matching, data = record
    octets = data if isinstance(data, bytes) else b""
    return int(str(usage)), int(str(selector)), int(str(matching)), octets
