"""`gctrust tls deploy --from FILE`: many certificates, in waves, with a canary and a stop rule."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

from ..errors import Problem, ProblemKind, ProblemType
from ..names import BadName, DomainName
from .attached import order_and_follow
from .domain import ledger_step, platform_of
from .exit_codes import ExitCode
from .plan import Planned, show
from .session import Options
from .tls_plan import planned_of

if TYPE_CHECKING:
    from ..app import App
    from ..findings import Finding
    from ..pipelines.orders import CustomDomainOrder, ManyOrder

BAD_LIST = ProblemType(
    "tls.bad-list",
    "The list of certificates cannot be used.",
    "Each line names a domain once, with its certificate and key.",
    "Write a CSV file with the columns domain,certificate,key,chain (chain may be empty).",
    kind=ProblemKind.USAGE,
    source="RFC 4180",
)
BAD_OPTION = ProblemType(
    "tls.bad-option",
    "The value of an option makes no sense.",
    "Waves and samples need a size, the share is between 0 and 1, windows are times of day.",
    "See `gctrust tls deploy --help`.",
    kind=ProblemKind.USAGE,
    source="docs/reference/commands.md",
)
PROBLEMS = (BAD_LIST, BAD_OPTION)
COLUMNS = ("domain", "certificate", "key", "chain")
MOST = 10_000

_GROUP = Group("Many at once", sort_key=50)


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Waves:
    """Accepted by `tls deploy`, and used with --from."""

    source: Annotated[str, Parameter(name="--from", group=_GROUP)] = ""
    "A CSV file with the columns domain,certificate,key,chain; paths are relative to it."
    wave_size: Annotated[int, Parameter(group=_GROUP)] = 10
    "Domains deployed at the same time."
    canary: Annotated[int, Parameter(group=_GROUP)] = 1
    "Domains deployed first and alone; if one of them fails, nothing else begins."
    stop_at: Annotated[float, Parameter(group=_GROUP)] = 0.1
    "The share of failures above which no further wave begins."
    window: Annotated[tuple[str, ...], Parameter(group=_GROUP, negative="")] = field(default=())
    'When a wave may begin, in UTC: "22:00-04:00", "sat,sun 00:00-06:00". May be repeated.'

    def check(self) -> None:
        """Raises Problem tls.bad-option."""
        from ..pipelines.windows import BadWindow, Window

        wrong = {"--wave-size": self.wave_size < 1, "--canary": self.canary < 0}
        wrong["--stop-at"] = not 0.0 <= self.stop_at <= 1.0
        for name, bad in wrong.items():
            if bad:
                raise Problem(BAD_OPTION, {"option": name})
        for text in self.window:
            try:
                Window.parse(text)
            except BadWindow as error:
                facts = {"option": "--window", "seen": text[:80], "reason": str(error)}
                raise Problem(BAD_OPTION, facts) from None


def read_list(
    source: str, profile: str, handshakes: int, allow: tuple[str, ...]
) -> tuple[CustomDomainOrder, ...]:
    """The orders of a list, in its order. Raises Problem tls.bad-list, file.*."""
    from ..adapters.files import read_file
    from ..pipelines.effects import CertificateFiles
    from ..pipelines.orders import CustomDomainOrder

    try:
        text, path = read_file(source).decode("utf-8-sig"), Path(source).expanduser()
    except UnicodeDecodeError:
        raise _bad(Path(source), 1, "it is not UTF-8 text") from None
    found: dict[str, CustomDomainOrder] = {}
    for line, row in _rows(path, text):
        try:
            domain = DomainName.parse(row["domain"]).text
        except BadName as error:
            raise _bad(path, line, f"{row['domain'][:80]!r}: {error.reason}") from None
        if domain in found:
            raise _bad(path, line, f"{domain} is there twice")
        named = [
            str((path.parent / row[name]).resolve()) if row[name] else "" for name in COLUMNS[1:]
        ]
        files = CertificateFiles(*named)
        if not files.certificate or not files.key:
            raise _bad(path, line, "it names no certificate, or no key")
        found[domain] = CustomDomainOrder(domain, files, profile, handshakes, allow=allow)
    if not found:
        raise _bad(path, 1, "it lists nothing")
    return tuple(found.values())


def _beside(path: Path, named: str) -> str:
    return str((path.parent / Path(named).expanduser()).resolve()) if named else ""


def _rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(text), restval="", skipinitialspace=True)
    if reader.fieldnames is None or not set(COLUMNS[:3]) <= set(reader.fieldnames):
        raise _bad(path, 1, f"the first line names the columns {','.join(COLUMNS)}")
    try:
        for count, row in enumerate(reader):
            if count >= MOST or None in row:
                reason = (
                    f"there are more than {MOST}" if count >= MOST else "it has too many fields"
                )
                raise _bad(path, reader.line_num, reason)
            yield reader.line_num, {name: (row.get(name) or "").strip() for name in COLUMNS}
    except csv.Error as error:
        raise _bad(path, reader.line_num, str(error)) from None


def _bad(path: Path, line: int, reason: str) -> Problem:
    return Problem(BAD_LIST, {"path": str(path), "line": line, "reason": reason})


def many_order(items: tuple[CustomDomainOrder, ...], waves: Waves) -> ManyOrder:
    """Named after its domains and files: the same list joins the run that is open for it."""
    from ..pipelines.orders import ManyOrder

    digest = hashlib.sha256(repr([(i.domain, i.files) for i in items]).encode()).hexdigest()
    given = (waves.wave_size, waves.canary, waves.stop_at, waves.window)
    return ManyOrder(digest[:12], items, *given)


async def deploy_list(
    app: App, options: Options, order: ManyOrder, waves: Waves, *, yes: bool, wait: float
) -> ExitCode:
    if yes:
        return await order_and_follow(app, options.out, order, wait)
    return await _planned(app, options, order, waves)


async def _planned(app: App, options: Options, order: ManyOrder, waves: Waves) -> ExitCode:
    from ..pipelines.deploy_many import waves as waves_of

    findings: list[Finding] = []
    steps, hazards, refused = list[str](), dict[str, None](), 0
    for number, wave in enumerate(waves_of(order), 1):
        for item in wave:
            plan, found, bad = await planned_of(app, item)
            steps.append(f"wave {number}: {item.domain}: {'refused' if bad else plan.action}")
            findings += found if bad else plan.hazards
            hazards |= dict.fromkeys(one.rule for one in plan.forbidden(item.allow))
            refused += bad
    allowed = "".join(f" --allow {name}" for name in (*order.items[0].allow, *hazards))
    windows = " and ".join(order.windows) or "at any time"
    rule = f"a wave begins {windows}; none once more than {order.stop_at:.0%} failed"
    told = Planned(
        journey="deploy-many",
        subject=f"{len(order.items)} domains",
        platform=platform_of(app.settings),
        steps=(*steps, rule, ledger_step(app.settings)),
        hazards=tuple(hazards),
        findings=tuple(findings),
        perform=f"gctrust tls deploy --from {waves.source} --yes{allowed}",
    )
    return show(options.out, told, refused=bool(refused))
