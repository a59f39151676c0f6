"""The seed: what the sandbox holds when it starts and after a reset, read strictly from JSON.

`seeds/default.json` is complete; a seed file replaces the parts it names.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import resources
from typing import Any, TypeVar, cast

from .answer import MalformedError
from .state import OAuthClient
from .zone_data import BadRecord, Record

PartT = TypeVar("PartT")
PARTS = ("randomSeed", "limits", "hostile", "mail", "clients", "zones", "servers", "comment")


@dataclass(frozen=True, slots=True)
class Limits:
    per_minute: int = 300  # per token, platform default
    tokens_per_minute: int = 300  # token requests per client


@dataclass(frozen=True, slots=True)
class Hostility:
    """What clients meet without any fault rule. All zero: an obliging platform."""

    stale_list_reads: int = 1  # lists that do not show a new email domain yet
    stale_status_reads: int = 1  # reads that still say pending after DNS was found right
    audit_lag_seconds: float = 2.0  # before an audit entry can be read
    deploy_seconds: float = 2.0  # before an edge serves an uploaded certificate


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
class Servers:
    nameservers: int = 2
    mtls: int = 3


@dataclass(frozen=True, slots=True)
class Seed:
    random_seed: int
    limits: Limits
    hostile: Hostility
    mail: Mail
    servers: Servers
    clients: tuple[OAuthClient, ...]
    zones: tuple[Record, ...]


def load_seed(text: str | None = None) -> Seed:
    """The default seed with the parts of `text` in place of its own. Raises MalformedError."""
    packaged = resources.files(__package__).joinpath("seeds", "default.json")
    document = json.loads(packaged.read_text("utf-8"))
    if text is not None:
        document |= _object(text)
    unknown = sorted(set(document) - set(PARTS))
    if unknown:
        raise MalformedError(f"seed: unknown part {unknown[0]}")
    return Seed(
        random_seed=int(document.get("randomSeed", 0)),
        limits=_part(Limits, document, "limits"),
        hostile=_part(Hostility, document, "hostile"),
        mail=_part(Mail, document, "mail"),
        servers=_part(Servers, document, "servers"),
        clients=tuple(parse_client(item) for item in document.get("clients", [])),
        zones=parse_records(document.get("zones", [])),
    )


def parse_records(listed: object) -> tuple[Record, ...]:
    """Records from JSON objects {name, type, ttl, value}. Raises MalformedError."""
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise MalformedError("records must be a list of objects")
    try:
        return tuple(Record.parse({"ttl": 60} | item) for item in listed)
    except BadRecord as error:
        raise MalformedError(f"record: {error}") from None


CLIENT_FIELDS: Mapping[str, tuple[str, tuple[type, ...]]] = {
    "id": ("id", (str,)),
    "name": ("name", (str,)),
    "secret": ("secret", (str,)),
    "scopes": ("scopes", (list,)),
    "roles": ("roles", (list,)),
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


def parse_client(item: object) -> OAuthClient:
    """An OAuth client from JSON; `pins` is [primary, fallback, backup]."""
    if not isinstance(item, dict) or not isinstance(item.get("id"), str):
        raise MalformedError("a client needs an id")
    values: dict[str, Any] = {"name": item["id"], "secret": secrets.token_urlsafe(24), "scopes": []}
    for key, value in item.items():
        if key == "pins":
            values |= _pins(value)
            continue
        name, types = CLIENT_FIELDS.get(key, ("", ()))
        if not name or not isinstance(value, types):
            raise MalformedError(f"client {item['id']}: {key} is unknown or has the wrong type")
        values[name] = value
    values["scopes"] = tuple(values["scopes"])
    values["roles"] = tuple(values.get("roles", ()))
    return OAuthClient(**values)


def _pins(value: object) -> dict[str, Any]:
    if not isinstance(value, list) or len(value) > len(_PIN_SLOTS):
        raise MalformedError("pins must be a list of at most three")
    return dict(zip(_PIN_SLOTS, value, strict=False))


def _object(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise MalformedError(f"seed: not JSON: {error}") from None
    if not isinstance(document, dict):
        raise MalformedError("seed: must be a JSON object")
    return cast(dict[str, Any], document)


def _part(kind: type[PartT], document: Mapping[str, Any], name: str) -> PartT:
    """A part's dataclass from its camelCase JSON; each value must have its default's type."""
    known = {_camel(slot.name): slot for slot in fields(cast(Any, kind))}
    values: dict[str, Any] = {}
    for key, value in cast(Mapping[str, Any], document.get(name, {})).items():
        slot = known.get(key)
        if slot is None or not isinstance(value, _accepted(slot.default)):
            raise MalformedError(f"seed: {name}.{key} is unknown or has the wrong type")
        values[slot.name] = value
    return kind(**values)


def _accepted(default: object) -> tuple[type, ...]:
    return (int, float) if isinstance(default, float) else (type(default),)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
