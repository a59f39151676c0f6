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


def test_a_catalogues_row_is_explained_with_its_rules() -> None:
    """Rows with several rules, rows of each catalogue, a row that is behaviour alone."""
    from gctrust.cli.explain import _row
    from gctrust.mailauth.rows import ROWS

    index = catalogue()
    for row, rule in (
        ("SPF-13", "spf.too-many-lookups"),
        ("KEY-04", "cert.key-short"),
        ("PIN-05", "pin.no-backup"),
    ):
        found = _row(row, index)
        assert found is not None
        assert rule in {entry.id for entry in found.entries}
    assert all(_row(row, index) is not None for row in ROWS)
    assert _row("SPF-99", index) is None
