"""What stands around email domains: routes, settings, identity resolution, test connections."""

from __future__ import annotations

from ..answer import Answer, JsonObject
from ..platform import Platform, new_id
from ..platform_records import VERIFIED, InboundDomain, Kept
from ..platform_refusals import missing, refuse
from ..wire import Call
from .changes import Shelf
from .models import read_body
from .paging import chosen, listing, query_of
from .postino import find

SETTINGS = Shelf("email settings", ("Emails", "EmailSetting"), "email.error.settings.not.found")
ROUTES = Shelf("email routes", ("Emails", "InboundRoute"))
RESOLUTIONS = Shelf("identity resolution", ("Emails", "InboundRoute"))


async def list_settings(platform: Platform, call: Call) -> Answer:
    query = query_of(call, platform.strict, "pageSize", "pageNumber")
    return Answer(200, listing(call, query, SETTINGS.listed(platform, call), _setting))


async def create_setting(platform: Platform, call: Call) -> Answer:
    body = read_body(call.request.body, "EmailSetting", platform.strict)
    return Answer(200, _setting(SETTINGS.add(platform, call, body)))


async def read_setting(platform: Platform, call: Call) -> Answer:
    return Answer(200, _setting(SETTINGS.read(platform, call, call.params["emailSettingId"])))


async def patch_setting(platform: Platform, call: Call) -> Answer:
    found = SETTINGS.live(platform, call, call.params["emailSettingId"])
    body = read_body(call.request.body, "EmailSetting", platform.strict)
    return Answer(200, _setting(SETTINGS.change(platform, call, found, {**found.body, **body})))


async def delete_setting(platform: Platform, call: Call) -> Answer:
    SETTINGS.end(platform, call, SETTINGS.live(platform, call, call.params["emailSettingId"]))
    return Answer(204)


async def list_routes(platform: Platform, call: Call) -> Answer:
    query = query_of(call, platform.strict, "pageSize", "pageNumber", "pattern", "expand")
    chosen(query, "expand", "identityresolution")
    domain, wanted = _domain(platform, call).id, query.get("pattern", "")
    held = [
        one
        for one in ROUTES.listed(platform, call)
        if one.body["domain"] == domain and wanted in str(one.body["pattern"])
    ]
    return Answer(200, listing(call, query, held, _route))


async def create_route(platform: Platform, call: Call) -> Answer:
    body = read_body(call.request.body, "InboundRoute", platform.strict)
    domain = _domain(platform, call).id
    body = {"name": f"{body['pattern']}@{domain}", **body, "domain": domain}
    return Answer(200, _route(ROUTES.add(platform, call, body)))


async def read_route(platform: Platform, call: Call) -> Answer:
    return Answer(200, _route(_find_route(platform, call)))


async def replace_route(platform: Platform, call: Call) -> Answer:
    found = _find_route(platform, call, writing=True)
    body = read_body(call.request.body, "InboundRoute", platform.strict)
    kept = {"name": found.body["name"], **body, "domain": found.body["domain"]}
    return Answer(200, _route(ROUTES.change(platform, call, found, kept)))


async def delete_route(platform: Platform, call: Call) -> Answer:
    ROUTES.end(platform, call, _find_route(platform, call, writing=True))
    return Answer(204)


async def read_resolution(platform: Platform, call: Call) -> Answer:
    route = _find_route(platform, call)
    held = call.view.published.collection(RESOLUTIONS.name).get(route.id)
    body = dict(held.body) if held is not None else {"resolveIdentities": False}
    return Answer(200, body | {"selfUri": call.request.path})


async def put_resolution(platform: Platform, call: Call) -> Answer:
    route = _find_route(platform, call, writing=True)
    body = read_body(call.request.body, "RouteIdentityResolutionConfig", platform.strict)
    RESOLUTIONS.add(platform, call, body, route.id)
    return Answer(200, body | {"selfUri": call.request.path})


async def test_inbound(platform: Platform, call: Call) -> Answer:
    domain = _domain(platform, call, "domainId")
    own_server = "customSMTPServer" in domain.settings
    return _tested(platform, call, own_server, domain.verification.status == VERIFIED)


async def test_outbound(platform: Platform, call: Call) -> Answer:
    domain = find(platform, call, call.view.published.outbound, call.params["domainId"])
    ready = domain.bounce == domain.dkim == VERIFIED
    return _tested(platform, call, "customSMTPServer" in domain.settings, ready)


def _tested(platform: Platform, call: Call, own_server: bool, ready: bool) -> Answer:
    """No mail is sent: a test is judged by what the platform knows of the domain."""
    raw = call.request.body
    given = raw.strip() not in (b"", b"null")  # the official client writes no body as null
    body = read_body(raw, "TestMessage", platform.strict) if given else {}
    if not (own_server or (ready and body)):
        raise refuse(
            400,
            "email.error.integration.connection",
            "The domain [{domain}] has no SMTP server of its own and cannot send yet",
            domain=call.params["domainId"],
        )
    told: JsonObject = {"id": new_id(), "time": platform.instant(platform.clock.now())}
    return Answer(200, body | told)


def _domain(platform: Platform, call: Call, param: str = "domainName") -> InboundDomain:
    return find(platform, call, call.view.published.inbound, call.params[param])


def _find_route(platform: Platform, call: Call, *, writing: bool = False) -> Kept:
    domain, key = _domain(platform, call).id, call.params["routeId"]
    found = (ROUTES.live if writing else ROUTES.read)(platform, call, key)
    if found.body["domain"] != domain:
        raise missing("InboundRoute", key)
    return found


def _setting(kept: Kept) -> JsonObject:
    uri = f"/api/v2/routing/email/setting/{kept.id}"
    return {**kept.body, "id": kept.id, "selfUri": uri}


def _route(kept: Kept) -> JsonObject:
    body = {name: value for name, value in kept.body.items() if name != "domain"}
    uri = f"/api/v2/routing/email/domains/{kept.body['domain']}/routes/{kept.id}"
    return {**body, "id": kept.id, "status": "Active", "selfUri": uri}
