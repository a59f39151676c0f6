"""Dialogues with the real command line: each text file is one, all of them meet one sandbox.

`$ command`, then what it answers: lines as they are on stdout, after `! ` on stderr, and `[10]` for
an exit code other than 0. `...` stands for any lines, <id>, <time>, <pin>, <path>, <url>, <number>
and <text> for what changes. `export NAME=value` holds for the rest of a file, # begins a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from shell import Shell, opened

SCRIPTS = sorted(Path(__file__).parent.glob("*.txt"))
KINDS = {
    "id": r"[0-9a-f-]{36}",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "pin": r"[A-Za-z0-9+/]{43}=",
    "path": r"/\S+?",
    "url": r"http://127\.0\.0\.1:\d+\S*",
    "number": r"\d+(?:\.\d+)?",
    "text": r".+",
}
HOST = "chat.example.com"


@dataclass
class Turn:
    """One command, what was exported before it, and what it is expected to answer."""

    line: int
    command: str
    environ: dict[str, str]
    stdout: list[str] = field(default_factory=list)
    stderr: list[str] = field(default_factory=list)
    code: int = 0


def turns(script: Path) -> Iterator[Turn]:
    environ: dict[str, str] = {}
    turn: Turn | None = None
    for number, line in enumerate(script.read_text("utf-8").splitlines(), 1):
        if line.startswith("$ "):
            if turn:
                yield turn
            turn = Turn(number, line[2:], dict(environ))
        elif line.startswith("export "):
            name, _, value = line[7:].partition("=")
            environ[name] = value
        elif turn and (code := re.fullmatch(r"\[(\d+)\]", line)):
            turn.code = int(code[1])
        elif turn and line.startswith("! "):
            turn.stderr.append(line[2:])
        elif turn and line and not line.startswith("#"):
            turn.stdout.append(line)
    if turn:
        yield turn


def pattern(lines: list[str]) -> str:
    return "".join(r"(?:.*\n)*?" if line == "..." else f"{_line(line)}\n" for line in lines)


def _line(line: str) -> str:
    parts = re.split(r"<([a-z]+)>", line)
    return "".join(KINDS[p] if n % 2 else re.escape(p) for n, p in enumerate(parts))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Files of a right and of some wrong certificates, a client with pins, one that only reads."""
    with opened(tmp_path_factory.mktemp("home"), "--loose") as shell:
        expired = shell.issue(HOST, "server", days=1)
        shell.write(expired_pem=expired["certificate"], expired_key=expired["privateKey"])
        shell.control("POST", "/clock", {"advance": 2 * 86400})
        shell.web_files(HOST)
        shell.pin_files("rotated-client")
        broken = (shell.home / "leaf.pem").read_text().replace("M", "*", 3)
        shell.write(broken_pem=broken)
        reader = {"id": "reader", "secret": "secret-of-reader"}
        reader |= {"scopes": ["customdomain:read"]}  # type: ignore[dict-item]
        shell.control("PUT", "/clients", reader)
        yield shell


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_dialogue(prepared: Shell, script: Path) -> None:
    spoken = list(turns(script))
    assert spoken
    for turn in spoken:
        done = prepared.run(turn.command, **turn.environ)
        where = f"{script.name}:{turn.line}: {turn.command}\n{done.stdout}--\n{done.stderr}"
        assert done.returncode == turn.code, where
        assert re.fullmatch(pattern(turn.stdout), _squeezed(done.stdout)), where
        assert re.fullmatch(pattern(turn.stderr), _squeezed(done.stderr)), where


def _squeezed(text: str) -> str:
    """Without empty lines, which a script cannot show."""
    return "".join(f"{line}\n" for line in text.splitlines() if line)
