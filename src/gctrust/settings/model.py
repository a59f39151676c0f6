"""Settings: one frozen record of everything a user can choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from ..names import DomainName
from ..secret import Secret
from .rows import missing


@dataclass(frozen=True, slots=True)
class Settings:
    """One field per setting. Times are seconds; paths are absolute; None means not set.

    `platform` holds every text that names the platform at the winning level (one, unless both
    GENESYS_REGION and GENESYS_ENV_URL are set); adapters.genesys.regions understands it.
    `edges`, `mtls_endpoints`: "host:port"; `nameservers`: "address" or "address#port".
    `dialect` is "guide", "platform" or "auto": then App.settled asks the platform.
    `front_*` name one's own TLS front: two files, or a Kubernetes secret and its manifest.
    """

    home: Path
    platform: tuple[str, ...] = ()
    dialect: str = "guide"
    read_only: bool = False
    profile: str = "DEFAULT"
    client_id: str | None = None
    client_secret: Secret | None = None
    grant_body: str = "form"
    proxy: Secret | None = None
    target_domain: DomainName | None = None
    cert_path: Path | None = None
    key_path: Path | None = None
    chain_path: Path | None = None
    webhook_url: str | None = None
    reason: str = ""  # why this is changed: told in every ledger entry of the run
    ticket: str = ""
    webhook_secret: Secret | None = None
    key_passphrase: Secret | None = None
    seal_key: Secret | None = None
    store_url: Secret | None = None
    webhook_token: Secret | None = None
    pin_client_id: str | None = None
    service_id: str | None = None
    new_cert_path: Path | None = None
    new_key_path: Path | None = None
    old_cert_path: Path | None = None
    backup_cert_path: Path | None = None
    pin_kind: str = "certificate"
    pin_issuer_path: Path | None = None
    pin_access_log: Path | None = None
    pin_reports: Path | None = None
    nameservers: tuple[str, ...] = ()
    front_certificate: Path | None = None
    front_key: Path | None = None
    front_secret: str | None = None
    front_manifest: Path | None = None
    front_reload: tuple[str, ...] = ()
    edge_port: int = 443
    edges: tuple[str, ...] = ()
    mtls_endpoints: tuple[str, ...] = ()
    roots_file: Path | None = None
    spf_include: str = "include:genesyscloud.com"
    dkim_selectors: tuple[str, ...] = ("default",)
    log: str = "off"
    log_level: str = "info"
    otlp_endpoint: str | None = None
    otlp_headers: Secret | None = None
    timeout_token: float = 10.0
    timeout_deployment: float = 30.0
    timeout_audit: float = 15.0
    timeout_webhook: float = 10.0
    request_tries: int = 3
    dns_tries: int = 5
    dns_backoff_base: float = 2.0
    dns_backoff_cap: float = 30.0
    status_polls: int = 10
    status_interval: float = 5.0
    horizon_hours: float = 72.0
    origins: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts that must stand in no log."""
        values = (getattr(self, each.name) for each in fields(self))
        return tuple(value.reveal() for value in values if isinstance(value, Secret))

    def require(self, name: str) -> Any:
        """A setting that a command cannot do without. Raises Problem config.missing."""
        value = getattr(self, name)
        if value in (None, (), ""):
            raise missing(name)
        return value
