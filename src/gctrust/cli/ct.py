"""`gctrust ct`: the list of certificate transparency logs that SCTs are judged by."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from ..errors import Problem, ProblemType, Retry
from .exit_codes import ExitCode
from .findings_shown import bad_argument
from .output import Block, Heading
from .pin import UNREADABLE
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..adapters.fetch.guarded_fetch import Fetched
    from ..adapters.fetch.log_list import ListInForce

app = App(name="ct", help="Certificate transparency: the list of logs.")

MAX_LIST = 4 << 20  # octets; Chrome's list has some 100 kB

UNFETCHED = ProblemType(
    "ct.unfetched",
    "The list cannot be fetched.",
    "Nothing was changed: the list in force stays.",
    "Check the URL, or download the file and give its path.",
    retry=Retry.LATER,
    source="Chrome CT log list, version 3",
)


@dataclass(frozen=True, slots=True)
class LogListShown:
    """`fresh` false: Chrome enforces nothing with it (over 70 days old)."""

    source: str
    listed_at: datetime
    logs: int
    operators: tuple[str, ...]
    signed: bool
    fresh: bool
    age_days: int

    @classmethod
    def of(cls, found: ListInForce, now: datetime) -> LogListShown:
        logs = found.logs
        operators = sorted({log.operator for log in logs.logs.values()})
        age = max(0, (now - logs.listed_at).days)
        return cls(
            found.source,
            logs.listed_at,
            len(logs.logs),
            tuple(operators),
            found.signed,
            logs.is_fresh(now),
            age,
        )


@app.command
def update(
    source: str,
    /,
    *,
    signature: str = "",
    key: Path | None = None,
    allow_fetch: Annotated[tuple[str, ...], Parameter(name="--allow-fetch", negative="")] = (),
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Put a newer list of logs in force, from then on, for every judgement of SCTs.

    Parameters
    ----------
    source
        log_list.json (version 3) as Chrome publishes it: a file, or an https URL.
    signature
        Its signature: a file or a URL. Without it, log_list.sig beside the list is looked for.
    key
        The public key to verify it with, PEM or DER, in place of Google's.
    allow_fetch
        A host that may be fetched from though its address is not public; repeat for several.
    """

    async def body(app: composition.App) -> ExitCode:
        from ..adapters.fetch.log_list import LogLists

        now = datetime.fromtimestamp(app.clock.now(), UTC)
        with options.out.progress(f"reading {source}"):
            data, signed = await _both(app, source, signature, frozenset(allow_fetch))
        if key and not signed:
            raise bad_argument("--key", str(key), "There is no signature to verify: --signature.")
        lists = LogLists(app.settings.home)
        found = lists.update(data, at=now, signature=signed, key=_key(key))
        _show("ct.update", options, LogListShown.of(found, now))
        return ExitCode.FINE

    return with_app(options, body)


@app.command
def show(
    *,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """The list of logs in force: where it is from, how old, and whether it was signed."""

    async def body(app: composition.App) -> ExitCode:
        from ..adapters.fetch.log_list import LogLists

        now = datetime.fromtimestamp(app.clock.now(), UTC)
        found = LogLists(app.settings.home).in_force()
        _show("ct.show", options, LogListShown.of(found, now))
        return ExitCode.FINE

    return with_app(options, body)


async def _both(
    app: composition.App, source: str, signature: str, allowed: frozenset[str]
) -> tuple[bytes, bytes]:
    """The list and its signature; no octets for a signature that was not asked for nor found."""
    data = await _octets(app, source, allowed)
    if signature:
        return data, await _octets(app, signature, allowed)
    beside = f"{source.removesuffix('.json')}.sig"
    if not source.endswith(".json"):
        return data, b""
    if _is_url(source):
        found = await _fetch(app, beside, allowed)
        return data, found.body
    return data, await asyncio.to_thread(_read_if_there, Path(beside))


def _read_if_there(path: Path) -> bytes:
    return _read(path) if path.is_file() else b""


def _is_url(source: str) -> bool:
    return "://" in source


async def _octets(app: composition.App, source: str, allowed: frozenset[str]) -> bytes:
    if not _is_url(source):
        return _read(Path(source))
    if not source.startswith("https://"):
        raise bad_argument("SOURCE", source, "Only https URLs are fetched here.")
    found = await _fetch(app, source, allowed)
    if not found.ok:
        raise Problem(UNFETCHED, {"url": source, "seen": found.failure})
    return found.body


async def _fetch(app: composition.App, url: str, allowed: frozenset[str]) -> Fetched:
    from ..adapters.fetch.guarded_fetch import Limits

    fetch = app.certificates.fetching(allowed)
    return await fetch.get(url, Limits(octets=MAX_LIST, seconds=20.0), schemes=("https",))


def _key(path: Path | None) -> bytes:
    return _read(path) if path else b""


def _read(path: Path) -> bytes:
    try:
        with path.expanduser().open("rb") as stream:
            data = stream.read(MAX_LIST + 1)
    except (OSError, ValueError, RuntimeError) as error:
        seen = getattr(error, "strerror", None) or "it cannot be read"
        raise Problem(UNREADABLE, {"path": str(path), "seen": seen}) from None
    if len(data) > MAX_LIST:
        raise Problem(UNREADABLE, {"path": str(path), "seen": f"it has over {MAX_LIST} octets"})
    return data


def _show(schema: str, options: Options, shown: LogListShown) -> None:
    options.out.answer(schema, shown, _blocks(shown))


def _blocks(shown: LogListShown) -> Iterator[Block]:
    yield Heading(f"{shown.logs} logs of {len(shown.operators)} operators")
    yield f"  list of {shown.listed_at:%Y-%m-%d %H:%M:%SZ}, {shown.age_days} days old"
    yield f"  from {shown.source}"
    shipped = shown.source.startswith("shipped")
    unsigned = "shipped with the product" if shipped else "not signed: nothing vouches for it"
    yield f"  signature: {'verified' if shown.signed else unsigned}"
    if not shown.fresh:
        yield "  CT is not enforced by it: it is over 70 days old (`gctrust ct update`)"
