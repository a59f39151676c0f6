"""What `pins rotate` takes: flags, settings and the file of clients, made into one order."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Group, Parameter

from .findings_shown import bad_argument
from .plan import refuse_unknown_hazards

if TYPE_CHECKING:
    from .. import app as composition
    from ..pipelines.orders import PinRotationOrder
    from ..pipelines.pin_effects import ClientTarget

NO_BACKUP = "pin.no-backup"
HAZARDS = (NO_BACKUP,)
MOST_HANDSHAKES = 1_000_000  # of one observation: a quarter of an hour at 1,000 a second
_CLIENTS = Group("Clients and their certificates", sort_key=1)
_PACE = Group("Pace and guards", sort_key=2)
_DECLARED = Group("Declared, and judged against the plan", sort_key=3)


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The settings' flags first, then the keys that only a run is given."""

    client_id: str = ""
    "The OAuth client whose pins rotate (also: PIN_CLIENT_ID)."
    service_id: str = ""
    "The service the client stands for (also: SERVICE_ID)."
    new_cert: str = ""
    "The new certificate (also: NEW_CERT_PATH)."
    new_key: str = ""
    "Its private key (also: NEW_KEY_PATH)."
    old_cert: str = ""
    "The certificate in use (also: OLD_CERT_PATH)."
    backup_cert: str = ""
    "The backup certificate (also: BACKUP_CERT_PATH)."
    pin_kind: str = ""
    "What pins hash: certificate or spki."
    old_key: Path | None = None
    "The old certificate's private key; with it the old certificate is observed too."
    backup_key: Path | None = None
    "The backup's private key; with it the backup is exercised once."
    expect_pin: str = ""
    "What the new pin must be, in any form; compared with the computed one, never used."

    def settings(self) -> dict[str, str]:
        """The flags that are settings, by the setting's name."""
        return {
            "pin_client_id": self.client_id,
            "service_id": self.service_id,
            "new_cert_path": self.new_cert,
            "new_key_path": self.new_key,
            "old_cert_path": self.old_cert,
            "backup_cert_path": self.backup_cert,
            "pin_kind": self.pin_kind,
        }


@Parameter(name="*", group=_CLIENTS)
@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """Who switches the clients, and who tells what they show."""

    clients: Path | None = None
    "JSON list of clients to switch: name, certificate, key, reload (an argument list), timeout."
    operator: Annotated[bool, Parameter(negative="")] = False
    "You switch the clients: the run waits for `gctrust pins advance` at canary and switch."
    canary: int = 1
    "Clients of the list that are switched first."
    access_log: str = ""
    "JSON lines of the TLS terminators: who showed which certificate (GCTRUST_PIN_ACCESS_LOG)."
    reports: str = ""
    "JSON lines of client reports, RFC 7469 section 3 (also: GCTRUST_PIN_REPORTS)."

    def settings(self) -> dict[str, str]:
        return {"pin_access_log": self.access_log, "pin_reports": self.reports}

    def refuse_bad_values(self) -> None:
        """Raises Problem cli.bad-argument."""
        if self.canary < 1:
            raise bad_argument("--canary", str(self.canary), "Give at least 1 client.")

    def targets(self) -> tuple[ClientTarget, ...]:
        """Raises Problem cli.bad-argument."""
        if self.clients is None:
            return ()
        try:
            listed = json.loads(self.clients.read_text("utf-8"))
            found = tuple(_target(one) for one in listed)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            seen = f"{self.clients}: {error!r}"
            raise bad_argument("--clients", seen, _LIST) from None
        if not found or len({target.name for target in found}) < len(found):
            raise bad_argument("--clients", str(self.clients), _LIST)
        return found

    @property
    def switch(self) -> str:
        if self.clients is not None:
            return "files"
        return "operator" if self.operator else "observed"


_LIST = 'Give a JSON list like [{"name": "app", "certificate": "...", "key": "...", "reload": []}].'


def _target(one: dict[str, object]) -> ClientTarget:
    from ..pipelines.pin_effects import ClientTarget

    reload = one.get("reload", [])
    if not isinstance(reload, list) or not all(isinstance(word, str) for word in reload):
        raise ValueError("reload is a list of words")
    certificate, key = (str(Path(str(one[part])).resolve()) for part in ("certificate", "key"))
    timeout = float(str(one.get("timeout", 30.0)))
    if not 0 < timeout <= 3600:
        raise ValueError("timeout is in seconds, up to an hour")
    return ClientTarget(str(one["name"]), certificate, key, tuple(reload), timeout)


@Parameter(name="*", group=_PACE)
@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Waits and guards. Seconds."""

    soak: float = 120.0
    "Seconds between publishing and the first use of the new certificate."
    drain: float = 600.0
    "Seconds in which nobody may have shown the old certificate before its pin goes."
    confirm: float = 60.0
    "Seconds after that in which the old pin can come back."
    horizon: float = 24 * 3600.0
    "Seconds, beyond these three, after which a guard that does not pass makes the run go back."
    target_rate: float = 0.997
    "The least match rate, by its 95 % lower bound."
    handshakes: int = 1002
    "Handshakes of one observation."
    compromised: Annotated[bool, Parameter(negative="")] = False
    "The old key is compromised: switch and drop it at once; what that refuses is counted."
    allow: tuple[str, ...] = ()
    "A hazard to allow, by name."

    def refuse_bad_values(self) -> None:
        """A guard that nothing or anything meets guards nothing. Raises Problem cli.*."""
        from ..pins.match_rate import clean_handshakes_needed

        for name in ("soak", "drain", "confirm", "horizon"):
            seconds = getattr(self, name)
            if not 0 <= seconds < float("inf"):
                raise bad_argument(f"--{name}", str(seconds), "Give seconds, 0 or more.")
        if not 0 < self.target_rate < 1:
            seen = str(self.target_rate)
            raise bad_argument("--target-rate", seen, "Give a rate between 0 and 1.")
        if not 1 <= self.handshakes <= MOST_HANDSHAKES:
            seen = str(self.handshakes)
            raise bad_argument("--handshakes", seen, f"Give 1 to {MOST_HANDSHAKES} handshakes.")
        needed = clean_handshakes_needed(self.target_rate)
        if self.handshakes < needed:
            seen = f"{self.handshakes}, and a target of {self.target_rate}"
            fix = f"Its lower bound needs {needed} handshakes without a miss: raise it."
            raise bad_argument("--handshakes", seen, fix)
        refuse_unknown_hazards(self.allow, HAZARDS)


@Parameter(name="*", group=_DECLARED)
@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What only you know of the clients and the platform; left out, it is not judged."""

    propagation: float | None = None
    "Seconds until every endpoint has a change of pins; the soak must be twice that."
    ticket_life: float | None = None
    "Seconds a TLS session ticket lives (at most 7 days)."
    connection_life: float | None = None
    "Seconds the longest connection lasts."
    token_life: float | None = None
    "Seconds an access token lives."
    client_reload: float | None = None
    "Seconds until the slowest client has reloaded its files."
    bound_tokens: Annotated[bool, Parameter(negative="")] = False
    "Access tokens are bound to the client's certificate (RFC 8705)."
    ct: Literal["required", "report", "off"] = "report"
    "What to do about certificate transparency when the issuer is a public CA."
    pins_expire: str = ""
    "When these pins are to be reviewed: a date, or none."

    def refuse_bad_values(self) -> None:
        """Raises Problem cli.bad-argument."""
        from datetime import date

        names = ("propagation", "ticket_life", "connection_life", "token_life", "client_reload")
        for name in names:
            seconds = getattr(self, name)
            if seconds is not None and not 0 <= seconds < float("inf"):
                flag = "--" + name.replace("_", "-")
                raise bad_argument(flag, str(seconds), "Give seconds, 0 or more.")
        if self.pins_expire not in ("", "none"):
            try:
                date.fromisoformat(self.pins_expire)
            except ValueError:
                hint = "Give a date like 2027-06-30, or none."
                raise bad_argument("--pins-expire", self.pins_expire, hint) from None


def order_of(
    app: composition.App, files: Files, clients: Clients, pace: Pace, declared: Declared
) -> PinRotationOrder:
    """Raises Problem config.missing, cli.*."""
    from ..pipelines.effects import CertificateFiles

    def needed(name: str) -> str:
        return str(app.settings.require(name))

    def path(given: Path | None) -> str:
        return str(given.resolve()) if given else ""

    return replace(
        order_like(app, clients, pace, declared),
        client_id=needed("pin_client_id"),
        service_id=needed("service_id"),
        new=CertificateFiles(needed("new_cert_path"), needed("new_key_path")),
        old=CertificateFiles(needed("old_cert_path"), path(files.old_key)),
        backup=str(app.settings.backup_cert_path or ""),
        backup_key=path(files.backup_key),
        targets=clients.targets(),
        typed_pin=files.expect_pin,
    )


def order_like(
    app: composition.App, clients: Clients, pace: Pace, declared: Declared
) -> PinRotationOrder:
    """The order without what tells one client from another. Raises Problem cli.*."""
    from ..pipelines.effects import CertificateFiles
    from ..pipelines.orders import PinRotationOrder

    clients.refuse_bad_values()
    pace.refuse_bad_values()
    declared.refuse_bad_values()
    names = ("soak", "drain", "confirm", "target_rate", "handshakes", "compromised")
    told = ("propagation", "ticket_life", "connection_life", "token_life", "client_reload")
    return PinRotationOrder(
        client_id="",
        service_id="",
        new=CertificateFiles(""),
        old=CertificateFiles(""),
        kind=app.settings.pin_kind,
        horizon=pace.soak + pace.drain + pace.confirm + pace.horizon,
        switch=clients.switch,
        canary=clients.canary,
        allow=pace.allow,
        ct=declared.ct,
        expiry=declared.pins_expire,
        bound_tokens=declared.bound_tokens,
        **{name: getattr(pace, name) for name in names},
        **{name: getattr(declared, name) for name in told},
    )
