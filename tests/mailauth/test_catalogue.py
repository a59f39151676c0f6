"""The table of docs/reference/mail-rules.md is true, and the page of all rules is their catalogue.

`python tests/mailauth/test_catalogue.py` writes the page of all rules anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gctrust.findings import Rule
from gctrust.mailauth.rules import MAIL_RULES

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "reference" / "mail-rules.md"
EACH = ROOT / "docs" / "reference" / "mail-rules-each.md"
CASES = ROOT / "tests" / "cases"
COUNTS = {
    "SPF": 34, "DKIM": 22, "DMARC": 26, "MX": 10, "RDNS": 5, "TLS": 1, "DANE": 3, "STS": 5,
    "RPT": 2, "BIMI": 3, "NS": 6, "SEC": 3, "PROP": 4, "DNS": 1,
}  # fmt: skip
_LINE = re.compile(r"\| ([A-Z]+-\d\d) \| ([^|]+) \| (finding|engine|state|left out) \| ([^|]*) \|")


@dataclass(frozen=True, slots=True)
class Row:
    id: str
    kind: str
    rules: tuple[str, ...]
    tests: tuple[str, ...]


def rows() -> Iterator[Row]:
    for line in TABLE.read_text("utf-8").splitlines():
        match = _LINE.match(line)
        if match:
            names = re.findall(r"`([^`]+)`", match[4])
            tests = tuple(name for name in names if name.startswith("test_"))
            yield Row(match[1], match[3], tuple(n for n in names if "." in n), tests)


ROWS = tuple(rows())


def test_the_table_is_whole() -> None:
    ids = [row.id for row in ROWS]
    wanted = [f"{family}-{n:02}" for family, count in COUNTS.items() for n in range(1, count + 1)]
    assert ids == wanted


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_is_judged(row: Row) -> None:
    assert all(rule in MAIL_RULES for rule in row.rules)
    if row.kind == "finding":
        assert row.rules
    elif row.kind in ("engine", "state"):
        assert row.tests == (f"test_{row.id.lower().replace('-', '_')}",)
        text = (Path(__file__).parent / "test_engine_rows.py").read_text("utf-8")
        assert f"def {row.tests[0]}(" in text
    own = {rule.id for rule in MAIL_RULES.values() if rule.row == row.id}
    assert own <= set(row.rules)


@pytest.mark.parametrize("rule", MAIL_RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_has_its_row_and_its_cases(rule: Rule) -> None:
    assert any(rule.id in row.rules for row in ROWS)
    family, _, name = rule.id.partition(".")
    folder = CASES / family / name if family in ("spf", "dkim") else CASES / "mail" / rule.id
    text = folder.with_name(folder.name + ".yaml").read_text("utf-8")
    assert "\n---\n" in text
    assert rule.source


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


def test_the_page_of_all_rules_is_the_catalogue() -> None:
    assert EACH.read_text("utf-8") == page()


if __name__ == "__main__":
    EACH.write_text(page(), "utf-8")
