"""From what a request asks for to a run: keys are sealed before the order is stored."""

from __future__ import annotations

from functools import partial

from ..adapters.credentials.handed_in import HandedIn, Pem, Sealable
from ..adapters.ledger.ledger import ORDERED
from ..adapters.store.changes import Change
from ..app import App
from ..errors import Problem
from ..pipelines.deploy_plan import HAZARDS
from ..pipelines.effects import CertificateFiles
from ..pipelines.orders import (
    CustomDomainOrder,
    EmailDomainOrder,
    Item,
    ManyOrder,
    Order,
    PinRotationOrder,
    name_of,
)
from ..pipelines.pin_run import NO_BACKUP
from ..secret import Secret
from .order_bodies import (
    Certificate,
    CustomDomainBody,
    EmailDomainBody,
    ManyBody,
    Named,
    OneBody,
    OrderBody,
    Pair,
    PinRotationBody,
    PublishedBody,
)
from .problems import HAZARD, OTHER_OPEN, TWICE
from .published_ordering import published_order

_KEPT = 7 * 86_400.0  # seconds that a failed run can be resumed with its sealed key
_ORPHAN = 3600.0  # seconds after which a key without a run was sealed for nothing


class Ordering:
    """Raises the Problems of orders and of the store from every method."""

    def __init__(self, app: App) -> None:
        self._app, self._handed = app, HandedIn(app.sealed, app.settings.home / "handed-in")

    def submit(self, body: OrderBody, by: Change) -> str:
        """The run's id. Raises Problem service.other-run-open, service.hazard, order.*."""
        sealables: list[Sealable] = []
        order = self._order(body, sealables)
        self._handed.seal(order.identity, sealables)
        (run,) = self._app.bulk.submit((order,), by)
        if not run:
            raise Problem(OTHER_OPEN, {"identity": order.identity})
        self._app.ledger.tell(ORDERED, run, by, allowed=list(getattr(order, "allow", ())))
        return run

    def _order(self, body: OrderBody, sealables: list[Sealable]) -> Order:
        if isinstance(body, PublishedBody):
            return published_order(body, self._app, partial(self._files, sealables=sealables))
        if not isinstance(body, ManyBody):
            return self._one(body, sealables)
        items = tuple(self._one(one, sealables) for one in body.orders)
        if len({one.identity for one in items}) < len(items):
            raise Problem(TWICE, {"orders": len(items)})
        return ManyOrder(
            name_of(items),
            items,
            wave=body.wave,
            canary=body.canary,
            stop_at=body.stop_at,
            windows=body.windows,
            freezes=body.freezes,
        )

    def _one(self, body: OneBody, sealables: list[Sealable]) -> Item:
        match body:
            case EmailDomainBody():
                return self._email_domain(body)
            case CustomDomainBody():
                return self._custom_domain(body, sealables)
            case PinRotationBody():
                return self._pin_rotation(body, sealables)

    def _email_domain(self, body: EmailDomainBody) -> EmailDomainOrder:
        settings = self._app.settings
        return EmailDomainOrder(
            domain=body.domain,
            selectors=body.selectors or settings.dkim_selectors,
            include=settings.spf_include.removeprefix("include:"),
            horizon=body.horizon or settings.horizon_hours * 3600.0,
        )

    def _custom_domain(
        self, body: CustomDomainBody, sealables: list[Sealable]
    ) -> CustomDomainOrder:
        _refuse_unknown(body.allow, {rule.id for rule in HAZARDS})
        return CustomDomainOrder(
            domain=body.domain,
            files=self._files(body.pair, "pair", sealables),
            profile=body.profile or self._app.certificates.profile,
            handshakes=body.handshakes,
            horizon=body.horizon,
            allow=body.allow,
        )

    def _pin_rotation(self, body: PinRotationBody, sealables: list[Sealable]) -> PinRotationOrder:
        _refuse_unknown(body.allow, {NO_BACKUP})
        if body.backup is None and NO_BACKUP not in body.allow:
            raise Problem(HAZARD, {"hazard": NO_BACKUP, "client_id": body.client_id})
        backup = body.backup and self._files(body.backup, "backup", sealables)
        return PinRotationOrder(
            client_id=body.client_id,
            service_id=body.service_id,
            new=self._files(body.next, "next", sealables),
            old=self._files(body.current, "current", sealables),
            backup=backup.certificate if backup else "",
            kind=body.kind,
            switch=body.switch,
            soak=body.soak,
            drain=body.drain,
            confirm=body.confirm,
            horizon=body.soak + body.drain + body.confirm + body.horizon,
            target_rate=body.target_rate,
            handshakes=body.handshakes,
            compromised=body.compromised,
            allow=body.allow,
        )

    def _files(
        self, given: Pair | Certificate | Named, field: str, sealables: list[Sealable]
    ) -> CertificateFiles:
        if isinstance(given, Named):
            return self._handed.named(given.name, with_key=field in ("pair", "next"))
        key = Secret(given.private_key.get_secret_value()) if isinstance(given, Pair) else None
        sealable = self._handed.read(Pem(given.certificate, key, given.chain), field)
        sealables.append(sealable)
        return sealable.files

    def sweep(self) -> int:
        """Forget the keys that came with orders whose runs are over; how many."""
        return self._handed.forget(self._over)

    def _over(self, identity: str, sealed: float) -> bool:
        now, newest = self._app.clock.now(), self._app.bulk.newest(identity)
        if newest is None or (newest.ended is not None and newest.ended < sealed):
            return now - sealed > _ORPHAN
        if newest.ended is None:
            return False
        if newest.problem is not None and now - newest.ended < _KEPT:
            return False
        return all(one.status != "open" for one in self._app.bulk.items_of(newest.id))


def _refuse_unknown(allowed: tuple[str, ...], known: set[str]) -> None:
    for name in allowed:
        if name not in known:
            facts = {"hazard": name, "known": ", ".join(sorted(known))}
            raise Problem(HAZARD, facts, "Allow a hazard by its name, as a plan prints it.")
