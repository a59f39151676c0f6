"""The command line's door: finds the command, runs it, and turns what it ended in to an exit code.

Problems are translated here and nowhere else. A command's module is imported only when that command
runs, and the first page of help needs none of them.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Any, NoReturn

from ..errors import Problem, ProblemType
from .exit_codes import ExitCode, of_problem
from .output import Output

if TYPE_CHECKING:
    from cyclopts import App, CycloptsError


@dataclass(frozen=True, slots=True)
class Command:
    """`where` is "module:object", imported when the command runs."""

    name: str
    where: str
    sentence: str


COMMANDS = (
    Command("demo", "demo:demo", "Run the three journeys against the sandbox, live."),
    Command("sandbox", "sandbox:sandbox", "Start the stand-in Genesys Cloud."),
    Command("check", "check:app", "Check a domain, an SPF verdict, a certificate or a host."),
    Command("ct", "ct:app", "Certificate transparency: the list of logs, and newer ones."),
    Command("pin", "pin:pin", "Certificate and SPKI pins of files."),
    Command("domain", "domain:app", "Email domains: verify, records, status, list."),
    Command("tls", "tls:app", "Custom domains: deploy a certificate, see what it serves."),
    Command("pins", "pins:app", "Client-certificate pins: rotated without a refused handshake."),
    Command("secret", "secret:app", "OAuth client secrets: replaced through a second client."),
    Command("runs", "runs:app", "Durable runs: list, show, items, watch, resume, cancel, fork."),
    Command("audit", "audit:app", "The tamper-evident ledger: list, verify, prove, compare."),
    Command("evidence", "evidence:evidence", "What changed in a period, proved, as a folder."),
    Command("webhooks", "webhooks:app", "Webhooks: endpoints, deliveries, replay, test."),
    Command("serve", "serve:serve", "The HTTP service: order, list, show and signal runs."),
    Command("worker", "worker:worker", "Drive runs beside other workers on a PostgreSQL store."),
    Command("metrics", "metrics:metrics", "The figures of /metrics, also for node_exporter."),
    Command("tokens", "tokens:app", "API tokens of the HTTP service: create, list, revoke."),
    Command("schedules", "schedules:app", "Checks that come due: list, add, pause, run-due."),
    Command("store", "store:app", "The store of runs: check, backup, restore, clean."),
    Command("rehearse", "rehearse:rehearse", "Kill a journey at every point: nothing may be lost."),
    Command("doctor", "doctor:doctor", "Check this machine, the settings and the organisation."),
    Command("explain", "explain:explain", "What a finding, a problem or a hazard means."),
    Command("config", "config:app", "The settings in force, and where each comes from."),
    Command("completion", "completion:completion", "Shell completion for bash, zsh or fish."),
)


def main() -> NoReturn:
    """The console script."""
    code = run(sys.argv[1:])
    gc.freeze()  # the interpreter's last collections would take 40 ms, for a process that is over
    sys.exit(code)


def run(tokens: Sequence[str]) -> int:
    """Run one command line; returns its exit code."""
    out = Output.of_tokens(tokens)
    if not tokens or tokens[0] in ("--help", "-h", "help"):
        out.raw(first_page())
        return ExitCode.FINE
    if tokens[0] == "--version":
        out.raw(_version())
        return ExitCode.FINE
    try:
        return _dispatch(tokens, out)
    except Problem as problem:
        out.problem(problem)
        return of_problem(problem)
    except KeyboardInterrupt:
        out.talk("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader went away (`| head`): nothing more can be said, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    except Exception as error:
        if sys.flags.dev_mode:  # python -X dev -m gctrust ... shows the whole traceback
            raise
        out.problem(_defect(error))
        return ExitCode.FAILED


DEFECT = ProblemType(
    "cli.defect",
    "The program met a case it does not handle.",
    "This is a defect of gctrust; durable runs are as they were.",
    "Report it with these facts; `python -X dev -m gctrust ...` shows the whole traceback.",
    source="docs/reference/exit-codes.md",
)


def _defect(error: Exception) -> Problem:
    """Type and place only: an unforeseen error's text may hold what must not be shown."""
    frames = extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return Problem(DEFECT, {"error": type(error).__name__, "at": place})


def _dispatch(tokens: Sequence[str], out: Output) -> int:
    from cyclopts import CycloptsError

    try:
        result = build()(
            list(tokens), exit_on_error=False, print_error=False, result_action="return_value"
        )
    except CycloptsError as error:
        return out.usage(_sentence(error), f"gctrust {_path(error)}--help")
    return int(result) if isinstance(result, int) else ExitCode.FINE


def _sentence(error: CycloptsError) -> str:
    return " ".join(str(error).split())


def _path(error: CycloptsError) -> str:
    chain = tuple(error.command_chain or ())
    return "".join(f"{name} " for name in chain)


def build() -> App:
    """The whole command tree; each noun's module stays unimported until it is needed."""
    from cyclopts import App, Parameter

    app = App(
        name="gctrust",
        help="Keeps the trust of a Genesys Cloud organisation in order.",
        default_parameter=Parameter(negative_iterable=(), show_default=_default_told),
        version=_version,
        suppress_keyboard_interrupt=False,
        help_format="plaintext",
    )
    for command in COMMANDS:
        app.command(f"gctrust.cli.{command.where}", name=command.name, help=command.sentence)
    return app


def _default_told(default: object) -> Any:
    """What a flag is when it is not given; None, which shows nothing, where that says nothing."""
    return str(default) if default else None


def _version() -> str:
    from importlib.metadata import version

    return version("gctrust")


def first_page() -> str:
    """What `gctrust --help` prints, made from the table above and from nothing slower."""
    width = max(len(command.name) for command in COMMANDS)
    rows = "\n".join(f"  {c.name:<{width}}  {c.sentence}" for c in COMMANDS)
    return f"""\
Usage: gctrust COMMAND

Keeps the trust of a Genesys Cloud organisation in order: email domains that verify, certificates
that serve, client-certificate pins that rotate without one refused handshake.

Commands
{rows}

  --help     This page; gctrust COMMAND --help for one command.
  --version  The version.

Start here: gctrust demo --fast
"""
