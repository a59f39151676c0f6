"""Every declared dependency is used, and the lock file has it: nothing is installed for nothing."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parent.parent
# uvicorn takes its event loop by name.
BY_NAME = {"uvloop"}


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {named(line) for line in project["dependencies"]}


def named(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def imported() -> Iterator[str]:
    for file in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                yield node.module.partition(".")[0]


def test_every_dependency_is_imported():
    of = packages_distributions()
    used = {
        re.sub(r"[-_.]+", "-", name).lower()
        for module in set(imported())
        for name in of.get(module, ())
    }
    assert declared() - used - BY_NAME == set()


def test_the_lock_has_every_dependency_and_no_address():
    text = (ROOT / "requirements.lock").read_text("utf-8")
    locked = {named(line) for line in text.splitlines() if "==" in line}
    assert declared() - locked == set()
    assert "://" not in text
