"""Effects and outcomes of a pin rotation: read, write, probe, switch, and look who uses what.

Like all outcomes they are plain frozen data without secrets; the codec stores them. Pins are base64
SHA-256 of the kind named.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..findings import Finding
from .certificate_effects import CertificateFiles
from .effect import Effect


@dataclass(frozen=True, slots=True)
class ClientPins:
    """The platform's view of one OAuth client."""

    client_id: str
    etag: str
    mtls_required: bool
    kind: str  # "certificate" or "spki"
    primary: str = ""
    fallback: str = ""
    backup: str = ""
    service_id: str = ""
    latency: float = 0.0
    limit: int = 3  # the most pins the platform takes for this client

    @property
    def pins(self) -> tuple[str, ...]:
        return tuple(pin for pin in (self.primary, self.fallback, self.backup) if pin)


@dataclass(frozen=True, slots=True)
class ReadPins(Effect[ClientPins]):
    outcome = ClientPins
    client_id: str

    @property
    def key(self) -> str:
        return self.client_id


@dataclass(frozen=True, slots=True)
class WritePins(Effect[ClientPins]):
    """Compare-and-set against `etag`, then read back. Sends nothing when it is there already."""

    outcome = ClientPins
    outward = True
    client_id: str
    etag: str
    service_id: str
    kind: str
    primary: str
    fallback: str
    backup: str
    chain: str  # path of the PEM file with the certificate to publish
    issuers: str = ""  # path of the file with its chain, where that is another
    chain_pin: str = ""  # of its leaf, when the plan was judged: a file swapped since is refused

    @property
    def key(self) -> str:
        return f"{self.client_id} {self.primary} {self.fallback} {self.backup}"


@dataclass(frozen=True, slots=True)
class PinsOfFiles:
    """What a rotation's files and the machine's set-up say, read from them, never typed.

    `issuer_paths` are the verified ways from the new certificate up to a configured CA, None when
    none is configured; `ct` what certificate transparency says ("valid", "missing", or "private").
    `webhook` is "none", "signed", "token" or "unsigned"; `switchable` says why some client's files
    cannot be switched, a line each.
    """

    new: str
    old: str
    backup: str
    kind: str
    new_not_before: float
    new_not_after: float
    old_not_before: float
    old_not_after: float
    same_key: bool
    issuer_paths: tuple[str, ...] | None = None
    ct: str = "private"
    backup_deployed: bool = False
    backup_same_ca: bool = False
    not_ours: tuple[str, ...] = ()
    webhook: str = "none"
    use_source: str = ""
    switchable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClientTarget:
    """A client whose files the tool swaps. `reload` is an argument list, run without a shell."""

    name: str
    certificate: str
    key: str
    reload: tuple[str, ...] = ()
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class ComputePins(Effect[PinsOfFiles]):
    outcome = PinsOfFiles
    new: CertificateFiles
    old: CertificateFiles
    backup: str
    kind: str
    targets: tuple[ClientTarget, ...] = ()


@dataclass(frozen=True, slots=True)
class PinProbe:
    """Full handshakes that presented one certificate, over all endpoints.

    `matched` were accepted, `refused` refused after the certificate was shown; `failed_before`
    ended before it was shown and is not counted in the rate. `by_endpoint` has name, matched and
    refused: one with neither was not measured.
    """

    matched: int
    refused: int
    failed_before: int
    by_endpoint: tuple[tuple[str, int, int], ...] = ()
    p50_ms: float = 0.0
    p99_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class ProbePins(Effect[PinProbe]):
    """Shake hands with every mTLS endpoint, `count` times in all, presenting `files`.

    `pin` is what their certificate must have: a file swapped on disk is not measured as if it
    were the one ordered.
    """

    outcome = PinProbe
    files: CertificateFiles
    count: int
    pin: str = ""
    kind: str = "certificate"

    @property
    def key(self) -> str:
        return self.files.certificate


@dataclass(frozen=True, slots=True)
class Switched:
    """`pin` is of the certificate the client's files now hold; `reloaded` when a command ran."""

    pin: str
    changed: bool
    reloaded: bool


@dataclass(frozen=True, slots=True)
class SwitchClient(Effect[Switched]):
    """Swap one client's files atomically for `files`, then run its reload command.

    With `keep` the pair replaced is kept beside them, readable by the owner only.
    """

    outcome = Switched
    outward = True
    target: ClientTarget
    files: CertificateFiles
    pin: str
    kind: str
    keep: bool = True

    @property
    def key(self) -> str:
        return f"{self.target.name} {self.pin}"


@dataclass(frozen=True, slots=True)
class PinUsed:
    """One certificate's handshakes since an instant, by the TLS terminators' or clients' word.

    `last` is the newest accepted one (0 for none), `who` the clients named with it.
    """

    pin: str
    accepted: int
    refused: int
    last: float
    who: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PinUse:
    """`source` is empty when nothing tells; `newest` is its latest entry of any kind.

    `unknown` are the pins of certificates that were refused and are none of ours.
    """

    source: str
    newest: float
    used: tuple[PinUsed, ...]
    unknown: tuple[tuple[str, int], ...] = ()
    resumed: int = 0

    def of(self, pin: str) -> PinUsed:
        return next((used for used in self.used if used.pin == pin), PinUsed(pin, 0, 0, 0.0))


@dataclass(frozen=True, slots=True)
class ReadPinUse(Effect[PinUse]):
    """Who showed which certificate since `since`."""

    outcome = PinUse
    client_id: str
    kind: str
    pins: tuple[str, ...]
    since: float

    @property
    def key(self) -> str:
        return self.client_id


@dataclass(frozen=True, slots=True)
class PinRotationState:
    """What a rotation has learnt, frozen where it is cut into segments.

    `moves` are still to be made, of those that were proved; `parts` are the parts of them that are
    done. `since`, `until` and `reason` are those of the window being watched.
    """

    started: float
    before: ClientPins
    pins: PinsOfFiles
    moves: tuple[str, ...]
    parts: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    not_judged: tuple[str, ...] = ()
    probe: PinProbe | None = None
    written: tuple[tuple[str, ...], ...] = ()
    told: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()
    switched: tuple[ClientTarget, ...] = ()
    shown: bool = False
    retired_at: float = 0.0
    since: float = 0.0
    until: float = 0.0
    reason: str = ""
    wait: float = 0.0
