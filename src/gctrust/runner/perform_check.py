"""Performs scheduled looks: at a host's certificates, at a domain's mail, at what is old."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cryptography import x509

from ..adapters.mail.check import MailCheck
from ..adapters.store.retention import Retention
from ..adapters.tls.edge_probe import EdgeProbe
from ..findings import Severity
from ..pipelines.check_effects import KeepLook, Kept, LookAt, Looked
from .schedules import Schedules


class CheckPerformer:
    """`now` is the instant of the runs' clock."""

    def __init__(
        self,
        mail: MailCheck,
        probe: EdgeProbe,
        schedules: Schedules,
        retention: Retention,
        now: Callable[[], float],
    ) -> None:
        self._mail, self._probe, self._schedules = mail, probe, schedules
        self._retention, self._now = retention, now

    async def look(self, effect: LookAt) -> Looked:
        match effect.kind:
            case "expiry":
                return await self._expiry(effect.subject)
            case "domain":
                return await self._domain(effect.subject)
            case _:
                return await asyncio.to_thread(self._clean, _seconds(effect.subject))

    async def keep(self, effect: KeepLook) -> Kept:
        told = (effect.kind, effect.subject, effect.result, effect.at)
        await asyncio.to_thread(self._schedules.keep, *told)
        return Kept()

    async def _expiry(self, host: str) -> Looked:
        """One handshake with each address; the certificate that ends first counts."""
        name, _, port = host.partition(":")
        samples = await self._probe.samples(name, 1, int(port) if port else None)
        leaves = [der for _, made in samples for der, _ in made.leaves]
        ends = [x509.load_der_x509_certificate(der).not_valid_after_utc for der in leaves]
        return Looked(min((end.timestamp() for end in ends), default=None))

    async def _domain(self, domain: str) -> Looked:
        seen = await self._mail.check(domain)
        counted = {f.rule for f in seen.report.findings if f.severity >= Severity.WARN}
        return Looked(ids=tuple(sorted(counted)))

    def _clean(self, age: float) -> Looked:
        cleaned = self._retention.clean(self._now() - age)
        return Looked(facts={"runs": cleaned.runs, "webhooks": cleaned.webhooks})


def _seconds(days: str) -> float:
    """90d"""
    return float(days.removesuffix("d")) * 86_400.0
