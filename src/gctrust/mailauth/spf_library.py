"""SPF as plain functions over a zone: no event loop, no network.

A zone is a DictZone, a plain dictionary of one, or anything with `answer(question)`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..names import DomainName
from .spf_check import check_host
from .spf_result import SpfResult
from .spf_tree import IncludeNode, WhatIf, fetch_tree, what_if_include
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
    return run(judge, answers_of(zone))


def spf_tree(domain: str, zone: Zone) -> IncludeNode:
    """The include tree of a policy: each record drawn in, and the look-ups of its branch."""
    return run(fetch_tree(DomainName.parse(domain).text), answers_of(zone))


def what_if(domain: str, include: str, zone: Zone) -> WhatIf:
    """What adding `include:INCLUDE` to the policy would cost, and the record to publish."""
    return run(what_if_include(DomainName.parse(domain).text, include), answers_of(zone))


def answers_of(zone: Zone) -> Answers:
    return DictZone(zone) if isinstance(zone, Mapping) else zone
