"""Inbound email domains of the published dialect: made, read, changed, verified in real DNS.

DKIM, MAIL FROM and ownership are three checks with a horizon of their own; there is no overall
status, as in the published API.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..answer import Answer, JsonObject
from ..mail_look import dkim_public_key
from ..platform import Platform
from ..platform_records import VERIFIED, Change, Check, InboundDomain
from ..platform_refusals import refuse
from ..state import RequiredRecord
from ..wire import Call
from ..zone.data import Record
from .changes import audited
from .checks import (
    SES,
    begun,
    easy_dkim,
    inbound_mx,
    looked_at,
    mail_from,
    ownership,
    refreshed,
    restarted,
)
from .models import read_body
from .paging import chosen, listing, query_of
from .postino import (
    checked_settings,
    dmarc_json,
    find,
    listed,
    postino_name,
    refuse_beyond,
    refuse_taken,
    result,
    settings_json,
    update,
)

KIND = ("Emails", "InboundDomain")
DKIM_TOKENS = 3


async def list_all(platform: Platform, call: Call) -> Answer:
    query = query_of(
        call, platform.strict, "pageSize", "pageNumber", "excludeStatus", "filter", "expand"
    )
    chosen(query, "expand", "settings")
    bare = chosen(query, "excludeStatus", "true", "false") == "true"
    shown = listed(platform, query, call.view.published.inbound)
    without = ("mxRecordStatus",) if bare else ()

    def show(one: InboundDomain) -> JsonObject:
        told = _json(platform, one, call).items()
        return {name: value for name, value in told if name not in without}

    return Answer(200, listing(call, query, shown, show))


async def create(platform: Platform, call: Call) -> Answer:
    body = read_body(call.request.body, "InboundDomainCreateRequest", platform.strict)
    sub_domain = bool(body.pop("subDomain", False))
    suffix = f".{platform.seed.organisation.root_domain}" if sub_domain else ""
    name = postino_name(f"{body.pop('id')}{suffix}")
    refuse_taken(platform, name)
    held = platform.state.now.published.inbound
    limit = platform.seed.organisation.inbound_domains
    refuse_beyond(platform, held, limit, "domains.count")
    settings = checked_settings(platform, call, body)
    now = platform.clock.now()
    made = InboundDomain(
        id=name,
        sub_domain=sub_domain,
        token=base64.b64encode(secrets.token_bytes(32)).decode(),
        dkim_tokens=tuple(secrets.token_hex(16) for _ in range(DKIM_TOKENS)),
        created=now,
        verification=_checked(now, sub_domain),
        dkim=_checked(now, sub_domain),
        mail_from_check=begun(now),
        mail_from=_mail_from_name(settings.pop("mailFromSettings", None), name, sub_domain),
        settings=settings,
    )
    state = audited(platform, call, "Create", KIND, (name, name))
    state.now.published.inbound[name] = made
    await _publish_keys(platform, made)
    return Answer(200, _json(platform, made, call))


async def read(platform: Platform, call: Call) -> Answer:
    chosen(query_of(call, platform.strict, "expand"), "expand", "settings")
    found = _find(platform, call)
    if call.view is platform.state.now:
        seen = await looked_at(platform, found)
        found = _update(platform, found, mx=seen.mx, mx_looked=seen.mx_looked, dmarc=seen.dmarc)
    return Answer(200, _json(platform, found, call))


async def patch(platform: Platform, call: Call) -> Answer:
    found = _find(platform, call, writing=True)
    body = read_body(call.request.body, "InboundDomainPatchRequest", platform.strict)
    changed = _patched(platform, call, found, body)
    told = [
        Change(name, str(found.settings.get(name, "")), str(value)) for name, value in body.items()
    ]
    audited(platform, call, "Update", KIND, (found.id, found.id), told)
    platform.state.now.published.inbound[found.id] = changed
    return Answer(200, _json(platform, changed, call))


async def validate(platform: Platform, call: Call) -> Answer:
    """Settings are judged as a change would be, and nothing changes."""
    found = _find(platform, call, writing=True)
    body = read_body(call.request.body, "InboundDomainPatchRequest", platform.strict)
    return Answer(200, _json(platform, _patched(platform, call, found, body), call))


async def delete(platform: Platform, call: Call) -> Answer:
    found = _find(platform, call, writing=True)
    audited(platform, call, "Delete", KIND, (found.id, found.id))
    _update(platform, found, ended=platform.clock.now())
    return Answer(200)


async def verification(platform: Platform, call: Call) -> Answer:
    found = _find(platform, call)
    found = await _looked(platform, call, found, "verification", [ownership(found)])
    return Answer(200, _verification(platform, found))


async def restart_verification(platform: Platform, call: Call) -> Answer:
    found = _find(platform, call, writing=True)
    audited(platform, call, "Verify", KIND, (found.id, found.id))
    check = restarted(platform, found.verification)
    return Answer(200, _verification(platform, _update(platform, found, verification=check)))


async def dkim(platform: Platform, call: Call) -> Answer:
    found = _find(platform, call)
    found = await _looked(platform, call, found, "dkim", easy_dkim(found))
    return Answer(200, result(found.dkim, _dkim_records(found)))


async def restart_dkim(platform: Platform, call: Call) -> Answer:
    found = _find(platform, call, writing=True)
    audited(platform, call, "Update", KIND, (found.id, found.id))
    found = _update(platform, found, dkim=restarted(platform, found.dkim))
    return Answer(200, result(found.dkim, _dkim_records(found)))


async def read_mail_from(platform: Platform, call: Call) -> Answer:
    found = _find(platform, call)
    if not found.mail_from:
        raise refuse(
            404,
            "email.domain.mailfrom.notfound",
            "The domain [{domain}] has no MAIL FROM domain",
            domain=found.id,
        )
    # SES asks for the MX record alone; SPF decides only whether its mail passes.
    records = mail_from(found, platform.seed.organisation)[:1]
    found = await _looked(platform, call, found, "mail_from_check", records)
    return Answer(200, _mail_from(platform, found))


async def set_mail_from(platform: Platform, call: Call) -> Answer:
    found = _find(platform, call, writing=True)
    body = read_body(call.request.body, "MailFromResult", platform.strict)
    name = _mail_from_name(body, found.id, found.sub_domain)
    told = [Change("mailFromDomain", found.mail_from, name)]
    audited(platform, call, "Update", KIND, (found.id, found.id), told)
    check = Check(restarted=platform.clock.now())
    if name == found.mail_from:
        check = restarted(platform, found.mail_from_check)
    found = _update(platform, found, mail_from=name, mail_from_check=check)
    return Answer(200, _mail_from(platform, found))


async def setup(platform: Platform, call: Call) -> Answer:
    return Answer(200, {"rootDomain": platform.seed.organisation.root_domain})


def _patched(
    platform: Platform, call: Call, found: InboundDomain, body: JsonObject
) -> InboundDomain:
    settings = checked_settings(platform, call, body)
    told = settings.pop("mailFromSettings", None)
    changed = replace(found, settings={**found.settings, **settings})
    if told is None:
        return changed
    name = _mail_from_name(told, found.id, found.sub_domain)
    if name == found.mail_from:
        return changed
    return replace(changed, mail_from=name, mail_from_check=Check(restarted=platform.clock.now()))


def _mail_from_name(told: object, domain: str, sub_domain: bool) -> str:
    if not isinstance(told, dict):
        return ""
    name = postino_name(str(told["mailFromDomain"]))
    if sub_domain or not name.endswith(f".{domain}"):
        raise refuse(
            400,
            "postino.invalid.domain.name",
            "The MAIL FROM domain [{name}] must be a sub-domain of [{domain}]",
            name=name,
            domain=domain,
        )
    return name


async def _looked(
    platform: Platform,
    call: Call,
    found: InboundDomain,
    slot: str,
    records: Sequence[RequiredRecord],
) -> InboundDomain:
    """The domain after a look for one check. A restart made while DNS was asked wins."""
    if call.view is not platform.state.now or found.sub_domain:
        return found
    before: Check = getattr(found, slot)
    check = await refreshed(platform, before, records)
    current = platform.state.now.published.inbound.get(found.id, found)
    if getattr(current, slot) != before:
        return current
    return _update(platform, found, **{slot: check})


def _find(platform: Platform, call: Call, *, writing: bool = False) -> InboundDomain:
    held = call.view.published.inbound
    return find(platform, call, held, call.params["domainId"], writing=writing)


def _update(platform: Platform, seen: InboundDomain, **changes: Any) -> InboundDomain:
    return update(platform.state.now.published.inbound, seen, **changes)


def _checked(now: float, done: bool) -> Check:
    """The vendor has its own DNS in order: a sub-domain of the region needs no record."""
    return Check(now, VERIFIED, VERIFIED, now) if done else begun(now)


async def _publish_keys(platform: Platform, domain: InboundDomain) -> None:
    """SES's side of Easy DKIM: the keys behind the CNAMEs, one key for all of a sandbox's."""
    platform.ses_key = platform.ses_key or await asyncio.to_thread(dkim_public_key)
    platform.publish(
        [
            Record(f"{token}.dkim.{SES}", "TXT", 60, f"v=DKIM1; k=rsa; p={platform.ses_key}")
            for token in domain.dkim_tokens
        ]
    )


def _json(platform: Platform, domain: InboundDomain, call: Call) -> JsonObject:
    body: JsonObject = {
        "id": domain.id,
        "name": domain.id,
        "mxRecordStatus": domain.mx,
        "subDomain": domain.sub_domain,
        **settings_json(call, domain.settings),
        "selfUri": f"/api/v2/routing/email/domains/{domain.id}",
    }
    if domain.mail_from:
        body["mailFromSettings"] = _mail_from(platform, domain)
    if domain.dmarc is not None:
        body["dmarcVerificationResult"] = dmarc_json(platform, domain.id, domain.dmarc)
    return body


def _verification(platform: Platform, domain: InboundDomain) -> JsonObject:
    records = (ownership(domain), inbound_mx(domain, platform.seed.organisation))
    return result(domain.verification, () if domain.sub_domain else records)


def _dkim_records(domain: InboundDomain) -> Sequence[RequiredRecord]:
    return () if domain.sub_domain else easy_dkim(domain)


def _mail_from(platform: Platform, domain: InboundDomain) -> JsonObject:
    records = mail_from(domain, platform.seed.organisation)
    shown = result(domain.mail_from_check, records)
    return shown | {"mailFromDomain": domain.mail_from}
