"""The mail judges as plain functions over a zone: no event loop, no network.

A zone is a DictZone, a plain dictionary of one, or anything with `answer(question)`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ..names import DomainName
from .assess import DomainReport, assess_domain
from .dmarc import MailStream
from .parts import ALL_PARTS, Part
from .record_text import RequiredRecord
from .spf_check import check_host
from .spf_lint import SpfSender
from .spf_result import SpfResult
from .spf_tree import IncludeNode, WhatIf, fetch_tree, what_if_include
from .suffixes import registrable
from .zone import Answers, DictZone, run

Zone = Answers | Mapping[str, Mapping[str, object]]


def check_spf(
    ip: str,
    mail_from: str,
    helo: str,
    zone: Zone,
    *,
    domain: str | None = None,
    receiver: str = "unknown",
    now: int = 0,
) -> SpfResult:
    """What SPF answers for a client (RFC 7208 check_host), with the trace of every term.

    `mail_from` is the envelope sender, "" for a bounce; `helo` the name the client gave. `domain`
    is judged in place of the sender's when given; `receiver` and `now` (Unix seconds) fill the
    macros r and t. Raises ValueError when `ip` is no address.
    """
    judge = check_host(ip, mail_from, helo, domain, receiver=receiver, now=now)
    return run(judge, _answers(zone))


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
    return run(judge, _answers(zone))


def spf_tree(domain: str, zone: Zone) -> IncludeNode:
    """The include tree of a policy: each record drawn in, and the look-ups of its branch."""
    return run(fetch_tree(DomainName.parse(domain).text), _answers(zone))


def what_if(domain: str, include: str, zone: Zone) -> WhatIf:
    """What adding `include:INCLUDE` to the policy would cost, and the record to publish."""
    return run(what_if_include(DomainName.parse(domain).text, include), _answers(zone))


def _answers(zone: Zone) -> Answers:
    return DictZone(zone) if isinstance(zone, Mapping) else zone
