"""Certificate authorities of telephony edges (BYOC Premises): the organisation's own, MANAGED, and
those customers add, REMOTE."""

from __future__ import annotations

from collections.abc import Mapping

from ..answer import Answer, JsonObject
from ..platform import Platform
from ..platform_records import Kept
from ..platform_refusals import invalid_value, refuse
from ..wire import Call
from .certificates import chain_json, read_certificates
from .changes import Shelf
from .models import read_body
from .paging import query_of, undeclared, whole

AUTHORITIES = Shelf(
    "certificate authorities",
    ("", "CertificateAuthority"),
    "general.resource.not.found",
)
MANAGED_ID = "6d616e61-6765-4420-8661-757468303031"


async def list_all(platform: Platform, call: Call) -> Answer:
    query = query_of(call, platform.strict, *undeclared(platform))
    held = [_managed(platform), *AUTHORITIES.listed(platform, call)]
    return Answer(200, whole(platform, call, query, held, lambda one: _json(platform, one)))


async def create(platform: Platform, call: Call) -> Answer:
    body = _read(platform, call)
    return Answer(200, _json(platform, AUTHORITIES.add(platform, call, body)))


async def read(platform: Platform, call: Call) -> Answer:
    return Answer(200, _json(platform, _find(platform, call)))


async def replace_one(platform: Platform, call: Call) -> Answer:
    found = _find(platform, call, writing=True)
    body = _read(platform, call)
    version = body.pop("version", found.version)
    if version != found.version:
        raise refuse(
            409,
            "version.conflict",
            "Version [{told}] is not the current version [{current}]",
            told=str(version),
            current=str(found.version),
        )
    return Answer(200, _json(platform, AUTHORITIES.change(platform, call, found, body)))


async def delete(platform: Platform, call: Call) -> Answer:
    AUTHORITIES.end(platform, call, _find(platform, call, writing=True))
    return Answer(200)


def _read(platform: Platform, call: Call) -> JsonObject:
    body = read_body(call.request.body, "DomainCertificateAuthority", platform.strict)
    if body["type"] != "REMOTE":
        raise invalid_value(body["type"], "type", ["REMOTE"])
    read_certificates(str(body["certificate"]))
    return body


def _find(platform: Platform, call: Call, *, writing: bool = False) -> Kept:
    key = call.params["certificateId"]
    if key != MANAGED_ID:
        return (AUTHORITIES.live if writing else AUTHORITIES.read)(platform, call, key)
    if writing:
        raise refuse(400, "bad.request", "A MANAGED certificate authority cannot be changed")
    return _managed(platform)


def _managed(platform: Platform) -> Kept:
    """The sandbox's own authority stands in for the organisation's."""
    body: Mapping[str, object] = {
        "name": f"{platform.seed.organisation.name} managed authority",
        "certificate": platform.roots_pem,
        "type": "MANAGED",
        "services": ["SIP", "PROVISION", "PROVISION_PHONE"],
    }
    return Kept(MANAGED_ID, body, 0.0, 0.0, "")


def _json(platform: Platform, kept: Kept) -> JsonObject:
    chain = read_certificates(str(kept.body["certificate"]))
    told: JsonObject = {
        **{name: value for name, value in kept.body.items() if name != "version"},
        "id": kept.id,
        "version": kept.version,
        "dateCreated": platform.instant(kept.created),
        "dateModified": platform.instant(kept.modified),
        "state": "active" if kept.ended is None else "deleted",
        "certificateDetails": chain_json(platform, chain),
        "selfUri": f"/api/v2/telephony/providers/edges/certificateauthorities/{kept.id}",
    }
    return told | ({"createdBy": kept.author} if kept.author else {})
