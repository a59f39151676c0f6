"""The mail judges over real DNS, for programs: one checker holds the sockets and the cache."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from types import TracebackType

from ...mailauth.assess import DomainReport, assess_domain
from ...mailauth.dmarc import MailStream
from ...mailauth.looks import DNS_ONLY
from ...mailauth.parts import ALL_PARTS, Part
from ...mailauth.record_text import RequiredRecord
from ...mailauth.spf_check import check_host
from ...mailauth.spf_lint import SpfSender
from ...mailauth.spf_result import SpfResult
from ...mailauth.spf_tree import IncludeNode, WhatIf, fetch_tree, what_if_include
from ...mailauth.suffixes import registrable
from ...names import DomainName
from ..dns.driver import Dns, drive
from ..dns.resolver import Resolver
from ..system import SystemClock
from .looks import MailLooks, all_looks


class MailChecker:
    """`async with MailChecker() as mail: report = await mail.check_domain("example.com")`.

    `nameservers` are resolvers to ask ("192.0.2.1", "192.0.2.1#5353"), in order of preference; the
    system's without any. `beyond_dns` also fetches MTA-STS policies, connects to exchanges
    (port 25) and validates DNSSEC; what is private is not connected to unless `private`.
    `seconds` is the time one call may take: what is open then counts as timed out. DNS that fails
    is in the verdict (temperror, `not_judged`), never an exception.
    """

    def __init__(
        self,
        nameservers: Sequence[str] | None = None,
        *,
        beyond_dns: bool = False,
        private: bool = False,
        roots: str | None = None,
        seconds: float = 20.0,
    ) -> None:
        self._resolver = Resolver(nameservers, SystemClock())
        self._seconds = seconds
        self._looks: MailLooks | None = None
        if beyond_dns:
            self._looks = all_looks(self._resolver, SystemClock(), private=private, roots=roots)

    @property
    def _dns(self) -> Dns:
        return self._looks or self._resolver

    async def __aenter__(self) -> MailChecker:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._resolver.aclose()

    async def check_spf(
        self, ip: str, mail_from: str = "", helo: str = "", *, domain: str | None = None
    ) -> SpfResult:
        """As `gctrust.check_spf`. Raises ValueError when `ip` is no address."""
        judge = check_host(ip, mail_from, helo, domain, now=int(SystemClock().now()))
        return await drive(judge, self._resolver, deadline=self._seconds)

    async def check_domain(
        self,
        name: str,
        selectors: Iterable[str] = (),
        *,
        required: Iterable[RequiredRecord] = (),
        include: str | None = None,
        sender_ips: Iterable[str | SpfSender] = (),
        streams: Iterable[MailStream] = (),
        authoritative: Sequence[str] = (),
        sends_mail: bool = True,
        parts: Collection[Part] = ALL_PARTS,
    ) -> DomainReport:
        """As `gctrust.check_domain`; `authoritative` are the zone's own servers, where known.

        Raises BadName (a ValueError) for a name that is none.
        """
        judge = assess_domain(
            DomainName.parse(name),
            selectors,
            required=required,
            include=include,
            sender_ips=sender_ips,
            streams=tuple(streams),
            by_list=registrable,
            nameservers=tuple(authoritative),
            sends_mail=sends_mail,
            parts=parts,
            reach=self._looks.reach if self._looks else DNS_ONLY,
        )
        return await drive(judge, self._dns, deadline=self._seconds)

    async def spf_tree(self, domain: str) -> IncludeNode:
        """As `gctrust.spf_tree`."""
        judge = fetch_tree(DomainName.parse(domain).text)
        return await drive(judge, self._resolver, deadline=self._seconds)

    async def what_if(self, domain: str, include: str) -> WhatIf:
        """As `gctrust.what_if`."""
        judge = what_if_include(DomainName.parse(domain).text, include)
        return await drive(judge, self._resolver, deadline=self._seconds)
