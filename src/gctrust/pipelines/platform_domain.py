"""What journey 1 says in the words of the published API: which domain is meant, and its guards.

An inbound domain is told as its plain name, a campaign domain as "outbound/NAME"; an inbound one
whose MAIL FROM is to be set as "NAME/mailfrom/SUB". The platform's ids are "inbound/NAME" and
"outbound/NAME", so that a run knows by an id which looks its domain needs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..findings import Finding, Severity
from ..mailauth.mx_rules import CORPORATE
from ..mailauth.suffixes import registrable
from ..names import BadName, DomainName
from .effect import Pipeline, do
from .effects import AssessMail, MailAssessment, RequiredRecord

_INBOUND, _CAMPAIGN, _MAIL_FROM = "inbound/", "outbound/", "/mailfrom/"
_OF_MAIL_FROM = ("spf.", "mx.", "record.")
NO_MAIL_FROM = (
    "SPF: no MAIL FROM domain is set, so mail leaves under the provider's own name and SPF aligns"
    " with nothing of this domain; DMARC rests on DKIM alone"
)
CAMPAIGN_SPF = (
    "SPF: the return path is the campaign provider's, reached by the bounce CNAME; its record is"
    " not this domain's"
)


@dataclass(frozen=True, slots=True)
class PlatformDomain:
    """`mail_from` is what is to be set; "" leaves it as it is."""

    name: str
    campaign: bool = False
    mail_from: str = ""

    @classmethod
    def of(cls, text: str) -> PlatformDomain:
        """Of an order's domain, or of an id."""
        text = text.lower()
        campaign = text.startswith(_CAMPAIGN)
        rest = text.removeprefix(_CAMPAIGN).removeprefix(_INBOUND)
        name, _, mail_from = rest.partition(_MAIL_FROM)
        return cls(name, campaign, mail_from)

    @property
    def order(self) -> str:
        mail_from = _MAIL_FROM + self.mail_from if self.mail_from else ""
        return (_CAMPAIGN if self.campaign else "") + self.name + mail_from

    @property
    def id(self) -> str:
        return (_CAMPAIGN if self.campaign else _INBOUND) + self.name

    @property
    def registration(self) -> str:
        """The order of the same domain that sets no MAIL FROM."""
        return replace(self, mail_from="").order

    def fault(self) -> str:
        """Why the platform's providers cannot work with this name; empty when they can."""
        if self.campaign and registrable(self.name) in ("", self.name):
            return f"{self.name} is no sub-domain"
        if self.mail_from and (reason := _unusable(self.mail_from)):
            return f"{self.mail_from[:80]} is no domain name: {reason}"
        if self.mail_from and not self.mail_from.endswith("." + self.name):
            return f"{self.mail_from} is no sub-domain of {self.name}"
        if self.mail_from and self.campaign:
            return "a campaign domain has no MAIL FROM domain to set"
        return ""


def is_published(id: str) -> bool:
    """Whether an id is one of the published API's domains."""
    return id.startswith((_INBOUND, _CAMPAIGN))


def mail_from_of(name: str, required: Iterable[RequiredRecord]) -> str:
    """The MAIL FROM sub-domain: where an SPF record is asked for; "" without one."""
    owners = (r.name for r in required if r.type == "TXT" and r.value.startswith("v=spf1"))
    return next((_plain(owner) for owner in owners if _plain(owner) != name), "")


def assess(
    id: str, required: tuple[RequiredRecord, ...], looks: int, include: str = ""
) -> Pipeline[MailAssessment]:
    """Judge the domain, and SPF where the platform's mail has it: on the MAIL FROM sub-domain.

    DKIM is judged by its CNAMEs, which the required records name; `include` is for none of them.
    """
    domain = PlatformDomain.of(id)
    below = mail_from_of(domain.name, required)
    own = tuple(r for r in required if not below or _plain(r.name) != below)
    mail = yield from do(AssessMail(domain.name, own, (), include, looks))
    mail = replace(mail, findings=tuple(f for f in mail.findings if _counts(f)))
    if not below:
        note = CAMPAIGN_SPF if domain.campaign else NO_MAIL_FROM
        return replace(mail, not_judged=(*mail.not_judged, note))
    rest = tuple(r for r in required if _plain(r.name) == below)
    return _both(mail, (yield from do(AssessMail(below, rest, (), include, looks))))


def protects(mail: MailAssessment, name: str) -> bool:
    """Whether everybody's mail goes to the domain's own exchanges: its MX must stay as it is."""
    return any(_warns(found, name) for found in mail.findings)


def without_mx(name: str, required: tuple[RequiredRecord, ...]) -> tuple[RequiredRecord, ...]:
    return tuple(r for r in required if r.type != "MX" or _plain(r.name) != name)


def kept_warning(before: MailAssessment | None, now: MailAssessment, name: str) -> MailAssessment:
    """The warning about everybody's mail stays once it was given: the MX is asked for no more."""
    warned = tuple(found for found in (before.findings if before else ()) if _warns(found, name))
    return now if protects(now, name) else replace(now, findings=warned + now.findings)


def _both(own: MailAssessment, below: MailAssessment) -> MailAssessment:
    said = tuple(f for f in below.findings if f.rule.startswith(_OF_MAIL_FROM))
    return MailAssessment(
        findings=own.findings + said,
        not_judged=own.not_judged,
        ready=own.ready and below.ready,
        missing=own.missing + below.missing,
        next_look=min((one.next_look for one in (own, below) if not one.ready), default=0.0),
        queries=own.queries + below.queries,
    )


def _warns(found: Finding, name: str) -> bool:
    return found.rule == CORPORATE.id and found.subject == name


def _unusable(name: str) -> str:
    try:
        DomainName.parse(name)
    except BadName as error:
        return error.reason
    return ""


def _counts(found: Finding) -> bool:
    """The domain's own SPF record says nothing of mail that leaves under another MAIL FROM."""
    return not found.rule.startswith("spf.") or found.severity >= Severity.CRITICAL


def _plain(name: str) -> str:
    return name.rstrip(".").lower()
