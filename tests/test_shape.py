"""The house as STYLE asks for it: sizes, what the pure half imports, catalogues, contracts."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gctrust
from gctrust.errors import ProblemType
from gctrust.findings import Rule

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "gctrust"
FILES = sorted(SOURCE.rglob("*.py"))
MODULE_LIMIT, MODULE_MEDIAN = 400, 150
FUNCTION_LIMIT, FUNCTION_MEDIAN = 60, 10
PURE = ("pipelines", "mailauth", "certs", "pins", "keys.py", "findings.py", "names.py", "errors.py")
# publicsuffixlist is a table that its package ships: as constant as code.
ALLOWED = {
    *(
        "__future__",
        "abc",
        "base64",
        "binascii",
        "bisect",
        "collections",
        "contextlib",
        "dataclasses",
    ),
    *("datetime", "enum", "fractions", "functools", "hashlib", "heapq", "hmac", "ipaddress"),
    *("itertools", "json", "math", "operator", "re", "string", "struct", "textwrap", "types"),
    *("typing", "unicodedata", "urllib", "warnings", "csv", "io"),
    *("gctrust", "asn1crypto", "cryptography", "idna", "publicsuffixlist", "xml"),
}
ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)+\Z")


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for file in FILES:
        yield file.relative_to(SOURCE), ast.parse(file.read_text("utf-8"))


def functions() -> Iterator[tuple[str, int]]:
    """Lines of each function, its docstring apart."""
    for file, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                told = (ast.get_docstring(node, clean=False) or "").count("\n")
                assert node.end_lineno is not None
                yield f"{file}:{node.name}", node.end_lineno - node.lineno + 1 - told


def test_modules_are_short():
    lines = {
        str(file.relative_to(SOURCE)): file.read_text("utf-8").count("\n")
        for file in FILES
        if file.name != "__init__.py"
    }
    assert {name: n for name, n in lines.items() if n > MODULE_LIMIT} == {}
    assert statistics.median(lines.values()) <= MODULE_MEDIAN


def test_functions_are_short():
    sizes = dict(functions())
    assert {name: n for name, n in sizes.items() if n > FUNCTION_LIMIT} == {}
    assert statistics.median(sizes.values()) <= FUNCTION_MEDIAN


def test_every_module_says_what_it_is_for():
    silent = [str(file) for file, tree in trees() if tree.body and ast.get_docstring(tree) is None]
    assert silent == []


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def test_the_pure_half_imports_only_what_is_allowed():
    foreign = {
        f"{file}: {name}"
        for file, tree in trees()
        if file.parts[0] in PURE
        for name in imported(tree)
        if name.partition(".")[0] not in ALLOWED
    }
    assert foreign == set()


def test_only_one_file_prints():
    printing = {
        str(file)
        for file, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    }
    assert printing <= {"cli/output.py"}


def test_no_cancellation_is_lost():
    """Python 3.11's wait_for swallows one that comes with what it waits for (cpython #86296)."""
    waiting = {
        str(file)
        for file, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "wait_for"
    }
    assert waiting == set()


def test_only_the_demo_speaks_to_the_control_port():
    """The journeys reach a sandbox only as they would reach a real platform."""
    speaking = {
        file.parts[0] + "/" + file.name
        for file in (f.relative_to(SOURCE) for f in FILES)
        if file.parts[0] != "sandbox"
        and re.search(r"""\[["']control["']\]|/journal|PUT /zones|\.control\b""", _code(file))
    }
    allowed = ("cli/demo", "cli/rehearse", "cli/sandbox")
    assert {name for name in speaking if not name.startswith(allowed)} == set()


def _code(file: Path) -> str:
    return (SOURCE / file).read_text("utf-8")


def catalogue(kind: type) -> dict[str, set[str]]:
    """Every row of that kind found anywhere, by id, with the sentences it is given."""
    rows: dict[str, set[str]] = {}
    for module in pkgutil.walk_packages(gctrust.__path__, "gctrust."):
        if module.name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            for row in value if isinstance(value, tuple) else (value,):
                if isinstance(row, kind):
                    rows.setdefault(getattr(row, "id", None) or row.code, set()).add(row.sentence)
    return rows


@pytest.mark.parametrize("kind", [Rule, ProblemType])
def test_ids_are_dotted_words_and_mean_one_thing(kind):
    rows = catalogue(kind)
    assert len(rows) > 20
    assert {id_ for id_ in rows if not ID.match(id_)} == set()
    assert {id_ for id_, sentences in rows.items() if len(sentences) > 1} == set()


@pytest.mark.parametrize("kind", [Rule, ProblemType])
def test_explain_knows_every_id(kind):
    from gctrust.cli.catalogue import catalogue as explained

    assert set(catalogue(kind)) - set(explained()) == set()


def contracts(where: Path) -> subprocess.CompletedProcess[str]:
    program = (
        "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=where,
        env={"PYTHONPATH": str(where / "src"), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_import_contracts_hold_and_break_when_broken(tmp_path):
    shutil.copytree(SOURCE, tmp_path / "src" / "gctrust")
    shutil.copy(ROOT / ".importlinter", tmp_path)
    held = contracts(tmp_path)
    assert held.returncode == 0, held.stdout
    breaks = {
        "pins/spki.py": ("import socket", "What decides never does"),
        "mailauth/mx.py": ("from ..certs import chain", "Data flows one way"),
        "sandbox/clock.py": ("from ..adapters import system", "The sandbox knows the wire"),
        "tidbits.py": ("", "Data flows one way"),
    }
    for name, (line, contract) in breaks.items():
        file = tmp_path / "src" / "gctrust" / name
        before = file.read_text("utf-8") if file.exists() else None
        file.write_text(f"{before or ''}\n{line}\n", "utf-8")
        broken = contracts(tmp_path)
        assert broken.returncode != 0, name
        assert contract in " ".join(broken.stdout.split()), name
        file.unlink() if before is None else file.write_text(before, "utf-8")


def test_the_lock_and_the_docs_name_no_registry_host():
    host = re.compile(r"https?://[^\s/]*(?:py" r"pi|pythonhosted|npm" r"js)\.", re.IGNORECASE)
    files = ["requirements.lock", "pyproject.toml", "Makefile", ".ci/run"]
    assert "://" not in (ROOT / "requirements.lock").read_text("utf-8")
    assert [name for name in files if host.search((ROOT / name).read_text("utf-8"))] == []
