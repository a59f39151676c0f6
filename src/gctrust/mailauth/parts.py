"""The parts of a look at a domain; an empty report takes the place of one that is left out."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import TypeVar

from ..findings import Report
from .bimi import BimiReport
from .caa import CaaReport
from .dane import DaneReport
from .delegation import DelegationReport
from .dkim_key import DkimReport
from .dmarc import DmarcReport
from .dmarc_discovery import Organisation, Walk
from .dnssec import DnssecReport
from .mta_sts import MtaStsReport
from .mx import MxReport
from .questions import Judge, Later, Status
from .spf_lint import SpfReport
from .starttls import StarttlsReport
from .tls_rpt import TlsRptReport
from .transport import TransportReport

T = TypeVar("T")


class Part(StrEnum):
    """One judge of `assess_domain`. Required records and senders follow from what is given."""

    SPF = "spf"
    DKIM = "dkim"
    DMARC = "dmarc"
    MX = "mx"
    CAA = "caa"
    NAME_SERVERS = "name-servers"
    TRANSPORT = "transport"
    BIMI = "bimi"
    DNSSEC = "dnssec"


ALL_PARTS = frozenset(Part)

Blank = (
    SpfReport
    | DkimReport
    | DmarcReport
    | MxReport
    | CaaReport
    | DelegationReport
    | TransportReport
    | BimiReport
    | DnssecReport
)


class Chosen:
    """Which parts were asked for, of one domain."""

    def __init__(self, domain: str, parts: Collection[Part]) -> None:
        self._domain, self._parts = domain, parts

    def part(self, part: Part, judge: Judge[T]) -> Later[T]:
        """The judge of a part; or, when it was not asked for, its blank report."""
        if part in self._parts:
            return Later(judge)
        judge.close()
        blank = Later[T](None)
        blank.result = blank_report(part, self._domain)  # type: ignore[assignment]
        return blank

    def __contains__(self, part: Part) -> bool:
        return part in self._parts

    @property
    def left_out(self) -> tuple[str, ...]:
        left = ", ".join(part for part in Part if part not in self._parts)
        return (f"{left}: not asked for",) if left else ()


def blank_report(part: Part, domain: str) -> Blank:
    """What stands for a part that was not asked for: no facts, no findings."""
    none = Report(domain)
    match part:
        case Part.SPF:
            return SpfReport(domain, Status.NO_DATA)
        case Part.DKIM:
            return DkimReport(domain)
        case Part.DMARC:
            return DmarcReport(none, None, "", None, Organisation("", "", ""), Walk(()))
        case Part.MX:
            return MxReport(none, ())
        case Part.CAA:
            return CaaReport(none)
        case Part.NAME_SERVERS:
            return DelegationReport(none)
        case Part.TRANSPORT:
            empty = MtaStsReport(none), DaneReport(none), TlsRptReport(none), StarttlsReport(none)
            return TransportReport(none, *empty)
        case Part.BIMI:
            return BimiReport(none)
        case Part.DNSSEC:
            return DnssecReport(none)
