"""What the published platform asks of DNS, and its looks at DNS for email domains.

The shapes of the records are those of Amazon SES and SparkPost, which send for the platform; no
answer of a real organisation was seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from ..mail_look import dkim_key
from ..platform import Platform
from ..platform_records import (
    FAILED,
    PENDING,
    VERIFIED,
    Check,
    DmarcSeen,
    InboundDomain,
    OutboundDomain,
)
from ..seed import Organisation
from ..state import RequiredRecord

SES, SPARKPOST = "amazonses.com", "sparkpostmail.com"
SPARKPOST_SELECTOR = "scph1126"
_POLICIES = ("none", "quarantine", "reject")


def ownership(domain: InboundDomain) -> RequiredRecord:
    return RequiredRecord("TXT", f"_amazonses.{domain.id}", domain.token, "ownership")


def inbound_mx(domain: InboundDomain, organisation: Organisation) -> RequiredRecord:
    host = f"inbound-smtp.{organisation.aws_region}.amazonaws.com"
    return RequiredRecord("MX", domain.id, f"10 {host}", "inbound")


def easy_dkim(domain: InboundDomain) -> tuple[RequiredRecord, ...]:
    return tuple(
        RequiredRecord(
            "CNAME", f"{token}._domainkey.{domain.id}", f"{token}.dkim.{SES}", f"dkim-{n}"
        )
        for n, token in enumerate(domain.dkim_tokens)
    )


def mail_from(domain: InboundDomain, organisation: Organisation) -> tuple[RequiredRecord, ...]:
    if not domain.mail_from:
        return ()
    host = f"feedback-smtp.{organisation.aws_region}.{SES}"
    return (
        RequiredRecord("MX", domain.mail_from, f"10 {host}", "inbound"),
        RequiredRecord("TXT", domain.mail_from, f"v=spf1 include:{SES} ~all", "spf"),
    )


def bounce(domain: OutboundDomain) -> RequiredRecord:
    return RequiredRecord("CNAME", f"bounces.{domain.id}", SPARKPOST, "bounce")


def sending(domain: OutboundDomain) -> RequiredRecord:
    name = f"{SPARKPOST_SELECTOR}._domainkey.{domain.id}"
    value = f"v=DKIM1; k=rsa; h=sha256; p={domain.dkim_key}"
    return RequiredRecord("TXT", name, value, "dkim")


async def refreshed(platform: Platform, check: Check, records: Sequence[RequiredRecord]) -> Check:
    """The check after a look, when one is due; a verdict just reached is shown some reads later."""
    now = platform.clock.now()
    due = check.last_look is None or now - check.last_look >= platform.seed.mail.recheck_seconds
    looked = check
    if check.status == PENDING and due:
        status = VERIFIED if await agrees(platform, records) else _not_yet(platform, check)
        looked = replace(check, last_look=now, status=status)
    hidden = platform.seed.hostile.stale_status_reads
    if looked.status != check.status and hidden > 0:
        return replace(looked, hidden_reads=hidden - 1)
    if looked.hidden_reads > 0:
        return replace(looked, hidden_reads=looked.hidden_reads - 1)
    return replace(looked, shown=looked.status)


def begun(now: float) -> Check:
    return Check(restarted=now, last_look=now)


def restarted(platform: Platform, check: Check) -> Check:
    """A new horizon; what is verified stays so."""
    now = platform.clock.now()
    if check.status == VERIFIED:
        return replace(check, restarted=now)
    return Check(restarted=now)


async def agrees(platform: Platform, records: Sequence[RequiredRecord]) -> bool:
    """Whether one server has them all."""
    answers = await platform.look.values(records)
    return all(map(_satisfies, records, answers))


async def dmarc(platform: Platform, domain: str) -> DmarcSeen:
    """The record of the domain, else of the nearest domain above that has one."""
    labels = domain.split(".")
    names = [".".join(labels[n:]) for n in range(len(labels) - 1)]
    records = [RequiredRecord("TXT", f"_dmarc.{name}", "", "dmarc") for name in names]
    now = platform.clock.now()
    for values in await platform.look.values(records):
        found = [value for value in values if value.replace(" ", "").startswith("v=DMARC1")]
        if found:
            policy = _policy(found[0]) if len(found) == 1 else ""
            return DmarcSeen("Valid" if policy else "Invalid", policy or "unknown", now)
    return DmarcSeen("NotPresent", "unknown", now)


async def mx_status(platform: Platform, domain: InboundDomain) -> str:
    record = inbound_mx(domain, platform.seed.organisation)
    (values,) = await platform.look.values([record])
    if not values:
        return "NOT_AVAILABLE"
    return "VALID" if _satisfies(record, values) else "INVALID"


async def looked_at(platform: Platform, domain: InboundDomain) -> InboundDomain:
    """MX and DMARC as they are now, when the last look at them is old enough."""
    now = platform.clock.now()
    if domain.mx_looked is not None and now - domain.mx_looked < platform.seed.mail.recheck_seconds:
        return domain
    mx, seen = await asyncio.gather(mx_status(platform, domain), dmarc(platform, domain.id))
    return replace(domain, mx="VALID" if domain.sub_domain else mx, mx_looked=now, dmarc=seen)


def _not_yet(platform: Platform, check: Check) -> str:
    """SES gives up 72 hours after the start or the restart."""
    waited = platform.clock.now() - check.restarted
    return FAILED if waited > platform.seed.mail.horizon_seconds else PENDING


def _satisfies(record: RequiredRecord, values: Sequence[str]) -> bool:
    match record.type:
        case "MX":
            return record.value.split()[-1].lower() in values
        case "CNAME":
            return [value.lower().rstrip(".") for value in values] == [record.value.lower()]
    if record.purpose == "dkim":
        return [dkim_key(value) for value in values] == [dkim_key(record.value)]
    return record.value in values


def _policy(record: str) -> str:
    """The p= of a DMARC record (RFC 7489 section 6.3), or "" when it has none that is known."""
    for part in record.split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip() == "p":
            return value.strip().lower() if value.strip().lower() in _POLICIES else ""
    return ""
