"""The pages hold together: links lead somewhere, the index leads to each, tables are the code's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gctrust.cli.doctor_looks import LOOKS
from gctrust.cli.exit_codes import ExitCode

ROOT = Path(__file__).parent.parent
PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")})
SOURCE = ROOT / "src" / "gctrust"
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    assert [link for link in LINK.findall(text) if not (page.parent / link).exists()] == []


def test_the_index_leads_to_every_page() -> None:
    """To the page itself, or to its folder."""
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link).resolve() for link in LINK.findall(index.read_text("utf-8"))}
    lost = [page for page in PAGES if not {page.resolve(), page.parent.resolve()} & linked]
    assert lost == [index]


def test_files_and_rooms_that_are_named_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    named = re.findall(r"`([a-z_/]+(?:\.py|\.md|/))`", text)
    assert len(named) > 8
    missing = [n for n in named if not any((base / n).exists() for base in (SOURCE, ROOT))]
    assert missing == []


def test_the_layers_of_the_page_are_those_that_are_enforced() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    drawn = page.partition("```\n")[2].partition("```")[0]
    words = [line.split()[0] for line in drawn.splitlines() if not line.startswith("---")]
    enforced = (ROOT / ".importlinter").read_text("utf-8").partition("layers =\n")[2]
    layers = [line.replace(" ", "") for line in enforced.partition("\n\n")[0].splitlines()]
    assert words == layers


def test_the_doctors_guide_has_every_line() -> None:
    guide = (ROOT / "docs" / "guides" / "doctor.md").read_text("utf-8")
    told = re.findall(r"^\| `([a-z ]+)` \|", guide, re.MULTILINE)
    assert told == [look.what for look in LOOKS]
    assert {code for code in ExitCode if str(int(code)) in guide} >= {
        ExitCode.FINE, ExitCode.FAILED, ExitCode.USAGE, ExitCode.ACCESS, ExitCode.FINDINGS,
    }  # fmt: skip


def test_the_glossary_is_in_order() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", (ROOT / "GLOSSARY.md").read_text("utf-8"), re.MULTILINE)
    words = [word.lower() for word in rows[2:]]
    assert words == sorted(words)
