"""Orders: what a user asks for, frozen, as a run stores it; and RunEnd, how a run ended.

An order's `identity` joins the open run for the same thing: two such orders are one run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import Fact
from ..findings import Finding
from .effects import CertificateFiles


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

    @property
    def identity(self) -> str:
        return f"pin-rotation:{self.client_id}"


Order = EmailDomainOrder | CustomDomainOrder | PinRotationOrder


@dataclass(frozen=True, slots=True)
class RunEnd:
    """`status`: "succeeded", "unverified" (no proof), "rolled-back" or "cancelled"."""

    status: str
    summary: Mapping[str, Fact] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    not_judged: tuple[str, ...] = ()
