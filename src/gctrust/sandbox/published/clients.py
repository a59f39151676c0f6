"""OAuth clients of the published dialect: one secret each, no pin, no certificate, no PATCH.

A secret is told when it is made and never again, as announced for 2025. Deleting wants the client
inactive first.
"""

from __future__ import annotations

import secrets
from dataclasses import replace

from ..answer import Answer, JsonObject
from ..platform import Platform, new_id
from ..platform_records import Change
from ..platform_refusals import constraint, missing, refuse
from ..state import OAuthClient, Registration, Role
from ..wire import Call
from .changes import audited
from .models import read_body
from .paging import query_of, undeclared, whole

KIND = ("PeoplePermissions", "OAuthClient")
SHORTEST, USUAL, LONGEST = 300, 86_400, 172_800  # seconds of a token
_CREDENTIALS = "CLIENT-CREDENTIALS"


async def list_all(platform: Platform, call: Call) -> Answer:
    query = query_of(call, platform.strict, *undeclared(platform))
    now, delays = platform.clock.now(), platform.seed.hostile.delays
    held = [c for c in call.view.clients.values() if delays.shows(c, now, listing=True)]
    return Answer(200, whole(platform, call, query, held, lambda one: client_json(platform, one)))


async def create(platform: Platform, call: Call) -> Answer:
    body = read_body(call.request.body, "OAuthClientRequest", platform.strict)
    now = platform.clock.now()
    started = Registration(created=now, created_by=call.client.id)
    blank = OAuthClient(new_id(), "", secrets.token_urlsafe(32), (), registration=started)
    made = _filled(platform, blank, body, call.client.id)
    state = audited(platform, call, "Create", KIND, (made.id, made.name))
    state.put_client(made)
    return Answer(200, client_json(platform, made) | {"secret": made.secret})


async def read(platform: Platform, call: Call) -> Answer:
    return Answer(200, client_json(platform, _find(platform, call)))


async def replace_one(platform: Platform, call: Call) -> Answer:
    """The whole request model: what is left out is emptied, not kept."""
    found = _live(platform, call)
    body = read_body(call.request.body, "OAuthClientRequest", platform.strict)
    made = _filled(platform, found, body, call.client.id)
    told = [Change("state", found.registration.state, made.registration.state)]
    state = audited(platform, call, "Update", KIND, (made.id, made.name), told)
    state.put_client(made)
    return Answer(200, client_json(platform, made))


async def delete(platform: Platform, call: Call) -> Answer:
    found = _live(platform, call)
    if found.registration.state != "inactive":
        raise refuse(
            400,
            "cannot.delete.client",
            "Clients must be marked as inactive to be eligible for deletion.",
        )
    state = audited(platform, call, "Delete", KIND, (found.id, found.name))
    ended = replace(found.registration, ended=platform.clock.now())
    state.put_client(replace(found, registration=ended))
    return Answer(200)


async def new_secret(platform: Platform, call: Call) -> Answer:
    """No overlap: the old secret is refused from this instant. Issued tokens live on."""
    found = _live(platform, call)
    made = _modified(platform, replace(found, secret=secrets.token_urlsafe(32)), call.client.id)
    state = audited(platform, call, "Rotate", KIND, (made.id, made.name))
    state.put_client(made)
    return Answer(200, client_json(platform, made) | {"secret": made.secret})


def client_json(platform: Platform, client: OAuthClient) -> JsonObject:
    told = client.registration
    body: JsonObject = {
        "id": client.id,
        "name": client.name,
        "accessTokenValiditySeconds": client.token_seconds,
        "description": told.description,
        "registeredRedirectUri": list(told.redirects),
        "scope": list(client.scopes),
        "roleDivisions": [{"roleId": r, "divisionId": d} for r, d in told.role_divisions],
        "roleIds": list(dict.fromkeys(role for role, _ in told.role_divisions)),
        "authorizedGrantType": told.grant_type,
        "state": told.state,
        "dateCreated": platform.instant(told.created),
        "dateModified": platform.instant(told.modified or told.created),
        "selfUri": f"/api/v2/oauth/clients/{client.id}",
    }
    for name, who in (("createdBy", told.created_by), ("modifiedBy", told.modified_by)):
        if who:
            body[name] = {"id": who, "selfUri": f"/api/v2/users/{who}"}
    return body | ({"dateToDelete": told.date_to_delete} if told.date_to_delete else {})


def roles_of(platform: Platform, client: OAuthClient) -> list[Role]:
    return [role for role in platform.seed.roles if {role.id, role.name} & {*client.roles}]


def permissions_of(platform: Platform, client: OAuthClient) -> frozenset[str]:
    granted = (p for role in roles_of(platform, client) for p in role.permissions)
    return frozenset((*client.permissions, *granted))


def _filled(platform: Platform, old: OAuthClient, body: JsonObject, author: str) -> OAuthClient:
    _check(platform, body)
    grants = _grants(body)
    roles = tuple(dict.fromkeys(role for role, _ in grants)) or old.roles
    told = replace(
        old.registration,
        grant_type=str(body["authorizedGrantType"]),
        description=str(body.get("description", "")),
        redirects=tuple(_texts(body.get("registeredRedirectUri"))),
        role_divisions=grants,
        state=str(body.get("state", "active")),
        date_to_delete=str(body.get("dateToDelete", "")),
    )
    seconds = body.get("accessTokenValiditySeconds", USUAL)
    made = replace(
        old,
        name=str(body["name"]),
        scopes=tuple(_texts(body.get("scope"))),
        token_seconds=seconds if isinstance(seconds, int) else USUAL,
        roles=roles,
        registration=told,
    )
    return _modified(platform, made, author)


def _check(platform: Platform, body: JsonObject) -> None:
    grant = body["authorizedGrantType"]
    seconds = body.get("accessTokenValiditySeconds", SHORTEST)
    if not (isinstance(seconds, int) and SHORTEST <= seconds <= LONGEST):
        raise constraint("accessTokenValiditySeconds", f"must be from {SHORTEST} to {LONGEST}")
    if grant == _CREDENTIALS and not _grants(body):
        raise refuse(
            400, "missing.client.roles", "Client credentials grants must have at least one role."
        )
    if grant != _CREDENTIALS and not body.get("scope"):
        raise refuse(400, "missing.client.scope", "The client must have at least one scope.")
    known = {role.id for role in platform.seed.roles}
    for role, _ in _grants(body):
        if role not in known:
            raise refuse(400, "bad.client.role", "Role [{role}] does not exist.", role=role[:100])


def _grants(body: JsonObject) -> tuple[tuple[str, str], ...]:
    pairs = body.get("roleDivisions")
    listed = [(p["roleId"], p["divisionId"]) for p in pairs] if isinstance(pairs, list) else []
    return tuple(listed) or tuple((role, "*") for role in _texts(body.get("roleIds")))


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _modified(platform: Platform, client: OAuthClient, author: str) -> OAuthClient:
    told = replace(client.registration, modified=platform.clock.now(), modified_by=author)
    return replace(client, registration=told, version=client.version + 1)


def _find(platform: Platform, call: Call) -> OAuthClient:
    key = call.params["clientId"]
    found = call.view.clients.get(key)
    if found is None or not platform.seed.hostile.delays.shows(found, platform.clock.now()):
        raise missing("client", key, "client.not.found")
    return found


def _live(platform: Platform, call: Call) -> OAuthClient:
    found = _find(platform, call)
    if found.ended is not None:
        raise missing("client", found.id, "client.not.found")
    return found
