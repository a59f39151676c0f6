"""Every row of the catalogue is judged, every rule has its cases, and the pages say the same.

`python tests/mailauth/test_catalogue.py` writes the pages of docs/reference anew.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gctrust.findings import Rule
from gctrust.mailauth.rows import ROWS, Row
from gctrust.mailauth.rules import MAIL_RULES

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "reference" / "mail-rules.md"
EACH = ROOT / "docs" / "reference" / "mail-rules-each.md"
CASES = ROOT / "tests" / "cases"
COUNTS = {
    "SPF": 34, "DKIM": 22, "DMARC": 26, "MX": 10, "RDNS": 5, "TLS": 1, "DANE": 3, "STS": 5,
    "RPT": 2, "BIMI": 3, "NS": 6, "SEC": 3, "PROP": 4, "DNS": 1,
}  # fmt: skip


def test_the_table_is_whole() -> None:
    wanted = [f"{family}-{n:02}" for family, count in COUNTS.items() for n in range(1, count + 1)]
    assert list(ROWS) == wanted
    assert sum(COUNTS.values()) - COUNTS["DNS"] == 124


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.id)
def test_a_row_is_judged(row: Row) -> None:
    if row.kind == "finding":
        assert row.rules
    elif row.kind in ("engine", "state"):
        text = (Path(__file__).parent / "test_engine_rows.py").read_text("utf-8")
        assert f"def {named_test(row)}(" in text
    else:
        assert row.id == "BIMI-03"


@pytest.mark.parametrize("rule", MAIL_RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_has_its_row_and_its_cases(rule: Rule) -> None:
    assert rule in ROWS[rule.row].rules
    family, _, name = rule.id.partition(".")
    folder = CASES / family / name if family in ("spf", "dkim") else CASES / "mail" / rule.id
    text = folder.with_name(folder.name + ".yaml").read_text("utf-8")
    assert "\n---\n" in text
    assert rule.source


def named_test(row: Row) -> str:
    return f"test_{row.id.lower().replace('-', '_')}"


def table() -> str:
    """The rows, with the rules or the test of each."""
    lines = ["| row | what is looked at | kind | rules |", "| --- | --- | --- | --- |"]
    for row in ROWS.values():
        names = [f"`{rule.id}`" for rule in row.rules]
        if row.kind in ("engine", "state"):
            names.append(f"test `{named_test(row)}`")
        said = ", ".join(names) or "named in `not_judged` of a domain with BIMI"
        lines.append(f"| {row.id} | {row.what} | {row.kind} | {said} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """All rules, as their catalogue has them."""
    lines = [
        "# The mail rules, one by one",
        "",
        "Made from the catalogue by `python tests/mailauth/test_catalogue.py`; `gctrust explain`",
        "says the same. What they belong to: [mail-rules](mail-rules.md).",
    ]
    family = ""
    for rule in MAIL_RULES.values():
        if rule.id.partition(".")[0] != family:
            family = rule.id.partition(".")[0]
            lines += ["", f"## {family}"]
        lines += ["", f"### `{rule.id}` ({rule.severity.word}, {rule.row})", ""]
        lines += [f"{_plain(rule.sentence)}.", "", f"{rule.why} {rule.fix}", ""]
        lines += [f"Example: {_code(rule.example)}. Source: {rule.source}."]
    return "\n".join(lines) + "\n"


def _plain(sentence: str) -> str:
    return re.sub(r"\{(\w+)(?:!r)?\}", lambda match: f"*{match[1]}*", sentence).rstrip(".")


def _code(example: str) -> str:
    return f"`{example}`" if "`" not in example else example


def test_the_pages_are_the_catalogue() -> None:
    assert EACH.read_text("utf-8") == page()
    assert f"\n\n{table()}\n" in TABLE.read_text("utf-8")


if __name__ == "__main__":
    EACH.write_text(page(), "utf-8")
    text = TABLE.read_text("utf-8")
    TABLE.write_text(
        re.sub(r"\| row \|.*?\n\n", lambda _: table() + "\n", text, flags=re.S), "utf-8"
    )
