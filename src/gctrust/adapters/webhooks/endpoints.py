"""The endpoints that webhooks go to: kept in the store, each change of them in the ledger.

Of a secret only the reference is kept. The environment's WEBHOOK_URL is one endpoint more, named
"environment", which no row describes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

import sqlalchemy as sa

from ...errors import Fact, Problem, ProblemKind, ProblemType
from ...pipelines.events import wanted
from ...ports import Clock
from ...secret import Secret
from ..ledger.entry import Entry
from ..ledger.ledger import Ledger
from ..store.changes import NOBODY, Change
from ..store.schema import WEBHOOK_ENDPOINTS as ROWS
from ..store.schema import WEBHOOK_HEALTH as HEALTH
from ..store.store import Store
from .endpoint import (
    ENVIRONMENT,
    Endpoint,
    Keys,
    SigningSecret,
    Target,
    auth_of,
    checked,
    checked_address,
    shown_url,
    trust_of,
)
from .health import Health
from .secret_source import SecretSources, is_reference

NO_ENDPOINT = ProblemType(
    code="webhooks.no-such-endpoint",
    sentence="There is no webhook endpoint of this name.",
    why="Endpoints are those added with `gctrust webhooks add`, and the environment's.",
    fix="Run `gctrust webhooks list`.",
    kind=ProblemKind.USAGE,
    source="docs/guides/webhooks.md",
)
TAKEN = ProblemType(
    code="webhooks.endpoint-exists",
    sentence="There is a webhook endpoint of this name already.",
    why="Its deliveries and its health are filed under the name.",
    fix="Remove it first, or choose another name.",
    kind=ProblemKind.USAGE,
    source="docs/guides/webhooks.md",
)
NOT_KEPT = ProblemType(
    code="webhooks.of-the-environment",
    sentence="The environment's endpoint is changed in the environment.",
    why="WEBHOOK_URL, WEBHOOK_SECRET and WEBHOOK_TOKEN describe it; no row does.",
    fix="Change those settings: WEBHOOK_SECRET takes two secrets, a space between, to rotate.",
    kind=ProblemKind.USAGE,
    source="docs/guides/webhooks.md",
)
PROBLEMS = (NO_ENDPOINT, TAKEN, NOT_KEPT)


class Endpoints:
    """Every change is one transaction with its ledger entry, which tells who asked and why."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        clock: Clock,
        sources: SecretSources,
        target: Target | None,
        asker: Change = NOBODY,
    ) -> None:
        self.store, self.ledger, self.clock = store, ledger, clock
        self.sources, self.target, self.asker = sources, target, asker

    # --- looking -------------------------------------------------------------------------------

    def all(self) -> tuple[Endpoint, ...]:
        with self.store.read() as connection:
            return self.all_in(connection)

    def all_in(self, connection: sa.Connection) -> tuple[Endpoint, ...]:
        rows = connection.execute(sa.select(ROWS).order_by(ROWS.c.name))
        return (*self._environment(), *(_endpoint(row) for row in rows))

    def _environment(self) -> tuple[Endpoint, ...]:
        if self.target is None:
            return ()
        names = ("url", "allow_private", "timeout", "schedule")
        return (Endpoint(ENVIRONMENT, **{name: getattr(self.target, name) for name in names}),)

    def get(self, name: str) -> Endpoint:
        """Raises Problem webhooks.no-such-endpoint."""
        every = self.all()
        for endpoint in every:
            if endpoint.name == name:
                return endpoint
        raise Problem(NO_ENDPOINT, {"name": name[:60], "known": [one.name for one in every]})

    def health(self) -> Mapping[str, Health]:
        """By name; an endpoint that never failed has none."""
        with self.store.read() as connection:
            return self.health_in(connection)

    def health_in(self, connection: sa.Connection) -> Mapping[str, Health]:
        return {
            row.endpoint: Health(
                row.failures, row.failing_since, row.open_until, row.disabled, row.why
            )
            for row in connection.execute(sa.select(HEALTH))
        }

    def keep_health(self, connection: sa.Connection, name: str, health: Health) -> None:
        self.store.put(connection, HEALTH, endpoint=name, **asdict(health))

    def keys(self, endpoint: Endpoint) -> Keys:
        """What signs now, newest first. Raises the Problems of a secret that is not there."""
        if endpoint.name == ENVIRONMENT and self.target is not None:
            return Keys(tuple((self.target.secret() or "").split()), self.target.bearer())
        now, read = self.clock.now(), self.sources.read
        live = [one for one in endpoint.secrets if one.until is None or now < one.until]
        bearer = read(endpoint.bearer).reveal() if endpoint.bearer else None
        return Keys(tuple(read(one.reference).reveal() for one in live), bearer)

    def auth(self, endpoint: Endpoint) -> tuple[str, ...]:
        """How its receiver tells that a delivery is ours, by what is set."""
        own = endpoint.name == ENVIRONMENT and self.target is not None
        return self.target.auth if own and self.target else auth_of(endpoint)

    def receivers(self, event: str) -> Mapping[str, str]:
        """Where webhooks of this event go, by URL, and how much their receivers can believe."""
        to = (one for one in self.all() if wanted(event, one.events))
        return {shown_url(one.url): trust_of(one, self.auth(one)) for one in to}

    def address(self, endpoint: Endpoint) -> str:
        """The URL itself. Raises Problem webhooks.bad-endpoint, and those of a secret's source."""
        if not is_reference(endpoint.url):
            url = endpoint.url
        else:
            url = self.sources.read(endpoint.url).reveal()
        checked_address(endpoint, url, "bearer" in self.auth(endpoint))
        return url

    # --- changing ------------------------------------------------------------------------------

    def refuse_unfit(self, endpoint: Endpoint) -> None:
        """As `add` would. Raises Problem webhooks.endpoint-exists, webhooks.bad-endpoint."""
        checked(endpoint)
        if any(one.name == endpoint.name for one in self.all()):
            raise Problem(TAKEN, {"name": endpoint.name})

    def add(self, endpoint: Endpoint, sealed: Secret | None = None) -> None:
        """With a signing secret to be kept sealed, when one is given. Raises as refuse_unfit does,
        and Problem sealed.*."""
        self.refuse_unfit(endpoint)
        made = replace(endpoint, created=self.clock.now())
        if sealed is not None:
            reference = self.sources.keep(made.name, sealed)
            made = replace(made, secrets=(SigningSecret(reference),))
        with self.store.write() as connection:
            if any(one.name == made.name for one in self.all_in(connection)):
                raise Problem(TAKEN, {"name": made.name})
            self._put(connection, made)
            self.enter(connection, "endpoint-added", made.name, _told(made))

    def remove_in(self, connection: sa.Connection, name: str, undelivered: int) -> None:
        """Its row and its health; what it was sent stays on record."""
        connection.execute(sa.delete(ROWS).where(ROWS.c.name == name))
        connection.execute(sa.delete(HEALTH).where(HEALTH.c.endpoint == name))
        self.enter(connection, "endpoint-removed", name, {"undelivered": undelivered})

    def disable(self, name: str) -> None:
        """Its deliveries wait; nothing of them is lost."""
        self.get(name)
        with self.store.write() as connection:
            health = self.health_in(connection).get(name, Health())
            off = replace(health, disabled=self.clock.now(), why="by hand")
            self.keep_health(connection, name, off)
            self.enter(connection, "endpoint-disabled", name, {"why": "by hand"})

    def enable(self, name: str) -> None:
        """From a clean slate: what waits for it is sent."""
        self.get(name)
        with self.store.write() as connection:
            self.keep_health(connection, name, Health())
            self.enter(connection, "endpoint-enabled", name, {})

    def rotate_secret(self, name: str, new: Secret | str, overlap: float) -> Endpoint:
        """The new secret (to be sealed, or a reference) signs at once; those before it go on
        beside it for `overlap` seconds."""
        endpoint, now = self.kept(name), self.clock.now()
        reference = new if isinstance(new, str) else self.sources.keep(name, new)
        ends = now + overlap
        live = [one for one in endpoint.secrets if one.until is None or now < one.until]
        older = (
            [replace(one, until=min(one.until or ends, ends)) for one in live] if overlap else []
        )
        turned = replace(endpoint, secrets=(SigningSecret(reference), *older))
        with self.store.write() as connection:
            self._put(connection, turned)
            data: dict[str, Fact] = {"overlap_seconds": overlap, "secrets": len(turned.secrets)}
            self.enter(connection, "endpoint-secret-rotated", name, data)
        self.sources.forget(name, tuple(one.reference for one in turned.secrets))
        return turned

    def kept(self, name: str) -> Endpoint:
        """One that a row describes. Raises Problem webhooks.of-the-environment too."""
        if name == ENVIRONMENT:
            raise Problem(NOT_KEPT, {"name": name})
        return self.get(name)

    def _put(self, connection: sa.Connection, endpoint: Endpoint) -> None:
        options = asdict(endpoint)
        row = {name: options.pop(name) for name in ("name", "url", "created")}
        self.store.put(connection, ROWS, options=json.dumps(options), **row)

    def enter(
        self, connection: sa.Connection, what: str, entity: str, data: Mapping[str, Fact]
    ) -> None:
        """That somebody changed something by hand, each time anew."""
        entry = Entry.anew(f"webhook.{what}", entity, self.asker, **data)
        self.ledger.append_in(connection, entry)


def _endpoint(row: sa.Row[Any]) -> Endpoint:
    """A field of a later version is passed over."""
    known = {field.name for field in fields(Endpoint)}
    options = {name: value for name, value in json.loads(row.options).items() if name in known}
    options["secrets"] = tuple(SigningSecret(**one) for one in options["secrets"])
    for name in ("events", "schedule"):
        options[name] = tuple(options[name])
    return Endpoint(row.name, row.url, created=row.created, **options)


def _told(endpoint: Endpoint) -> dict[str, Fact]:
    """What the ledger says of it: how it is trusted, and never a secret."""
    return {
        "url": shown_url(endpoint.url),
        "events": list(endpoint.events),
        "format": endpoint.format,
        "auth": list(auth_of(endpoint)),
        "allow_private": endpoint.allow_private,
        "ordered": endpoint.ordered,
    }
