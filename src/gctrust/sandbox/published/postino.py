"""What inbound and campaign domains of the published dialect have in common: names, limits,
settings that refer to other resources, and how checks are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from ..answer import JsonObject, Refusal
from ..guide.email import domain_name
from ..platform import Platform
from ..platform_records import Check, DmarcSeen, InboundDomain, OutboundDomain
from ..platform_refusals import missing, refuse
from ..state import RequiredRecord
from ..wire import Call

DomainT = TypeVar("DomainT", InboundDomain, OutboundDomain)
_SERVERS = ("customSMTPServer", "imapSettings", "graphApiSettings")


def postino_name(text: str) -> str:
    """Raises Refusal 400 postino.invalid.domain.name."""
    try:
        return domain_name(text)
    except Refusal:
        raise refuse(
            400,
            "postino.invalid.domain.name",
            "The domain name [{name}] is not valid",
            name=text[:300],
        ) from None


def find(
    platform: Platform, call: Call, held: Mapping[str, DomainT], key: str, *, writing: bool = False
) -> DomainT:
    """Raises Refusal 404 for what is not there yet or no more; a change finds only what lives."""
    found = held.get(key.lower())
    shown = found is not None and platform.seed.hostile.delays.shows(found, platform.clock.now())
    if found is None or not shown or (writing and found.ended is not None):
        code = "postino.domain.not.found" if writing else "postino.error.not.found"
        raise missing("domain", key.lower(), code)
    return found


def listed(
    platform: Platform, query: Mapping[str, str], held: Mapping[str, DomainT]
) -> list[DomainT]:
    """Those in lists by now, whose name has the `filter` in it."""
    now, delays = platform.clock.now(), platform.seed.hostile.delays
    wanted = query.get("filter", "").lower()
    shown = (one for one in held.values() if delays.shows(one, now, listing=True))
    return [one for one in shown if wanted in one.id]


def update(held: dict[str, DomainT], seen: DomainT, **changes: Any) -> DomainT:
    """Change the domain as it is now: others may have changed it while DNS was asked."""
    made = replace(held.get(seen.id, seen), **changes)
    if seen.id in held:
        held[seen.id] = made
    return made


def refuse_taken(platform: Platform, name: str) -> None:
    """A name is taken from its first instant until the last trace of its deletion is gone."""
    now, published = platform.clock.now(), platform.state.now.published
    delays = platform.seed.hostile.delays
    for held in (published.inbound.get(name), published.outbound.get(name)):
        if held is not None and delays.holds(held, now):
            raise refuse(
                400, "postino.domain.exists", "The domain [{domain}] already exists", domain=name
            )


def refuse_beyond(
    platform: Platform, held: Mapping[str, InboundDomain | OutboundDomain], limit: int, key: str
) -> None:
    """Raises Refusal 400 when the organisation holds as many as it may."""
    now, delays = platform.clock.now(), platform.seed.hostile.delays
    if sum(delays.holds(one, now) for one in held.values()) >= limit:
        refusal = refuse(
            400,
            "postino.max.domains.exceeded",
            "The organization has reached its limit of [{limit}] domains",
            limit=str(limit),
        )
        refusal.limit = {"key": key, "namespace": "email", "value": limit}
        raise refusal


def checked_settings(platform: Platform, call: Call, body: Mapping[str, object]) -> JsonObject:
    """Raises Refusal for an integration or an e-mail setting nobody has."""
    for name in _SERVERS:
        told = body.get(name)
        reference = told.get("integration", told) if isinstance(told, dict) else {}
        key = reference.get("id") if isinstance(reference, dict) else None
        if told is not None and key != platform.seed.organisation.integration:
            raise refuse(
                400,
                "email.error.invalid.integration",
                "The integration [{id}] of [{setting}] cannot be used for e-mail",
                id=str(key),
                setting=name,
            )
    setting = body.get("emailSetting")
    held = call.view.published.collection("email settings")
    if isinstance(setting, dict) and setting.get("id") not in held:
        raise missing("EmailSetting", str(setting.get("id")), "email.error.settings.not.found")
    return dict(body)


def dmarc_json(platform: Platform, domain: str, seen: DmarcSeen) -> JsonObject:
    """`records` is the least the platform recommends, told where nothing is published."""
    least = RequiredRecord("TXT", f"_dmarc.{domain}", "v=DMARC1; p=none", "dmarc")
    return {
        "status": seen.status,
        "detectedPolicy": seen.policy,
        "dateChecked": platform.instant(seen.checked),
        "records": [] if seen.status == "Valid" else [record_json(least)],
    }


def settings_json(call: Call, settings: Mapping[str, object]) -> JsonObject:
    """References as the platform shows them; the e-mail setting whole only with `expand`."""
    shown: JsonObject = {}
    for name, value in settings.items():
        if name == "emailSetting" and isinstance(value, dict):
            shown[name] = _setting(call, str(value["id"]))
        elif name in ("imapSettings", "graphApiSettings") and isinstance(value, dict):
            shown[name] = {**value, "status": "Active"}
        else:
            shown[name] = value
    return shown


def result(check: Check, records: Sequence[RequiredRecord]) -> JsonObject:
    return {"status": check.shown, "records": [record_json(record) for record in records]}


def _setting(call: Call, key: str) -> JsonObject:
    held = call.view.published.collection("email settings").get(key)
    reference: JsonObject = {"id": key, "selfUri": f"/api/v2/routing/email/setting/{key}"}
    expanded = ("expand", "settings") in call.request.query
    return {**(held.body if held is not None and expanded else {}), **reference}


def record_json(record: RequiredRecord) -> JsonObject:
    return {"name": record.name, "type": record.type, "value": record.value}
