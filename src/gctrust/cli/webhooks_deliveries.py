"""`gctrust webhooks list|show|dead|replay`: how endpoints and deliveries stand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from .attached import instant
from .change_reason import Why
from .exit_codes import ExitCode
from .findings_shown import bad_argument
from .output import Block, Heading, Table
from .session import Options, with_app
from .webhooks_plan import planned

if TYPE_CHECKING:
    from .. import app as composition
    from ..adapters.webhooks.endpoint import Endpoint
    from ..adapters.webhooks.health import Health
    from ..adapters.webhooks.outbox import Outbox, OutboxRow

Status = Literal["", "pending", "accepted", "dead"]
Flag = Annotated[bool, Parameter(negative="")]


@dataclass(frozen=True, slots=True)
class EndpointShown:
    """`state` is "fine", "failing" or "disabled"; `auth`: how the receiver knows us."""

    name: str
    url: str
    events: tuple[str, ...]
    format: str
    auth: tuple[str, ...]
    secrets: int
    ordered: bool
    allow_private: bool
    state: str
    why: str
    failures: int
    failing_since: str | None
    pending: int
    accepted: int
    dead: int


@dataclass(frozen=True, slots=True)
class DeliveriesShown:
    endpoints: tuple[EndpointShown, ...]
    deliveries: tuple[OutboxRow, ...]


@dataclass(frozen=True, slots=True)
class DeliveryShown:
    """One event's deliveries, one for each endpoint; `event` is the body as it is sent."""

    deliveries: tuple[OutboxRow, ...]
    event: dict[str, object]


@dataclass(frozen=True, slots=True)
class Replayed:
    deliveries: int


def list_all(
    *,
    status: Status = "",
    endpoint: str = "",
    run: str = "",
    failed: Flag = False,
    limit: int = 50,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Endpoints with their health, and the newest deliveries.

    Parameters
    ----------
    status
        Only pending, accepted or dead ones.
    endpoint
        Only those to this endpoint.
    run
        Only this run's.
    failed
        Only those of which an attempt failed, with every attempt.
    limit
        How many of the newest deliveries; 0 for all.
    """
    if limit < 0:
        raise bad_argument("--limit", str(limit), "Give 0 or more.")

    async def body(app: composition.App) -> ExitCode:
        from ..adapters.webhooks.outbox import Chosen

        chosen = Chosen(status=status, endpoint=endpoint, run=run, failed=failed)
        rows = app.outbox.rows(chosen=chosen, newest=limit)
        shown = DeliveriesShown(tuple(_endpoints(app.outbox)), rows)
        blocks = (*_endpoint_table(shown.endpoints), *_delivery_table(rows, attempts=failed))
        options.out.answer("webhooks.list", shown, blocks)
        return ExitCode.FINE

    return with_app(options, body)


def dead(
    *,
    endpoint: str = "",
    limit: int = 50,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Deliveries that were given up. `gctrust webhooks replay` sends them again.

    Parameters
    ----------
    endpoint
        Only those to this endpoint.
    limit
        How many of the newest; 0 for all.
    """
    return list_all(status="dead", endpoint=endpoint, limit=limit, options=options)


def show(
    name: str,
    /,
    *,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """One endpoint, or one delivery with its body and attempts.

    Parameters
    ----------
    name
        An endpoint's name, or a delivery's id (msg_...).
    """

    async def body(app: composition.App) -> ExitCode:
        if name.startswith("msg_"):
            return _show_delivery(app.outbox, name, options)
        app.outbox.endpoints.get(name)
        (shown,) = (one for one in _endpoints(app.outbox) if one.name == name)
        options.out.answer("webhooks.endpoint", shown, _endpoint_blocks(shown))
        return ExitCode.FINE

    return with_app(options, body)


def _show_delivery(outbox: Outbox, id_: str, options: Options) -> ExitCode:
    from ..adapters.webhooks.outbox import Chosen

    event = json.loads(outbox.body(id_))
    rows = outbox.rows(chosen=Chosen(id=id_))
    text = json.dumps(event, indent=2, ensure_ascii=False)
    blocks: list[Block] = [*_delivery_table(rows, attempts=True), text]
    options.out.answer("webhooks.delivery", DeliveryShown(rows, event), blocks)
    return ExitCode.FINE


def replay(
    id_: Annotated[str, Parameter(name="ID")] = "",
    /,
    *,
    dead: Flag = False,
    since: str = "",
    endpoint: str = "",
    yes: Flag = False,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Send again, under the same id.

    Parameters
    ----------
    id_
        A delivery's id.
    dead
        Those that were given up.
    since
        Those of events since then, as in 2026-11-01 or 2026-11-01T08:00:00Z.
    endpoint
        Of these, those to this endpoint.
    yes
        Do it; without it nothing changes.
    """
    from ..adapters.webhooks.outbox import Chosen

    if not (id_ or dead or since):
        raise bad_argument("ID", "", "Name a delivery, or say --dead or --since TIME.")
    status = "dead" if dead else ""
    chosen = Chosen(id_, status, endpoint, since=_time(since) if since else None)

    async def body(app: composition.App) -> ExitCode:
        if endpoint:
            app.outbox.endpoints.get(endpoint)
        if id_:
            app.outbox.body(id_)
        if not yes:
            what = f"sent again, under their ids: {app.outbox.count(chosen)}"
            return planned(options, "replay", endpoint, (what,))
        count = app.outbox.replay(chosen)
        text = f"due again: {count}; whoever drives runs sends them (gctrust worker, gctrust serve)"
        options.out.answer("webhooks.replay", Replayed(count), [text])
        return ExitCode.FINE

    return with_app(options, body, **why.settings)


def _time(text: str) -> float:
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise bad_argument("--since", text, "Give a date, or a date and time in UTC.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


# --- showing -------------------------------------------------------------------------------------


def _endpoints(outbox: Outbox) -> Iterator[EndpointShown]:
    from ..adapters.webhooks.health import Health

    health, counts = outbox.endpoints.health(), outbox.counts()
    for endpoint in outbox.endpoints.all():
        numbers = [counts.get((endpoint.name, word), 0) for word in ("pending", "accepted", "dead")]
        yield _shown(outbox, endpoint, health.get(endpoint.name, Health()), numbers)


def _shown(
    outbox: Outbox, endpoint: Endpoint, health: Health, numbers: Iterable[int]
) -> EndpointShown:
    from ..adapters.webhooks.endpoint import shown_url

    state = "disabled" if health.disabled is not None else "failing" if health.failures else "fine"
    since = health.failing_since
    auth = outbox.endpoints.auth(endpoint)
    return EndpointShown(
        endpoint.name,
        shown_url(endpoint.url),
        endpoint.events,
        endpoint.format,
        auth,
        len(endpoint.secrets),
        endpoint.ordered,
        endpoint.allow_private,
        state,
        health.why,
        health.failures,
        instant(since) if since is not None else None,
        *numbers,
    )


def _endpoint_table(endpoints: tuple[EndpointShown, ...]) -> Iterator[Block]:
    if not endpoints:
        yield "no endpoints: add one with `gctrust webhooks add NAME URL`, or set WEBHOOK_URL"
        return
    columns = ("endpoint", "state", "events", "auth", "pending", "accepted", "dead", "url")
    yield Table(
        columns,
        tuple(
            (
                *(one.name, one.state, ",".join(one.events), "+".join(one.auth) or "none"),
                *(str(one.pending), str(one.accepted), str(one.dead), one.url),
            )
            for one in endpoints
        ),
    )


def _delivery_table(rows: tuple[OutboxRow, ...], *, attempts: bool = False) -> Iterator[Block]:
    if not rows:
        yield "no deliveries"
        return
    columns = ("id", "endpoint", "event", "entity", "status", "tries", "next")
    yield Table(columns, tuple(_row(row) for row in rows))
    for row in rows if attempts else ():
        for one in row.attempts:
            answer = "" if one.status is None else f"HTTP {one.status}"
            came = one.error or answer
            yield f"{row.id} {row.endpoint} {instant(one.at)} {one.seconds:.2f} s: {came}"


def _row(row: OutboxRow) -> tuple[str, ...]:
    due = instant(row.next_at) if row.status == "pending" else ""
    return row.id, row.endpoint, row.event, row.entity, row.status, str(row.tries), due


def _endpoint_blocks(shown: EndpointShown) -> Iterator[Block]:
    yield Heading(f"{shown.name}  {shown.state}")
    yield f"  url: {shown.url}"
    yield f"  events: {', '.join(shown.events)} as {shown.format}"
    yield f"  auth: {', '.join(shown.auth) or 'none'}, signing secrets: {shown.secrets}"
    yield f"  deliveries: {shown.pending} pending, {shown.accepted} accepted, {shown.dead} dead"
    if shown.failing_since:
        yield f"  failing since {shown.failing_since}, {shown.failures} in a row"
    if shown.why:
        yield f"  why: {shown.why}"
