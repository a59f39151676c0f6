"""`--from FILE`: many orders in waves, with a canary, a stop rule, change windows and freezes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

from ..errors import Fact, Problem, ProblemKind, ProblemType
from ..pipelines.events import MANY
from .attached import refuse_wrong_credentials
from .bulk_follow import follow_many, tell_items
from .bulk_list import Columns, Listed, ListFormat, Row, read_orders
from .exit_codes import ExitCode
from .plan import Planned, ledger_step, platform_of, show
from .session import Options

if TYPE_CHECKING:
    from ..app import App
    from ..findings import Finding
    from ..pipelines.orders import Item, ManyOrder

BAD_OPTION = ProblemType(
    "bulk.bad-option",
    "The value of an option for many orders makes no sense.",
    "Waves need a size, the share is between 0 and 1, windows are times of day, freezes dates.",
    "See the help of the command, under Many at once.",
    kind=ProblemKind.USAGE,
    source="docs/guides/bulk.md",
)
PROBLEMS = (BAD_OPTION,)
LARGEST_WAVE = 10_000
_GROUP = Group("Many at once", sort_key=50)
_FLAG = Parameter(group=_GROUP, negative="")


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Waves:
    """Accepted by what orders a journey, and used with --from."""

    source: Annotated[str, Parameter(name="--from", group=_GROUP, allow_leading_hyphen=True)] = ""
    "A CSV or YAML list of orders, - for standard input; paths in it are relative to it."
    list_format: Annotated[ListFormat | None, Parameter(name="--list-format", group=_GROUP)] = None
    "How the list is written; without it by its suffix, and CSV on standard input."
    skip_bad: Annotated[bool, _FLAG] = False
    "Leave bad lines out; without it one bad line means that nothing is ordered."
    again: Annotated[bool, _FLAG] = False
    "Order also what an earlier run has done already."
    wave_size: Annotated[int, Parameter(group=_GROUP)] = 10
    "Orders carried out at the same time."
    canary: Annotated[int, Parameter(group=_GROUP)] = 1
    "Orders carried out first and alone; if one of them fails, nothing else begins."
    stop_at: Annotated[float, Parameter(group=_GROUP)] = 0.1
    "The share of failures above which no further wave begins."
    window: Annotated[tuple[str, ...], _FLAG] = field(default=())
    'When a wave may begin, in UTC: "22:00-04:00", "sat,sun 00:00-06:00". May be repeated.'
    freeze: Annotated[tuple[str, ...], _FLAG] = field(default=())
    'Dates on which no wave begins, in UTC: "2026-12-20..2027-01-04". May be repeated.'
    results: Annotated[str, Parameter(group=_GROUP)] = ""
    "Write one line of JSON for each order to this file, when the command ends."

    def check(self, *single: str) -> None:
        """`single` are values that order one thing only. Raises Problem bulk.bad-option."""
        from ..pipelines.windows import BadWindow, Freeze, Window

        wrong = {
            "--from": any(single) and "the list names what is ordered",
            "--wave-size": not 1 <= self.wave_size <= LARGEST_WAVE and f"give 1 to {LARGEST_WAVE}",
            "--canary": self.canary < 0 and "give 0 or more",
            "--stop-at": not 0.0 <= self.stop_at <= 1.0 and "give a share between 0 and 1",
        }
        for name, reason in wrong.items():
            if reason:
                raise Problem(BAD_OPTION, {"option": name, "reason": reason})
        given = [("--window", text, Window.parse) for text in self.window]
        for name, text, parse in (*given, *(("--freeze", t, Freeze.parse) for t in self.freeze)):
            try:
                parse(text)
            except BadWindow as error:
                facts: dict[str, Fact] = {"option": name, "seen": text[:80], "reason": str(error)}
                raise Problem(BAD_OPTION, facts) from None

    def read(self, columns: Columns, order: Callable[[Row], Item]) -> Listed:
        return read_orders(self.source, self.list_format, columns, order)


def many_order(items: Sequence[Item], waves: Waves) -> ManyOrder:
    """Named after its orders: the same list joins the run that is open for it."""
    from ..pipelines.orders import ManyOrder, name_of

    listed = tuple(items)
    given = (waves.wave_size, waves.canary, waves.stop_at, waves.window)
    return ManyOrder(name_of(listed), listed, *given, freezes=waves.freeze)


@dataclass(frozen=True, slots=True)
class Looked:
    """What one order would do; `hazards` are those not allowed yet."""

    action: str
    findings: tuple[Finding, ...] = ()
    hazards: tuple[str, ...] = ()
    refused: bool = False


Look = Callable[["Item"], Awaitable[Looked]]


async def order_list(
    app: App,
    options: Options,
    waves: Waves,
    listed: Listed,
    command: str,
    *,
    yes: bool,
    wait: float,
    look: Look | None = None,
) -> ExitCode:
    """Carry a list out, or print its plan: `look` tells what an order would do, `command` is what
    orders it. Raises Problem bulk.*."""
    items = listed.usable(waves.source, skip_bad=waves.skip_bad)
    for bad in listed.bad:
        options.out.talk(f"left out: {bad}")
    if not yes:
        return await _planned(app, options, many_order(items, waves), waves, command, look)
    await refuse_wrong_credentials(app)
    left = await asyncio.to_thread(_left, app, options, items, waves)
    if not left:
        order = many_order(items, waves)
        return tell_items(options.out, "", "succeeded", app.bulk.items(order, 0.0), waves.results)
    async with app.running():
        run = app.runner.submit(many_order(left, waves))
        return await follow_many(app, options.out, run, wait, waves.results)


def _left(app: App, options: Options, items: tuple[Item, ...], waves: Waves) -> tuple[Item, ...]:
    """What is to be ordered: all of it when the run for it is open already, or with --again."""
    from ..runner.runs import OPEN, Sought
    from .bulk_orders import is_still

    identity = many_order(items, waves).identity
    if waves.again or app.runner.runs.page(Sought(status=OPEN, identity=identity), 1):
        return items
    done = app.bulk.done_before(items, is_still)
    if done:
        options.out.talk(f"{len(done)} of {len(items)} were done before; --again orders them too")
    return tuple(one for one in items if one.identity not in done)


async def _planned(
    app: App, options: Options, order: ManyOrder, waves: Waves, command: str, look: Look | None
) -> ExitCode:
    from ..pipelines.many import waves as waves_of

    steps: list[str] = []
    findings: list[Finding] = []
    hazards: dict[str, None] = {}
    refused = False
    for number, wave in enumerate(waves_of(order), 1):
        for item in wave:
            seen = await look(item) if look else Looked("")
            action = "refused" if seen.refused else seen.action
            _, _, name = item.identity.partition(":")
            steps.append(f"wave {number}: {name}" + (f": {action}" if action else ""))
            findings += seen.findings
            hazards |= dict.fromkeys(seen.hazards)
            refused |= seen.refused
    allowed = "".join(f" --allow {name}" for name in hazards)
    windows = " and ".join(order.windows) or "at any time"
    frozen = f", not on {' nor on '.join(order.freezes)}" if order.freezes else ""
    rule = f"a wave begins {windows}{frozen}; none once more than {order.stop_at:.0%} failed"
    told = Planned(
        journey="many",
        subject=f"{len(order.items)} orders",
        platform=platform_of(app.settings),
        steps=(*steps, rule, ledger_step(app, MANY)),
        hazards=tuple(hazards),
        findings=tuple(findings),
        perform=f"{command} --from {waves.source} --yes{allowed}",
    )
    return show(options.out, told, refused=refused)
