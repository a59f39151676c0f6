"""The wire of the published API: frozen bodies of its answers, and how each is read and written.

Enumerations are open: a value nobody has seen stays "unknown", with the raw text beside it. The
same status comes in capitals, or capitalised, or as one word; it is compared without its case.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from urllib.parse import parse_qsl

from ...secret import Secret
from .wire import Answer, Body, RequiredRecord, known, write_json

T = TypeVar("T")
STATUSES: Final = frozenset({"pending", "verified", "failed"})
_MX: Final = frozenset({"valid", "invalid", "not_available"})
_DMARC: Final = frozenset({"notpresent", "invalid", "valid"})
_POLICIES: Final = frozenset({"none", "quarantine", "reject"})
_SENDERS: Final = frozenset(
    {"requestreceived", "provisionrequestsentvendor", "provisioned", "error", "deprovisioned"}
)
_ACTIONS: Final = frozenset({"current", "upcoming"})


@dataclass(frozen=True, slots=True)
class Enumerated:
    """`value` is in lower case, or "unknown"; `raw` as the wire has it."""

    value: str
    raw: str

    @classmethod
    def of(cls, raw: str, words: frozenset[str]) -> Enumerated:
        return cls(known(raw, words), raw)

    def __str__(self) -> str:
        return self.raw or "untold"


@dataclass(frozen=True, slots=True)
class Check:
    """VerificationResult: what the platform looks for, and whether it has found it."""

    status: Enumerated
    records: tuple[RequiredRecord, ...]


@dataclass(frozen=True, slots=True)
class MailFrom:
    domain: str
    check: Check


@dataclass(frozen=True, slots=True)
class Dmarc:
    status: Enumerated
    policy: Enumerated


@dataclass(frozen=True, slots=True)
class InboundDomain:
    """`mail_from` is "" where none is set; `dmarc` None where the platform tells none."""

    id: str
    mx: Enumerated
    sub_domain: bool
    mail_from: str
    dmarc: Dmarc | None


@dataclass(frozen=True, slots=True)
class CampaignDomain:
    id: str
    bounce: Check
    dkim: Check
    dmarc: Dmarc | None


@dataclass(frozen=True, slots=True)
class Activation:
    """EmailOutboundDomainResult: the two records have no type of their own in it."""

    domain: str
    bounce: Check
    dkim: Check
    sender: Enumerated
    dmarc: Dmarc | None


@dataclass(frozen=True, slots=True)
class ActionCertificate:
    """A client certificate of data actions; `pem` may hold a chain."""

    status: Enumerated
    authority: str
    pem: str


@dataclass(frozen=True, slots=True)
class Limit:
    key: str
    value: int


@dataclass(frozen=True, slots=True)
class TokenOwner:
    """Whose token it is; "" for what the platform does not tell."""

    organisation: str
    client: str


@dataclass(frozen=True, slots=True)
class Grants:
    """The permissions an OAuth client holds by its roles; `*` is every word in its place."""

    roles: tuple[str, ...]
    permissions: tuple[str, ...]

    def allow(self, permission: str) -> bool:
        return any(_covers(held, permission) for held in self.permissions)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of whichever kind: `count` of pages by number, the way on of the others, and what to
    ask for next by its own account, where the operation declares no page parameters."""

    entities: tuple[T, ...]
    count: int = 0
    onward: str = ""
    beyond: tuple[tuple[str, str], ...] = ()


def read_inbound(answer: Answer) -> InboundDomain:
    return _inbound(Body.of(answer))


def read_campaign(answer: Answer) -> CampaignDomain:
    return _campaign(Body.of(answer))


def read_check(answer: Answer) -> Check:
    return _check(Body.of(answer))


def read_mail_from(answer: Answer) -> MailFrom:
    body = Body.of(answer)
    return MailFrom(body.text("mailFromDomain").lower(), _check(body))


def read_activation(answer: Answer) -> Activation:
    body = Body.of(answer)
    return Activation(
        domain=body.text("domainName"),
        bounce=_entry(body, "dnsCnameBounceRecord", "CNAME"),
        dkim=_entry(body, "dnsTxtSendingRecord", "TXT"),
        sender=Enumerated.of(body.word("senderStatus"), _SENDERS),
        dmarc=_dmarc(body),
    )


def read_inbounds(answer: Answer) -> Page[InboundDomain]:
    return page_of(answer, _inbound)


def read_campaigns(answer: Answer) -> Page[CampaignDomain]:
    return page_of(answer, _campaign)


def read_action_certificates(answer: Answer) -> Page[ActionCertificate]:
    return page_of(answer, _action_certificate)


def page_of(answer: Answer, read: Callable[[Body], T]) -> Page[T]:
    """A listing's page, of whichever kind of paging."""
    body = Body.of(answer)
    entities = tuple(read(one) for one in body.bodies("entities"))
    return Page(entities, body.whole("pageCount", 0), _onward(body), _beyond(body))


def read_ids(answer: Answer) -> Page[str]:
    """The ids of any listing."""
    return page_of(answer, lambda body: body.text("id"))


def read_limits(answer: Answer) -> tuple[Limit, ...]:
    listed = Body.of(answer).bodies("entities")
    return tuple(Limit(one.text("key"), one.whole("value", -1)) for one in listed)


def read_grants(answer: Answer) -> Grants:
    roles, permissions = [], []
    for grant in Body.of(answer).bodies("grants"):
        role = grant.part("role")
        roles.append(role.word("name"))
        for policy in role.bodies("policies"):
            head = f"{policy.word('domain')}:{policy.word('entityName')}"
            permissions += [f"{head}:{action}" for action in policy.words("actions")]
    return Grants(tuple(dict.fromkeys(roles)), tuple(dict.fromkeys(permissions)))


def read_owner(answer: Answer) -> TokenOwner:
    body = Body.of(answer)
    return TokenOwner(body.part("organization").word("name"), body.part("OAuthClient").word("name"))


def write_inbound(domain: str) -> Secret:
    return write_json({"id": domain, "subDomain": False})


def write_campaign(domain: str) -> Secret:
    """Both names: the document asks for `name`, and the Terraform provider sends `id` alone."""
    return write_json({"id": domain, "name": domain})


def write_mail_from(name: str) -> Secret:
    return write_json({"mailFromDomain": name})


def write_message(sender: str, to: str) -> Secret:
    text = "A test message: this domain can send."
    told: dict[str, object] = {"from": {"email": sender}, "to": [{"email": to}]}
    return write_json(told | {"subject": "Test of a mail domain", "textBody": text})


def _inbound(body: Body) -> InboundDomain:
    return InboundDomain(
        id=body.text("id"),
        mx=Enumerated.of(body.word("mxRecordStatus"), _MX),
        sub_domain=body.get("subDomain", bool, False),
        mail_from=body.part("mailFromSettings").word("mailFromDomain").lower(),
        dmarc=_dmarc(body),
    )


def _campaign(body: Body) -> CampaignDomain:
    return CampaignDomain(
        id=body.text("id"),
        bounce=_check(body.part("cnameVerificationResult")),
        dkim=_check(body.part("dkimVerificationResult")),
        dmarc=_dmarc(body),
    )


def _check(body: Body) -> Check:
    records = tuple(
        RequiredRecord(one.text("type").upper(), one.text("name"), one.text("value"))
        for one in body.bodies("records")
    )
    return Check(Enumerated.of(body.word("status"), STATUSES), records)


def _entry(body: Body, name: str, type: str) -> Check:
    entry = body.part(name)
    status = Enumerated.of(entry.word("verificationStatus"), STATUSES)
    if not entry.has("host"):  # not provisioned yet
        return Check(status, ())
    return Check(status, (RequiredRecord(type, entry.text("host"), entry.text("recordContents")),))


def _dmarc(body: Body) -> Dmarc | None:
    if not body.has("dmarcVerificationResult"):
        return None
    told = body.part("dmarcVerificationResult")
    return Dmarc(
        Enumerated.of(told.word("status"), _DMARC),
        Enumerated.of(told.word("detectedPolicy"), _POLICIES),
    )


def _action_certificate(body: Body) -> ActionCertificate:
    return ActionCertificate(
        Enumerated.of(body.word("status"), _ACTIONS),
        body.word("signingAuthority"),
        body.text("certificate"),
    )


def _onward(body: Body) -> str:
    """A cursor, an `after` inside the link to the next page, or a page token."""
    for name in ("cursor", "after", "nextPage"):
        if text := body.word(name, 8000):
            return text
    _, mark, rest = body.word("nextUri", 8000).partition("after=")
    return rest.partition("&")[0] if mark else ""


def _beyond(body: Body) -> tuple[tuple[str, str], ...]:
    """The query of the link to the next page; where none is told, by number up to `pageCount`."""
    if link := body.word("nextUri", 8000):
        return tuple(parse_qsl(link.partition("?")[2]))
    number, count, size = (body.whole(f"page{name}", 0) for name in ("Number", "Count", "Size"))
    if not 0 < number < count:
        return ()
    return (("pageSize", str(size)), ("pageNumber", str(number + 1)))


def _covers(held: str, wanted: str) -> bool:
    pairs = zip(held.split(":"), wanted.split(":"), strict=False)
    return held.count(":") == wanted.count(":") and all(h in ("*", w) for h, w in pairs)
