"""The tutorials, executed: each command they name, in order, on a sandbox with a fast clock."""

from __future__ import annotations

import re
import time
from pathlib import Path

from shell import Shell

TUTORIALS = Path(__file__).parents[2] / "docs" / "tutorials"
COMMAND = re.compile(r"`(gctrust [^`]+)`")
DOMAIN, HOST = "mail.example.com", "chat.example.com"


def commands(tutorial: str) -> list[str]:
    """Those of the numbered steps; `gctrust sandbox`, named before them, is the fixture's."""
    _, first, steps = (TUTORIALS / f"{tutorial}.md").read_text("utf-8").partition("\n1. ")
    assert first
    return COMMAND.findall(steps)


def codes(shell: Shell, tutorial: str, **env: str) -> dict[str, int]:
    """Exit code of each command; RUN is the id of the newest run."""
    found: dict[str, int] = {}
    for command in commands(tutorial):
        text = command
        if "RUN" in text.split():
            text = text.replace("RUN", shell.answer("gctrust runs list", **env)["runs"][0]["run"])
        done = shell.run(text, **env)
        assert "Traceback" not in done.stderr
        found[command] = done.returncode
    return found


def test_custom_domain(shell: Shell) -> None:
    seen = codes(shell, "custom-domain", TARGET_DOMAIN=HOST, **shell.web_files(HOST))
    assert seen["gctrust tls deploy"] == 11
    assert seen["gctrust tls deploy --yes"] == 0
    assert seen["gctrust tls status"] == 0
    assert shell.effects().count("POST /api/v2/customdomains") == 1


def test_pin_rotation(shell: Shell) -> None:
    seen = codes(shell, "pin-rotation", **shell.pin_files())
    assert seen["gctrust pins status"] == 0
    assert seen["gctrust pins rotate"] == 11
    assert seen["gctrust pins rotate --yes"] == 0
    assert sum(effect.startswith("PATCH ") for effect in shell.effects()) == 2


def test_email_domain(shell: Shell) -> None:
    """The reader publishes what the platform asks for while the first command waits for it."""
    env = {"TARGET_DOMAIN": DOMAIN}
    waiting = shell.start("gctrust domain verify --yes", **env)
    while shell.run("gctrust domain records", **env).returncode != 0:
        assert waiting.poll() is None
        time.sleep(0.1)
    assert len(shell.publish(DOMAIN)) == 4
    assert "succeeded" in waiting.communicate(timeout=30)[0]
    assert waiting.returncode == 0
    seen = codes(shell, "email-domain", **env)
    assert seen["gctrust domain verify"] == 11
    assert seen["gctrust runs resume RUN"] == 0
    assert seen["gctrust audit list"] == 0
    assert shell.effects().count("POST /api/v2/organization/emaildomains") == 1
