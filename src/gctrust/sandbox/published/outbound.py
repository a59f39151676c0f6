"""Campaign (outbound) email domains of the published dialect: bounce CNAME and DKIM key in DNS.

The vendor's mail service looks when activation is asked for (PUT) and at no other time.
"""

from __future__ import annotations

import asyncio
from typing import Any

from publicsuffixlist import PublicSuffixList

from ..answer import Answer, JsonObject
from ..mail_look import dkim_public_key
from ..platform import Platform
from ..platform_records import FAILED, PENDING, VERIFIED, OutboundDomain
from ..platform_refusals import refuse
from ..wire import Call
from .changes import audited
from .checks import agrees, bounce, dmarc, sending
from .models import read_body
from .paging import chosen, listing, query_of
from .postino import (
    checked_settings,
    dmarc_json,
    find,
    listed,
    postino_name,
    record_json,
    refuse_beyond,
    refuse_taken,
    settings_json,
    update,
)

KIND = ("Emails", "OutboundDomain")
_SIMULATED = "MockEmailDomain"


async def list_all(platform: Platform, call: Call) -> Answer:
    query = query_of(call, platform.strict, "pageSize", "pageNumber", "filter", "expand")
    chosen(query, "expand", "settings")
    shown = listed(platform, query, call.view.published.outbound)
    return Answer(200, listing(call, query, shown, lambda one: _json(platform, one, call)))


async def create(platform: Platform, call: Call) -> Answer:
    body = read_body(call.request.body, "OutboundDomainCreateRequest", platform.strict)
    return await _make(platform, call, body, str(body.pop("senderType", "EmailDomain")))


async def simulate(platform: Platform, call: Call) -> Answer:
    """A domain that sends to nobody: active at once, without a record."""
    body = read_body(call.request.body, "OutboundDomainCreateRequest", platform.strict)
    body.pop("senderType", None)
    return await _make(platform, call, body, _SIMULATED)


async def read(platform: Platform, call: Call) -> Answer:
    chosen(query_of(call, platform.strict, "expand"), "expand", "settings")
    found = _find(platform, call)
    if call.view is platform.state.now:
        found = _update(platform, found, dmarc=await dmarc(platform, found.id))
    return Answer(200, _json(platform, found, call))


async def patch(platform: Platform, call: Call) -> Answer:
    found = _find(platform, call, writing=True)
    body = read_body(call.request.body, "OutboundDomainPatchRequest", platform.strict)
    sender = str(body.pop("senderType", found.sender_type))
    settings = checked_settings(platform, call, body)
    audited(platform, call, "Update", KIND, (found.id, found.id))
    found = _update(platform, found, sender_type=sender, settings={**found.settings, **settings})
    return Answer(200, _json(platform, found, call))


async def delete(platform: Platform, call: Call) -> Answer:
    found = _find(platform, call, writing=True)
    audited(platform, call, "Delete", KIND, (found.id, found.id))
    _update(platform, found, ended=platform.clock.now())
    return Answer(204)


async def activation(platform: Platform, call: Call) -> Answer:
    """What the last look saw."""
    return Answer(200, _result(platform, _find(platform, call), call))


async def activate(platform: Platform, call: Call) -> Answer:
    """Look now. A domain that has failed begins a new horizon."""
    found = _find(platform, call, writing=True)
    if not _provisioned(platform, found):
        raise refuse(
            400,
            "postino.invalid.domain.activation",
            "The domain [{domain}] is not provisioned yet",
            domain=found.id,
        )
    audited(platform, call, "Activate", KIND, (found.id, found.id))
    began = platform.clock.now() if FAILED in (found.bounce, found.dkim) else found.restarted
    has_bounce, has_key = await asyncio.gather(
        agrees(platform, [bounce(found)]), agrees(platform, [sending(found)])
    )
    seen = _update(
        platform,
        found,
        restarted=began,
        bounce=_status(platform, found.bounce, has_bounce, began),
        dkim=_status(platform, found.dkim, has_key, began),
    )
    return Answer(200, _result(platform, seen, call))


async def _make(platform: Platform, call: Call, body: JsonObject, sender: str) -> Answer:
    name = postino_name(str(body.pop("id")))
    body.pop("name")
    _refuse_root(name)
    refuse_taken(platform, name)
    held = platform.state.now.published.outbound
    limit = platform.seed.organisation.outbound_domains
    refuse_beyond(platform, held, limit, "outbound.domains.count")
    settings = checked_settings(platform, call, body)
    key = await asyncio.to_thread(dkim_public_key)
    refuse_taken(platform, name)  # made while the key was
    status = VERIFIED if sender == _SIMULATED else PENDING
    now = platform.clock.now()
    made = OutboundDomain(
        name, sender, key, created=now, restarted=now, settings=settings, bounce=status, dkim=status
    )
    audited(platform, call, "Create", KIND, (name, name))
    held[name] = made
    return Answer(202, _result(platform, made, call))


def _refuse_root(name: str) -> None:
    if PublicSuffixList().privatesuffix(name) in (None, name):
        raise refuse(
            400,
            "postino.invalid.domain.name",
            "The domain [{domain}] must be a sub-domain of your own domain",
            domain=name,
        )


def _status(platform: Platform, before: str, there: bool, began: float) -> str:
    if there or before == VERIFIED:
        return VERIFIED
    waited = platform.clock.now() - began
    return FAILED if waited > platform.seed.mail.horizon_seconds else PENDING


def _provisioned(platform: Platform, domain: OutboundDomain) -> bool:
    waited = platform.clock.now() - domain.created
    return waited >= platform.seed.organisation.provision_seconds


def _sender_status(platform: Platform, domain: OutboundDomain) -> str:
    if domain.ended is not None:
        return "Deprovisioned"
    if domain.sender_type == _SIMULATED or _provisioned(platform, domain):
        return "Provisioned"
    waited = platform.clock.now() - domain.created
    halfway = platform.seed.organisation.provision_seconds / 2
    return "RequestReceived" if waited < halfway else "ProvisionRequestSentVendor"


def _find(platform: Platform, call: Call, *, writing: bool = False) -> OutboundDomain:
    held = call.view.published.outbound
    return find(platform, call, held, call.params["domainId"], writing=writing)


def _update(platform: Platform, seen: OutboundDomain, **changes: Any) -> OutboundDomain:
    return update(platform.state.now.published.outbound, seen, **changes)


def _json(platform: Platform, domain: OutboundDomain, call: Call) -> JsonObject:
    """Statuses in capitals here, and capitalised in the activation result: so it is published."""
    settings = settings_json(call, domain.settings)
    settings.pop("customSMTPServer", None)  # taken by PATCH, and in no answer
    body: JsonObject = {
        "id": domain.id,
        "name": domain.id,
        "cnameVerificationResult": {
            "status": domain.bounce,
            "records": [record_json(bounce(domain))],
        },
        "dkimVerificationResult": {
            "status": domain.dkim,
            "records": [record_json(sending(domain))],
        },
        "senderType": domain.sender_type,
        **settings,
        "selfUri": f"/api/v2/routing/email/outbound/domains/{domain.id}",
    }
    if domain.dmarc is not None:
        body["dmarcVerificationResult"] = dmarc_json(platform, domain.id, domain.dmarc)
    return body


def _result(platform: Platform, domain: OutboundDomain, call: Call) -> JsonObject:
    settings = settings_json(call, domain.settings)
    settings.pop("customSMTPServer", None)
    body: JsonObject = {
        "domainName": domain.id,
        "dnsCnameBounceRecord": {
            "host": bounce(domain).name,
            "recordContents": bounce(domain).value,
            "verificationStatus": domain.bounce.capitalize(),
        },
        "dnsTxtSendingRecord": {
            "host": sending(domain).name,
            "recordContents": sending(domain).value,
            "verificationStatus": domain.dkim.capitalize(),
        },
        "senderStatus": _sender_status(platform, domain),
        "senderType": domain.sender_type,
        **settings,
    }
    if domain.dmarc is not None:
        body["dmarcVerificationResult"] = dmarc_json(platform, domain.id, domain.dmarc)
    return body
