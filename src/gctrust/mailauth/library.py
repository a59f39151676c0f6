"""The whole mail judge as a plain function over a zone: no event loop, no network."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ..names import DomainName
from .assess import DomainReport, assess_domain
from .dmarc import MailStream
from .parts import ALL_PARTS, Part
from .record_text import RequiredRecord
from .spf_library import Zone, answers_of
from .spf_lint import SpfSender
from .suffixes import registrable
from .zone import run


def check_domain(
    name: str,
    zone: Zone,
    selectors: Iterable[str] = (),
    *,
    required: Iterable[RequiredRecord] = (),
    include: str | None = None,
    sender_ips: Iterable[str | SpfSender] = (),
    streams: Iterable[MailStream] = (),
    sends_mail: bool = True,
    parts: Collection[Part] = ALL_PARTS,
) -> DomainReport:
    """Everything gctrust says of a mail domain, or the `parts` asked for.

    `selectors` are DKIM selectors (well-known ones are tried without any); `required` the records a
    platform asks for; `include` a domain that the SPF policy must include; `sender_ips` addresses
    that send; `streams` the MAIL FROM and d= of each way mail is sent, for DMARC alignment;
    `sends_mail` False for a domain that is to say that it sends none. Raises
    BadName (a ValueError) for a name that is none, ValueError for an address that is none.
    """
    judge = assess_domain(
        DomainName.parse(name),
        selectors,
        required=required,
        include=include,
        sender_ips=sender_ips,
        streams=tuple(streams),
        by_list=registrable,
        sends_mail=sends_mail,
        parts=parts,
    )
    return run(judge, answers_of(zone))
