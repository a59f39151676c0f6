"""Email domains of the guide dialect: register, read, list, delete, restart the verification."""

from __future__ import annotations

import re
from dataclasses import replace

from ..answer import Answer, Detail, JsonObject, Refusal, invalid, not_found
from ..fields import Field, read_object, read_query
from ..mail_look import required_records
from ..platform import Platform, new_id
from ..state import EMAIL_FAILED, EMAIL_PENDING, EMAIL_VERIFIED, EmailDomain
from ..wire import Call

_BODY = (
    Field("domain", required=True),
    Field("verification", required=True, choices=("dns",)),
)
# A-labels of letters, digits and hyphens (RFC 1035 section 2.3.1, RFC 1123 section 2.1).
_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})+\Z")


async def create(platform: Platform, call: Call) -> Answer:
    body = read_object(call.request.body, _BODY, platform.strict)
    name = domain_name(str(body["domain"]))
    existing = call.view.email_domain_named(name)
    if existing is not None:
        raise _taken(name)
    records = await required_records(name, platform.seed.mail)
    if platform.state.now.email_domain_named(name) is not None:  # made while the key was
        raise _taken(name)
    now = platform.clock.now()
    made = EmailDomain(
        new_id(), name, records, created=now, restarted=now, last_look=now,
        stale_reads=platform.seed.hostile.stale_list_reads,
    )  # fmt: skip
    call.change().put_email_domain(made)
    return Answer(201, _json(platform, made))


async def read(platform: Platform, call: Call) -> Answer:
    """A read looks at DNS again when the last look is old enough."""
    found = _find(call)
    if call.view is platform.state.now:
        found = await _refresh(platform, found)
    return Answer(200, _json(platform, found))


async def list_all(platform: Platform, call: Call) -> Answer:
    query = read_query(call.request.query, ("domain",), platform.strict)
    wanted = query.get("domain", "").lower().rstrip(".")
    listed = []
    for one in list(call.view.email_domains.values()):
        if wanted and one.domain != wanted:
            continue
        if one.stale_reads > 0:  # eventual consistency: a new domain is listed late
            platform.state.put_email_domain(replace(one, stale_reads=one.stale_reads - 1))
            continue
        listed.append(_json(platform, one))
    return Answer(200, {"entities": listed, "total": len(listed)})


async def delete(platform: Platform, call: Call) -> Answer:
    found = _find(call)
    del call.change().now.email_domains[found.id]
    return Answer(204)


async def verify(platform: Platform, call: Call) -> Answer:
    """Look at DNS now; a failed domain is pending again and gets a new horizon."""
    found = _find(call)
    if found.status == EMAIL_FAILED:
        found = replace(found, status=EMAIL_PENDING, shown_status=EMAIL_PENDING)
    found = replace(found, restarted=platform.clock.now(), last_look=None)
    call.change().put_email_domain(found)
    return Answer(200, _json(platform, await _refresh(platform, found)))


def domain_name(text: str) -> str:
    name = text.lower().rstrip(".")
    if not _DOMAIN.match(name):
        raise invalid("domain", f"[{text}] is not a domain name", "invalid.domain.name")
    return name


def _taken(name: str) -> Refusal:
    return Refusal(
        409,
        f"The email domain [{name}] is already registered",
        "email.domain.exists",
        (Detail("email.domain.exists", "domain", entity_name=name),),
    )


def _find(call: Call) -> EmailDomain:
    found = call.view.email_domains.get(call.params["id"])
    if found is None:
        raise not_found("email domain", call.params["id"])
    return found


async def _refresh(platform: Platform, domain: EmailDomain) -> EmailDomain:
    """Look at DNS when it is time; the first right look may be read late."""
    now, mail = platform.clock.now(), platform.seed.mail
    looked = domain
    due = domain.last_look is None or now - domain.last_look >= mail.recheck_seconds
    if domain.status == EMAIL_PENDING and due:
        found = await platform.look.found(domain.records)
        looked = replace(domain, found=found, last_look=now, status=_judge(platform, domain, found))
    return _shown(platform, domain, looked)


def _judge(platform: Platform, domain: EmailDomain, found: tuple[str, ...]) -> str:
    if len(found) == len(domain.records):
        return EMAIL_VERIFIED
    waited = platform.clock.now() - domain.restarted
    return EMAIL_FAILED if waited > platform.seed.mail.horizon_seconds else EMAIL_PENDING


def _shown(platform: Platform, before: EmailDomain, looked: EmailDomain) -> EmailDomain:
    """A verdict just reached is hidden for `stale_status_reads` reads."""
    if platform.state.now.email_domains.get(looked.id) is None:
        return looked  # deleted while DNS was asked
    hidden = platform.seed.hostile.stale_status_reads
    if looked.status != before.status and hidden > 0:
        kept = replace(looked, stale_reads=0, hidden_reads=hidden - 1)
    elif looked.hidden_reads > 0:
        kept = replace(looked, hidden_reads=looked.hidden_reads - 1)
    else:
        kept = replace(looked, shown_status=looked.status)
    return platform.state.put_email_domain(kept)


def _json(platform: Platform, domain: EmailDomain) -> JsonObject:
    return {
        "id": domain.id,
        "domain": domain.domain,
        "status": domain.shown_status,
        "verification": [
            {
                "type": record.type,
                "name": record.name,
                "value": record.value,
                "purpose": record.purpose,
                "status": _record_status(domain, record.purpose),
            }
            for record in domain.records
        ],
        "createdDate": platform.instant(domain.created),
        "selfUri": f"/api/v2/organization/emaildomains/{domain.id}",
    }


def _record_status(domain: EmailDomain, purpose: str) -> str:
    if domain.shown_status != domain.status:
        return EMAIL_PENDING
    return EMAIL_VERIFIED if purpose in domain.found else EMAIL_PENDING
