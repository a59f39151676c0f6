"""Colour and progress as a terminal sees them: the real process on a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest
from shell import Shell, bare_environ

ESCAPE = "\x1b["
COMMAND = "gctrust config show"


def seen(shell: Shell, command: str, **env: str) -> tuple[int, str]:
    """Exit code, and what a terminal gets of a command's stdout and stderr."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        shell.tokens(command),
        env={"TERM": "xterm-256color", **shell.environ, **env},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=shell.home,
    )
    os.close(theirs)
    text = b""
    while chunk := _read(ours):
        text += chunk
    os.close(ours)
    return process.wait(20), text.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # the other side is closed
        return b""


@pytest.fixture
def alone(tmp_path: Path) -> Shell:
    return Shell(tmp_path, bare_environ(tmp_path), {})


def test_a_terminal_gets_style(alone: Shell) -> None:
    code, text = seen(alone, COMMAND)
    assert code == 0
    assert ESCAPE in text


@pytest.mark.parametrize(
    ("flag", "env"),
    [("", {"NO_COLOR": "1"}), ("", {"TERM": "dumb"}), (" --no-color", {})],
)
def test_colour_is_left_out_where_it_is_not_wanted(
    alone: Shell, flag: str, env: dict[str, str]
) -> None:
    code, text = seen(alone, COMMAND + flag, **env)
    assert code == 0
    assert not any(f"{ESCAPE}{n}m" in text for n in range(30, 38))


def test_no_terminal_gets_plain_text(alone: Shell) -> None:
    done = alone.run(COMMAND)
    assert ESCAPE not in done.stdout + done.stderr


def test_force_color_styles_a_pipe(alone: Shell) -> None:
    done = alone.run(COMMAND, FORCE_COLOR="1", TERM="xterm-256color")
    assert ESCAPE in done.stdout


def test_findings_say_their_severity_in_words(shell: Shell) -> None:
    shell.web_files("chat.example.com")
    told = "gctrust check cert --cert leaf.pem --key key.pem --host other.example.com"
    code, plain = seen(shell, told, NO_COLOR="1")
    assert code == 10
    assert "critical" in plain or "error" in plain
    code, styled = seen(shell, told)
    assert code == 10
    assert f"{ESCAPE}31m" in styled or f"{ESCAPE}1;31m" in styled


def test_progress_shows_on_a_terminal_only(shell: Shell) -> None:
    command = "gctrust domain verify --yes --wait"
    code, text = seen(shell, f"{command} 5 shown.example.com")
    assert code == 8
    assert "waiting until" in text
    assert "\r" in text
    done = shell.run(f"{command} 1 silent.example.com")
    assert done.returncode == 8
    assert done.stderr.startswith("run email-domain:silent.example.com@1\n")
    assert not set(done.stderr) & {"\r", ESCAPE[0]}
