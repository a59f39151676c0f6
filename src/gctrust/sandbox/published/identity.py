"""Identity providers (SAML): the fixed ones by name and custom ones by id, with the signing
certificates that customers upload and rotate. `certificates` may hold the old and the new."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from ..answer import Answer, JsonObject
from ..platform import Platform
from ..platform_records import Kept
from ..platform_refusals import refuse
from ..wire import Call
from .certificates import read_certificates, refuse_undated
from .changes import Shelf
from .models import read_body
from .paging import query_of, undeclared, whole

PROVIDERS = Shelf("identity providers", ("PeoplePermissions", "IdentityProvider"))
FIXED: Mapping[str, tuple[str, str]] = {  # path segment: request model, name
    "adfs": ("SAMLProvider", "ADFS"),
    "cic": ("SAMLProvider", "Customer Interaction Center"),
    "generic": ("CustomProvider", "Generic SAML"),
    "gsuite": ("SAMLProvider", "Google Workspace"),
    "identitynow": ("SAMLProvider", "IdentityNow"),
    "okta": ("SAMLProvider", "Okta"),
    "onelogin": ("SAMLProvider", "OneLogin"),
    "ping": ("SAMLProvider", "Ping Identity"),
    "purecloud": ("PureCloud", "PureCloud"),
    "pureengage": ("PureEngage", "PureEngage"),
    "salesforce": ("SAMLProvider", "Salesforce"),
}
_WHOLE = "identitynow"  # the one fixed provider whose PUT answers it whole
_PATH = "/api/v2/identityproviders"
_LISTED_WITHOUT = ("endpointCompression", "autoProvisionUsers")
_BRIEF = ("id", "name", "disabled", "selfUri")
_LARGEST_LOGO = 25_000


async def list_all(platform: Platform, call: Call) -> Answer:
    query = query_of(call, platform.strict, *undeclared(platform))
    held = PROVIDERS.listed(platform, call)

    def told(one: Kept) -> JsonObject:
        return _but(_json(one), _LISTED_WITHOUT)

    return Answer(200, whole(platform, call, query, held, told))


async def create(platform: Platform, call: Call) -> Answer:
    body = _read(platform, call, "CustomProvider")
    if not (body.get("name") or body.get("providerName")):
        raise refuse(400, "missing.provider.name", "The provider needs a name")
    body.setdefault("name", body.get("providerName"))
    return Answer(200, _json(PROVIDERS.add(platform, call, body)))


async def read(platform: Platform, call: Call) -> Answer:
    return Answer(200, _json(PROVIDERS.read(platform, call, call.params["providerId"])))


async def replace_one(platform: Platform, call: Call) -> Answer:
    found = PROVIDERS.live(platform, call, call.params["providerId"])
    body = _read(platform, call, "CustomProvider")
    body.setdefault("name", found.body["name"])
    return Answer(200, _json(PROVIDERS.change(platform, call, found, body)))


async def delete(platform: Platform, call: Call) -> Answer:
    PROVIDERS.end(platform, call, PROVIDERS.live(platform, call, call.params["providerId"]))
    return Answer(204)


async def read_fixed(platform: Platform, call: Call) -> Answer:
    return Answer(200, _json(PROVIDERS.read(platform, call, _fixed(call))))


async def put_fixed(platform: Platform, call: Call) -> Answer:
    """Makes it or replaces it."""
    key = _fixed(call)
    model, name = FIXED[key]
    body = {"name": name} | _read(platform, call, model)
    held = platform.state.now.published.collection(PROVIDERS.name).get(key)
    if held is None or held.ended is not None:
        made = PROVIDERS.add(platform, call, body, key)
    else:
        made = PROVIDERS.change(platform, call, held, body)
    told = _json(made)
    return Answer(200, told if key == _WHOLE else {name: told[name] for name in _BRIEF})


async def delete_fixed(platform: Platform, call: Call) -> Answer:
    PROVIDERS.end(platform, call, PROVIDERS.live(platform, call, _fixed(call)))
    return Answer(202, {})


def _fixed(call: Call) -> str:
    return call.request.path.rpartition("/")[2]


def _read(platform: Platform, call: Call, model: str) -> JsonObject:
    body = read_body(call.request.body, model, platform.strict)
    if model == "PureCloud":
        return body
    listed = body.get("certificates")
    certificates = list(listed) if isinstance(listed, list) else []
    if "certificate" in body:
        certificates.append(body["certificate"])
    for text in certificates:
        for certificate in read_certificates(str(text)):
            refuse_undated(platform, certificate)
    _check(body)
    return body


def _check(body: JsonObject) -> None:
    from_metadata = "metadataURL" in body
    if not (from_metadata or body.get("issuerURI")):
        raise refuse(400, "missing.issuer.uri", "The provider needs an issuer URI")
    for name in ("ssoTargetURI", "sloURI", "metadataURL"):
        if name in body and not _is_url(str(body[name])):
            raise refuse(400, "invalid.target.url", "[{url}] is not a URL", url=str(body[name]))
    if len(str(body.get("logoImageData", ""))) > _LARGEST_LOGO:
        raise refuse(400, "provider.logo.too.large", "The logo is too large")


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _json(kept: Kept) -> JsonObject:
    told: JsonObject = {"disabled": False, **kept.body}
    return told | {"id": kept.id, "selfUri": f"{_PATH}/{kept.id}"}


def _but(body: JsonObject, names: tuple[str, ...]) -> JsonObject:
    return {name: value for name, value in body.items() if name not in names}
