"""Who a token is: its organisation, its client, its grants; and the scopes there are."""

from __future__ import annotations

from ..answer import Answer, JsonObject
from ..platform import Platform
from ..platform_refusals import missing
from ..wire import Call
from .clients import client_json, roles_of
from .paging import chosen, query_of

SCOPES = (
    "audits:readonly", "authorization", "authorization:readonly", "identity-providers",
    "identity-providers:readonly", "integrations", "integrations:readonly", "notifications",
    "oauth", "oauth:readonly", "organization", "organization:readonly", "routing",
    "routing:readonly", "telephony", "telephony:readonly", "usage", "usage:readonly",
    "user-basic-info",
)  # fmt: skip
_SHOWN = {
    "id", "name", "dateCreated", "dateModified", "createdBy", "modifiedBy", "authorizedGrantType",
    "scope", "roleDivisions", "state", "dateToDelete",
}  # fmt: skip


async def me(platform: Platform, call: Call) -> Answer:
    chosen(query_of(call, platform.strict, "preserveIdleTTL"), "preserveIdleTTL", "true", "false")
    whose = _organisation(platform)
    client = client_json(platform, call.client)
    told = {name: value for name, value in client.items() if name in _SHOWN}
    body: JsonObject = {
        "organization": whose,
        "homeOrganization": whose,
        "authorizedScope": list(call.client.scopes),
        "OAuthClient": told | {"organization": whose},
    }
    return Answer(200, body)


async def check(platform: Platform, call: Call) -> Answer:
    return Answer(200)


async def revoke(platform: Platform, call: Call) -> Answer:
    call.effect = True
    platform.tokens.revoke(platform.tokens.find(call.request.headers["authorization"]))
    return Answer(204)


async def subject(platform: Platform, call: Call) -> Answer:
    query_of(call, platform.strict, "includeDuplicates", "includeFullRoles")
    divisions = dict(call.client.registration.role_divisions)
    grants = [
        {
            "subjectId": call.client.id,
            "division": {"id": divisions.get(role.id, "*"), "name": "All", "homeDivision": True},
            "role": {
                "id": role.id,
                "name": role.name,
                "default": False,
                "policies": [_policy(permission) for permission in role.permissions],
            },
            "grantMadeAt": platform.instant(call.client.registration.created),
        }
        for role in roles_of(platform, call.client)
    ]
    body: JsonObject = {
        "id": call.client.id,
        "name": call.client.name,
        "grants": grants,
        "version": call.client.version,
    }
    return Answer(200, body)


async def scopes(platform: Platform, call: Call) -> Answer:
    query_of(call, platform.strict)
    listed = [_scope(name) for name in SCOPES]
    return Answer(200, {"total": len(listed), "entities": listed, "selfUri": call.request.path})


async def scope(platform: Platform, call: Call) -> Answer:
    name = call.params["scopeId"]
    if name not in SCOPES:
        raise missing("scope", name)
    return Answer(200, _scope(name))


async def organisation(platform: Platform, call: Call) -> Answer:
    told = platform.seed.organisation
    body: JsonObject = {
        "id": told.id,
        "name": told.name,
        "defaultLanguage": "en-us",
        "defaultCountryCode": "US",
        "thirdPartyOrgName": told.name.lower(),
        "domain": told.name.lower(),
        "version": 1,
        "state": "active",
        "voicemailEnabled": False,
        "productPlatform": "GenesysCloud",
        "features": {},
        "selfUri": f"/api/v2/organizations/{told.id}",
    }
    return Answer(200, body)


def _organisation(platform: Platform) -> JsonObject:
    return {"id": platform.seed.organisation.id, "name": platform.seed.organisation.name}


def _policy(permission: str) -> JsonObject:
    domain, entity, action = [*permission.split(":"), "*", "*"][:3]
    return {"domain": domain, "entityName": entity, "actions": [action]}


def _scope(name: str) -> JsonObject:
    entity, _, only = name.partition(":")
    said = f"{'Read' if only else 'Read and change'}: {entity.replace('-', ' ')}"
    return {"id": name, "description": said, "selfUri": f"/api/v2/oauth/scopes/{name}"}
