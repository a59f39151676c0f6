"""How each setting is read: its names in the environment and in `gc`, and its value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from ..errors import Problem
from ..names import BadName, DomainName
from ..secret import Secret
from .problems import MISSING


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text was found; `base` is the folder its relative paths start from."""

    text: str
    origin: str
    base: Path


Parse = Callable[[Place], object]
_ID = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,127}")  # it becomes one segment of a path
_YES, _NO = frozenset({"yes", "true", "on", "1"}), frozenset({"no", "false", "off", "0"})
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def _text(place: Place) -> str:
    return place.text.strip()


def _path(place: Place) -> Path:
    try:
        return (place.base / Path(place.text).expanduser()).resolve()
    except (RuntimeError, OSError, ValueError):
        raise ValueError("a path is needed, and ~NAME must be a user of this machine") from None


def _id(place: Place) -> str:
    text = place.text.strip()
    if not _ID.fullmatch(text):
        raise ValueError("an id is needed: letters, digits, - . _ ~, at most 128 of them")
    return text


def _line(place: Place) -> str:
    text = place.text.strip()
    if len(text) > 500 or not text.isprintable():
        raise ValueError("one line of at most 500 characters is needed")
    return text


def _words(place: Place) -> tuple[str, ...]:
    return tuple(place.text.replace(",", " ").split())


def _domain(place: Place) -> DomainName:
    try:
        name = DomainName.parse(place.text)
    except BadName as error:
        raise ValueError(f"a domain name is needed: {error.reason}") from None
    last = name.text.rpartition(".")[2]
    if last.isdigit():
        raise ValueError("a domain name is needed, and this is an address")
    if name.parent is None or last == "localhost":  # RFC 6761 section 6.3
        raise ValueError("a domain name of the public DNS is needed, as in mail.example.com")
    return name


def _seconds(place: Place) -> float:
    value = float(place.text) if _NUMBER.fullmatch(place.text) else -1.0
    if value <= 0:
        raise ValueError("a number above 0 is needed")
    return value


def _whole(low: int, high: int) -> Parse:
    def parse(place: Place) -> int:
        if not (place.text.isascii() and place.text.isdigit() and low <= int(place.text) <= high):
            raise ValueError(f"a whole number from {low} to {high} is needed")
        return int(place.text)

    return parse


def _one_of(*allowed: str) -> Parse:
    def parse(place: Place) -> str:
        if place.text not in allowed:
            raise ValueError(f"one of {', '.join(allowed)} is needed")
        return place.text

    return parse


def _yes_or_no(place: Place) -> bool:
    text = place.text.strip().lower()
    if text not in _YES | _NO:
        raise ValueError("yes or no is needed")
    return text in _YES


def _arguments(place: Place) -> tuple[str, ...]:
    """A command as its argument vector: no shell ever reads it."""
    try:
        found = json.loads(place.text)
    except ValueError:
        found = None
    if not (isinstance(found, list) and found and all(isinstance(one, str) for one in found)):
        raise ValueError('a JSON list of texts is needed, as in ["nginx", "-s", "reload"]')
    return tuple(found)


def _url(place: Place) -> str:
    parts = urlsplit(place.text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an http:// or https:// URL is needed")
    return place.text.strip()


def secret_text(place: Place) -> Secret:
    return Secret(place.text.rstrip("\r\n"))


@dataclass(frozen=True, slots=True)
class Row:
    """How a setting is read. `env`: its environment names, the guides' first; `gc`: profile key;
    `flag`: how the command line names it (empty: the setting's own name)."""

    parse: Parse = _text
    env: tuple[str, ...] = ()
    gc: str = ""
    several: bool = False
    flag: str = ""

    @property
    def secret(self) -> bool:
        return self.parse is secret_text


ROWS: Mapping[str, Row] = MappingProxyType(
    {
        "home": Row(_path, ("GCTRUST_HOME",)),
        "platform": Row(
            env=("GENESYS_REGION", "GENESYS_ENV_URL", "GENESYSCLOUD_REGION"),
            gc="environment",
            several=True,
        ),
        "dialect": Row(
            _one_of("guide", "platform", "auto"), ("GCTRUST_DIALECT", "GENESYS_DIALECT")
        ),
        "read_only": Row(_yes_or_no, ("GCTRUST_READ_ONLY",)),
        "profile": Row(env=("GCTRUST_PROFILE",), flag="--org"),
        "client_id": Row(
            env=("GENESYS_CLIENT_ID", "GENESYS_API_KEY", "GENESYSCLOUD_OAUTHCLIENT_ID"),
            gc="client_credentials",
        ),
        "client_secret": Row(
            secret_text,
            ("GENESYS_CLIENT_SECRET", "GENESYS_API_SECRET", "GENESYSCLOUD_OAUTHCLIENT_SECRET"),
            gc="client_secret",
        ),
        "grant_body": Row(_one_of("form", "json"), ("GCTRUST_GRANT_BODY",)),
        "proxy": Row(secret_text, ("GCTRUST_PROXY", "HTTPS_PROXY")),
        "target_domain": Row(_domain, ("TARGET_DOMAIN",), flag="NAME"),
        "cert_path": Row(_path, ("CERT_PATH",), flag="--cert"),
        "key_path": Row(_path, ("KEY_PATH",), flag="--key"),
        "chain_path": Row(_path, ("CHAIN_PATH",), flag="--chain"),
        "webhook_url": Row(_url, ("WEBHOOK_URL",)),
        "webhook_secret": Row(secret_text, ("WEBHOOK_SECRET",)),
        "webhook_token": Row(secret_text, ("WEBHOOK_TOKEN",)),
        "pin_client_id": Row(_id, ("PIN_CLIENT_ID",), flag="--client-id"),
        "service_id": Row(env=("SERVICE_ID",)),
        "new_cert_path": Row(_path, ("NEW_CERT_PATH",), flag="--new-cert"),
        "new_key_path": Row(_path, ("NEW_KEY_PATH",), flag="--new-key"),
        "old_cert_path": Row(_path, ("OLD_CERT_PATH",), flag="--old-cert"),
        "backup_cert_path": Row(_path, ("BACKUP_CERT_PATH",), flag="--backup-cert"),
        "pin_kind": Row(_one_of("certificate", "spki"), ("GCTRUST_PIN_KIND",)),
        "pin_issuer_path": Row(_path, ("GCTRUST_PIN_ISSUER_PATH",)),
        "pin_access_log": Row(_path, ("GCTRUST_PIN_ACCESS_LOG",)),
        "pin_reports": Row(_path, ("GCTRUST_PIN_REPORTS",)),
        "nameservers": Row(_words, ("GCTRUST_NAMESERVERS",)),
        "front_certificate": Row(_path, ("GCTRUST_FRONT_CERTIFICATE",)),
        "front_key": Row(_path, ("GCTRUST_FRONT_KEY",)),
        "front_secret": Row(env=("GCTRUST_FRONT_SECRET",)),
        "front_manifest": Row(_path, ("GCTRUST_FRONT_MANIFEST",)),
        "front_reload": Row(_arguments, ("GCTRUST_FRONT_RELOAD",)),
        "edge_port": Row(_whole(1, 65535), ("GCTRUST_EDGE_PORT",)),
        "edges": Row(_words, ("GCTRUST_EDGES",)),
        "mtls_endpoints": Row(_words, ("GCTRUST_MTLS_ENDPOINTS",)),
        "roots_file": Row(_path, ("GCTRUST_ROOTS_FILE",)),
        "reason": Row(_line, ("GCTRUST_REASON",), flag="--reason"),
        "ticket": Row(_line, ("GCTRUST_TICKET",), flag="--ticket"),
        "key_passphrase": Row(secret_text, ("GCTRUST_KEY_PASSPHRASE",)),
        "seal_key": Row(secret_text, ("GCTRUST_SEAL_KEY",)),
        "store_url": Row(secret_text, ("GCTRUST_STORE_URL",)),
        "spf_include": Row(env=("GCTRUST_SPF_INCLUDE",)),
        "dkim_selectors": Row(_words, ("GCTRUST_DKIM_SELECTORS",), flag="--selector"),
        "log": Row(_one_of("off", "text", "json"), ("GCTRUST_LOG",)),
        "log_level": Row(_one_of("debug", "info", "warning", "error"), ("GCTRUST_LOG_LEVEL",)),
        "otlp_endpoint": Row(_url, ("OTEL_EXPORTER_OTLP_ENDPOINT",)),
        "otlp_headers": Row(secret_text, ("OTEL_EXPORTER_OTLP_HEADERS",)),
        "timeout_token": Row(_seconds, ("GCTRUST_TIMEOUT_TOKEN",)),
        "timeout_deployment": Row(_seconds, ("GCTRUST_TIMEOUT_DEPLOYMENT",)),
        "timeout_audit": Row(_seconds, ("GCTRUST_TIMEOUT_AUDIT",)),
        "timeout_webhook": Row(_seconds, ("GCTRUST_TIMEOUT_WEBHOOK",)),
        "request_tries": Row(_whole(1, 10), ("GCTRUST_REQUEST_TRIES",)),
        "dns_tries": Row(_whole(1, 100), ("GCTRUST_DNS_TRIES",)),
        "dns_backoff_base": Row(_seconds, ("GCTRUST_DNS_BACKOFF_BASE",)),
        "dns_backoff_cap": Row(_seconds, ("GCTRUST_DNS_BACKOFF_CAP",)),
        "status_polls": Row(_whole(1, 1000), ("GCTRUST_STATUS_POLLS",)),
        "status_interval": Row(_seconds, ("GCTRUST_STATUS_INTERVAL",)),
        "horizon_hours": Row(_seconds, ("GCTRUST_HORIZON_HOURS",)),
    }
)

_USER_INFO = re.compile(r"//[^/?#\s]*@")


def without_user_info(text: str) -> str:
    """The text of a URL as it may be shown: who logs in, and how, is left out."""
    return _USER_INFO.sub("//***@", text)


def flag_of(name: str) -> str:
    """How the command line names a setting."""
    return ROWS[name].flag or f"--{name.replace('_', '-')}"


def missing(*names: str) -> Problem:
    """The Problem for settings that a command needs and nobody gave."""
    ways = [f"{name} ({' or '.join(_ways(name))})" for name in names]
    return Problem(MISSING, {"settings": list(names)}, hint=f"Set {' and '.join(ways)}.")


def _ways(name: str) -> tuple[str, ...]:
    row = ROWS[name]
    return (*((row.flag,) if row.flag else ()), *row.env)
