"""The seed: what the sandbox holds when it starts and after a reset, read strictly from JSON.

`seeds/default.json` is complete; a seed file replaces the parts it names. A fault is told with its
place in the document: `clients[0].scopes: must be a list of texts`.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import resources
from typing import Any, TypeVar, cast

from .answer import MalformedError
from .platform_records import Delays
from .state import OAuthClient, Role
from .zone.data import BadRecord, Record, rrsets

PartT = TypeVar("PartT")
PARTS = (
    "randomSeed", "limits", "hostile", "mail", "organisation", "roles", "clients", "zones",
    "servers", "comment", "label",
)  # fmt: skip

MOST_SERVERS = 16
SHA256_BYTES = 32
_NAMES = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class Limits:
    per_minute: int = 300  # per token, platform default
    tokens_per_minute: int = 300  # token requests per client
    per_client: bool = False  # stricter than the platform: all tokens of a client share a window


@dataclass(frozen=True, slots=True)
class Hostility:
    """What clients meet without any fault rule. All zero: an obliging platform."""

    stale_list_reads: int = 1  # lists that do not show a new email domain yet
    stale_status_reads: int = 1  # reads that still say pending after DNS was found right
    audit_lag_seconds: float = 2.0  # before an audit entry can be read
    deploy_seconds: float = 2.0  # before an edge serves an uploaded certificate
    appear_seconds: float = 1.0  # published dialect: a new thing is 404 for so long,
    listed_seconds: float = 3.0  # and missing from lists for so long;
    vanish_seconds: float = 2.0  # a deleted one is still read for so long
    strange_fields: int = 0  # published dialect: fields nobody knows, in every answer
    paged_listings: int = 0  # so many at a time where an operation has no page parameters; 0: all

    @property
    def delays(self) -> Delays:
        return Delays(self.appear_seconds, self.listed_seconds, self.vanish_seconds)


@dataclass(frozen=True, slots=True)
class Mail:
    """What the platform asks of an email domain's DNS."""

    inbound_host: str = "inbound-smtp.genesyscloud.com"
    spf_include: str = "genesyscloud.com"
    dkim_selector: str = "default"
    ownership_label: str = "_genesys"
    recheck_seconds: float = 5.0  # a status read looks at DNS again after this long
    horizon_seconds: float = 259_200.0  # 72 h, then failed until a restart


@dataclass(frozen=True, slots=True)
class Organisation:
    """The organisation of the published dialect, its limits and its slow processes."""

    id: str = "5f3a7e0c-2b41-4d8e-9a6d-c0b1f2e3d4a5"
    name: str = "Sandbox"
    root_domain: str = "mypurecloud.com"  # what a sub-domain of the region ends in
    aws_region: str = "us-east-1"
    integration: str = "8d0c3b7e-51a9-4f6b-8e2a-7c9d0e1f2a3b"  # the only one mail may refer to
    inbound_domains: int = 2
    outbound_domains: int = 15
    provision_seconds: float = 5.0  # before a campaign domain can be activated
    audit_query_seconds: float = 2.0  # before an audit query has succeeded
    action_certificate_days: float = 365.0  # from one switch to the next
    action_upcoming_days: float = 30.0  # the next one is shown for so long before it
    action_unsettled_seconds: float = 600.0  # reads disagree for so long after it


@dataclass(frozen=True, slots=True)
class Servers:
    nameservers: int = 2
    mtls: int = 3
    ticket_seconds: float = 0.0  # life of a TLS session ticket of the mTLS edges; 0: none


@dataclass(frozen=True, slots=True)
class Seed:
    """`label` says what its zones are, for everyone who shows answers of these name servers."""

    random_seed: int
    limits: Limits
    hostile: Hostility
    mail: Mail
    organisation: Organisation
    servers: Servers
    roles: tuple[Role, ...]
    clients: tuple[OAuthClient, ...]
    zones: tuple[Record, ...]
    label: str = ""


def load_seed(text: str | None = None) -> Seed:
    """The default seed with the parts of `text` in place of its own. Raises MalformedError."""
    packaged = resources.files(__package__).joinpath("seeds", "default.json")
    document = json.loads(packaged.read_text("utf-8"))
    if text is not None:
        document |= _object(text)
    unknown = sorted(set(document) - set(PARTS))
    if unknown:
        raise MalformedError(f"seed: {unknown[0]}: no such part; parts are {', '.join(PARTS)}")
    servers = _part(Servers, document, "servers")
    if not (1 <= servers.nameservers <= MOST_SERVERS and 1 <= servers.mtls <= MOST_SERVERS):
        raise MalformedError(f"seed: servers: numbers from 1 to {MOST_SERVERS}")
    return Seed(
        random_seed=_checked(document["randomSeed"], (int,), "seed: randomSeed"),
        limits=_part(Limits, document, "limits"),
        hostile=_part(Hostility, document, "hostile"),
        mail=_part(Mail, document, "mail"),
        organisation=_organisation(document),
        servers=servers,
        roles=_roles(document.get("roles", [])),
        clients=_clients(document["clients"]),
        zones=parse_records(document["zones"], "seed: zones"),
        label=_checked(document.get("label", ""), (str,), "seed: label"),
    )


def parse_records(listed: object, place: str = "records") -> tuple[Record, ...]:
    """Records from JSON objects {name, type, ttl, value}. Raises MalformedError."""
    if not isinstance(listed, list):
        raise MalformedError(f"{place}: must be a list of objects")
    return tuple(_record(item, f"{place}[{n}]") for n, item in enumerate(listed))


def _record(item: object, place: str) -> Record:
    if not isinstance(item, dict):
        raise MalformedError(f"{place}: must be an object")
    unknown = sorted(set(item) - {slot.name for slot in fields(Record)})
    if unknown:
        raise MalformedError(f"{place}.{unknown[0]}: no such field of a record")
    try:
        record = Record.parse({"ttl": 60} | item)
        rrsets([record])  # what its name, type and value say, before anything is changed
    except BadRecord as error:
        raise MalformedError(f"{place}: {error}") from None
    return record


CLIENT_FIELDS: Mapping[str, tuple[str, tuple[type, ...]]] = {
    "id": ("id", (str,)),
    "name": ("name", (str,)),
    "secret": ("secret", (str,)),
    "scopes": ("scopes", (list,)),
    "roles": ("roles", (list,)),
    "permissions": ("permissions", (list,)),
    "tokenSeconds": ("token_seconds", (int,)),
    "mtlsRequired": ("mtls_required", (bool,)),
    "certificateChain": ("chain", (str,)),
    "chain": ("chain", (str,)),
    "serviceId": ("service_id", (str, type(None))),
    "primaryPin": ("primary_pin", (str, type(None))),
    "fallbackPin": ("fallback_pin", (str, type(None))),
    "backupPin": ("backup_pin", (str, type(None))),
    "maxPinCount": ("max_pin_count", (int,)),
    "pinKind": ("pin_kind", (str,)),
}
_PIN_SLOTS = ("primary_pin", "fallback_pin", "backup_pin")
PIN_KINDS = ("certificate", "spki")
MOST_PINS = 3


def parse_client(item: object, place: str = "client") -> OAuthClient:
    """An OAuth client from JSON; `pins` is [primary, fallback, backup]. Raises MalformedError."""
    if not isinstance(item, dict) or not isinstance(item.get("id"), str) or not item["id"]:
        raise MalformedError(f"{place}: must be an object with an id")
    values: dict[str, Any] = {"name": item["id"], "secret": secrets.token_urlsafe(24), "scopes": []}
    for key, value in item.items():
        if key == "pins":
            values |= _pins(value, f"{place}.pins")
            continue
        name, types = CLIENT_FIELDS.get(key, ("", ()))
        if not name:
            raise MalformedError(f"{place}.{key}: no such field of a client")
        values[name] = _checked(value, types, f"{place}.{key}")
    values["scopes"] = _texts(values["scopes"], f"{place}.scopes")
    for name in ("roles", "permissions"):
        values[name] = _texts(values.get(name, []), f"{place}.{name}")
    return _sensible(OAuthClient(**values), place)


def _organisation(document: Mapping[str, Any]) -> Organisation:
    told = _part(Organisation, document, "organisation")
    if not 0 < told.action_upcoming_days <= told.action_certificate_days:
        raise MalformedError(
            "seed: organisation.actionUpcomingDays: more than 0, at most actionCertificateDays"
        )
    return told


def _roles(listed: object) -> tuple[Role, ...]:
    if not isinstance(listed, list):
        raise MalformedError("seed: roles: must be a list of objects")
    return tuple(_role(item, f"seed: roles[{n}]") for n, item in enumerate(listed))


def _role(item: object, place: str) -> Role:
    if not isinstance(item, dict) or set(item) != {"id", "name", "permissions"}:
        raise MalformedError(f"{place}: must be an object of id, name and permissions")
    permissions = _checked(item["permissions"], (list,), f"{place}.permissions")
    return Role(
        _checked(item["id"], (str,), f"{place}.id"),
        _checked(item["name"], (str,), f"{place}.name"),
        _texts(permissions, f"{place}.permissions"),
    )


def _clients(listed: object) -> tuple[OAuthClient, ...]:
    if not isinstance(listed, list):
        raise MalformedError("seed: clients: must be a list of objects")
    clients = tuple(parse_client(item, f"seed: clients[{n}]") for n, item in enumerate(listed))
    if len({client.id for client in clients}) < len(clients):
        raise MalformedError("seed: clients: two have the same id")
    return clients


def _sensible(client: OAuthClient, place: str) -> OAuthClient:
    if client.token_seconds < 1:
        raise MalformedError(f"{place}.tokenSeconds: must be at least 1")
    if not 1 <= client.max_pin_count <= MOST_PINS:
        raise MalformedError(f"{place}.maxPinCount: must be 1 to {MOST_PINS}")
    if client.pin_kind not in PIN_KINDS:
        raise MalformedError(f"{place}.pinKind: must be one of {', '.join(PIN_KINDS)}")
    for pin in client.pins:
        if not is_pin(pin):
            raise MalformedError(f"{place}: a pin is not base64 of a SHA-256 digest")
    return client


def is_pin(text: str) -> bool:
    """Whether it is base64, padded, of a SHA-256 digest."""
    try:
        return len(base64.b64decode(text, validate=True)) == SHA256_BYTES
    except (binascii.Error, ValueError):
        return False


def _pins(value: object, place: str) -> dict[str, Any]:
    if not isinstance(value, list) or len(value) > len(_PIN_SLOTS):
        raise MalformedError(f"{place}: must be a list of at most three")
    return {
        slot: _checked(pin, (str, type(None)), f"{place}[{n}]")
        for n, (slot, pin) in enumerate(zip(_PIN_SLOTS, value, strict=False))
    }


def _texts(listed: Sequence[object], place: str) -> tuple[str, ...]:
    if not all(isinstance(item, str) for item in listed):
        raise MalformedError(f"{place}: must be a list of texts")
    return tuple(cast(Sequence[str], listed))


def _object(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"seed: not JSON: {error}") from None
    if not isinstance(document, dict):
        raise MalformedError("seed: must be a JSON object")
    return cast(dict[str, Any], document)


def _part(kind: type[PartT], document: Mapping[str, Any], name: str) -> PartT:
    """A part's dataclass from its camelCase JSON; each value must have its default's type."""
    known = {_camel(slot.name): slot for slot in fields(cast(Any, kind))}
    values: dict[str, Any] = {}
    part = _checked(document.get(name, {}), (dict,), f"seed: {name}")
    for key, value in part.items():
        slot = known.get(key)
        if slot is None:
            raise MalformedError(f"seed: {name}.{key}: no such field; it has {', '.join(known)}")
        values[slot.name] = _checked(value, _accepted(slot.default), f"seed: {name}.{key}")
    return kind(**values)


def _checked(value: Any, types: tuple[type, ...], place: str) -> Any:
    """The value, of one of these types; a number is finite and not negative."""
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        wanted = " or ".join(_NAMES.get(kind, kind.__name__) for kind in types)
        raise MalformedError(f"{place}: must be {wanted}")
    if isinstance(value, int | float) and not 0 <= value < math.inf:
        raise MalformedError(f"{place}: must not be negative or infinite")
    return value


def _accepted(default: object) -> tuple[type, ...]:
    return (int, float) if isinstance(default, float) else (type(default),)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
