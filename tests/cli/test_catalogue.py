"""What `gctrust explain` knows is whole: every id says where it comes from."""

from __future__ import annotations

import re
from pathlib import Path

from gctrust.cli.catalogue import catalogue

ROOT = Path(__file__).resolve().parents[2]


def test_every_entry_names_its_source() -> None:
    index = catalogue()
    assert len(index) > 400
    assert [id_ for id_, entry in index.items() if not entry.source] == []


def test_pages_named_as_sources_are_there() -> None:
    pages = {
        page
        for entry in catalogue().values()
        for page in re.findall(r"docs/[\w/-]+\.md|ARCHITECTURE\.md", entry.source)
    }
    assert "docs/decisions/runner.md" in pages
    assert [page for page in sorted(pages) if not (ROOT / page).is_file()] == []
