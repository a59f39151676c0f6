"""Orders: what a user asks for, frozen, as a run stores it; and RunEnd, how a run ended.

An order's `identity` joins the open run for the same thing: two such orders are one run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from ..errors import Fact
from ..findings import Finding
from .check_effects import CheckOrder as CheckOrder
from .effects import (
    AuditEntry,
    CertificateAssessment,
    CertificateFiles,
    CertificateHeld,
    CustomDomainSeen,
    EmailDomainSeen,
    MailAssessment,
)
from .many_effects import RunSeen
from .pin_effects import ClientTarget
from .platform_orders import GatewayOrder as GatewayOrder
from .platform_orders import GatewayState as GatewayState
from .platform_orders import SecretOrder as SecretOrder
from .platform_orders import TrustOrder as TrustOrder


@dataclass(frozen=True, slots=True)
class EmailDomainOrder:
    domain: str
    selectors: tuple[str, ...] = ("default",)
    include: str = "genesyscloud.com"
    horizon: float = 72 * 3600.0  # seconds from the start until the run gives up

    @property
    def identity(self) -> str:
        return f"email-domain:{self.domain}"


@dataclass(frozen=True, slots=True)
class CustomDomainOrder:
    domain: str
    files: CertificateFiles
    profile: str = "public"
    handshakes: int = 50  # for each edge
    horizon: float = 3600.0
    allow: tuple[str, ...] = ()  # hazards, by name
    rollback: bool = False  # `files` are those of the certificate before

    @property
    def identity(self) -> str:
        return f"custom-domain:{self.domain}"


@dataclass(frozen=True, slots=True)
class PinRotationOrder:
    client_id: str
    service_id: str
    new: CertificateFiles
    old: CertificateFiles
    backup: str = ""  # path of the backup certificate; "" goes without (hazard pin.no-backup)
    kind: str = "certificate"
    profile: str = "client"
    soak: float = 120.0  # seconds between publishing and the first use of the new certificate
    drain: float = 600.0  # seconds both certificates stay pinned after the switch
    target_rate: float = 0.997
    handshakes: int = 1002
    horizon: float = 24 * 3600.0
    allow: tuple[str, ...] = ()
    backup_key: str = ""  # with it the backup is exercised while all pins are live
    targets: tuple[ClientTarget, ...] = ()  # clients whose files the run swaps
    switch: str = "observed"  # "files", "operator" (waits for `pins advance`) or "observed"
    canary: int = 1  # clients switched first
    confirm: float = 60.0  # seconds after retiring in which the old pin can come back
    compromised: bool = False  # the old key is: no soak, no drain, no way back to it
    propagation: float | None = None  # these five are declared, None where nobody knows
    ticket_life: float | None = None
    connection_life: float | None = None
    token_life: float | None = None
    client_reload: float | None = None
    ct: str = "report"  # "required", "report" or "off"
    expiry: str = ""  # when these pins end: a date, or "none"
    typed_pin: str = ""  # what a change request says the new pin is; compared, never used
    bound_tokens: bool = False  # clients hold tokens bound to their certificate (RFC 8705)

    @property
    def identity(self) -> str:
        return f"pin-rotation:{self.client_id}"


Item = EmailDomainOrder | CustomDomainOrder | PinRotationOrder


@dataclass(frozen=True, slots=True)
class ManyOrder:
    """Many orders, in this order: the first `canary` alone, then waves of `wave`."""

    name: str
    items: tuple[Item, ...]
    wave: int = 10
    canary: int = 1
    stop_at: float = 0.1  # the share of failures above which no further wave begins
    windows: tuple[str, ...] = ()  # in which a wave may begin; none: always
    horizon: float = 14 * 86_400.0
    freezes: tuple[str, ...] = ()  # dates on which no wave begins

    @property
    def identity(self) -> str:
        return f"many:{self.name}"


Order = Item | ManyOrder | TrustOrder | GatewayOrder | SecretOrder | CheckOrder


def name_of(items: tuple[Item, ...]) -> str:
    """Of many orders: the same ones have the same name, and join the run that is open for them."""
    return sha256(repr(items).encode()).hexdigest()[:12]


def files_of(order: Order) -> tuple[CertificateFiles, ...]:
    """An order may join an open run for the same thing only when these are the same."""
    match order:
        case CustomDomainOrder(files=files):
            return (files,)
        case PinRotationOrder(new=new, old=old):
            return (new, old)
        case TrustOrder(certificate=certificate):
            return (CertificateFiles(certificate),)
        case GatewayOrder(bundle=bundle, root=root, nginx=nginx):
            return (CertificateFiles(bundle, root, nginx),)
        case SecretOrder(file=file):
            return (CertificateFiles(file),)
    return ()


# What a long run has learnt, frozen where it is cut into segments.


@dataclass(frozen=True, slots=True)
class EmailDomainState:
    """`live`: every required record was seen on every server; `polls` counts looks since then."""

    started: float
    seen: EmailDomainSeen
    adopted: bool
    mail: MailAssessment | None = None
    looks: int = 0
    live: bool = False
    polls: int = 0


@dataclass(frozen=True, slots=True)
class CustomDomainState:
    """An upload that is done; `looks` counts the probes that proved nothing yet."""

    started: float
    judged: CertificateAssessment
    held: CertificateHeld
    seen: CustomDomainSeen
    entry: AuditEntry | None = None
    looks: int = 0
    action: str = ""  # what the plan came to: "create", "renew", ...


@dataclass(frozen=True, slots=True)
class ManyState:
    """Waves before `wave` are over; `ended` is what came of their runs."""

    started: float
    wave: int
    ended: tuple[RunSeen, ...] = ()


@dataclass(frozen=True, slots=True)
class RunEnd:
    """`status`: "succeeded", "unverified" (no proof), "refused" (nothing was changed),
    "rolled-back", "stopped" (by the stop rule) or "cancelled"."""

    status: str
    summary: Mapping[str, Fact] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    not_judged: tuple[str, ...] = ()
