"""The rotation radar: the platform's own client certificates, held by a customer's gateway.

Data actions show a Current certificate, and for some weeks an Upcoming one; the platform rotates
them by itself. What is shown is held before the switch, and the old one is let go only after
Current has changed and stayed so. Reads that disagree, as they do around a switch, change nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..certs.bundle import read_bundle
from ..certs.certificate import Certificate
from ..certs.signatures import signed_by
from ..pins.spki import Pin

CURRENT, UPCOMING = "current", "upcoming"
ENOUGH_LOOKS = 3  # at the new Current, before the old one is let go


@dataclass(frozen=True, slots=True)
class Shown:
    """One certificate as the platform shows it; pins are base64 SHA-256. `trusted`: its signature
    is of the root given, None when none was given."""

    status: str
    certificate_pin: str
    spki_pin: str
    subject: str
    expires: float | None  # Unix seconds
    trusted: bool | None
    pem: str = ""


@dataclass(frozen=True, slots=True)
class Radar:
    """What two reads in a row agreed on; `agreed` is False when none did, and then it is empty."""

    shown: tuple[Shown, ...]
    agreed: bool = True

    @property
    def current(self) -> Shown | None:
        return next((one for one in self.shown if one.status == CURRENT), None)

    @property
    def upcoming(self) -> tuple[Shown, ...]:
        return tuple(one for one in self.shown if one.status == UPCOMING)


@dataclass(frozen=True, slots=True)
class Watch:
    """What the gateway holds, by certificate pin, and how long Current has been what it is."""

    held: tuple[str, ...] = ()
    current: str = ""
    looks: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """`hold` before the switch, `release` after it. Nothing else is ever asked for."""

    verb: str
    pin: str


def read_shown(listed: Iterable[tuple[str, str]], root_pem: str = "") -> tuple[Shown, ...]:
    """Of (status, PEM): the first certificate of each; what is none is left out."""
    roots = read_bundle(root_pem.encode(), name="root").certificates if root_pem else ()
    found = []
    for status, pem in listed:
        leaf = next(iter(read_bundle(pem.encode(), name=status).certificates), None)
        if leaf is not None:
            found.append(_shown(status, leaf, roots if root_pem else None))
    return tuple(sorted(found, key=lambda one: (one.status, one.certificate_pin)))


def agree(first: tuple[Shown, ...], second: tuple[Shown, ...]) -> bool:
    """Two reads that say the same, with exactly one certificate in use."""
    return first == second and sum(one.status == CURRENT for one in first) == 1


def step(watch: Watch, seen: Radar, enough: int = ENOUGH_LOOKS) -> tuple[Watch, tuple[Change, ...]]:
    """What one look changes. A certificate that the root did not sign is never held."""
    current = seen.current
    if not seen.agreed or current is None or current.trusted is False:
        return watch, ()
    shown = [one.certificate_pin for one in seen.shown if one.trusted is not False]
    new = tuple(dict.fromkeys(pin for pin in shown if pin not in watch.held))
    same = current.certificate_pin == watch.current
    looks = watch.looks + 1 if same else 1
    gone = tuple(pin for pin in watch.held if pin not in shown) if looks >= enough else ()
    held = tuple(pin for pin in watch.held + new if pin not in gone)
    changes = (*(Change("hold", pin) for pin in new), *(Change("release", pin) for pin in gone))
    return replace(watch, held=held, current=current.certificate_pin, looks=looks), changes


def _shown(status: str, leaf: Certificate, roots: tuple[Certificate, ...] | None) -> Shown:
    return Shown(
        status=status,
        certificate_pin=Pin.of_certificate(leaf.der).base64,
        spki_pin=Pin.of_spki(leaf.spki).base64,
        subject=leaf.subject_text,
        expires=leaf.not_after.timestamp() if leaf.not_after else None,
        trusted=None if roots is None else any(signed_by(leaf, root) for root in roots),
        pem=_pem(leaf),
    )


def _pem(leaf: Certificate) -> str:
    """RFC 7468 section 5.1."""
    text = base64.b64encode(leaf.der).decode("ascii")
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join(("-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""))
