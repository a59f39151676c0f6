"""The table of docs/reference/certificate-rules.md is true; the page of all rules is the catalogue.

`python tests/certs/test_catalogue.py` writes the page of all rules anew.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gctrust.certs.rules import RULES, STRICT

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "reference" / "certificate-rules.md"
EACH = ROOT / "docs" / "reference" / "certificate-rules-each.md"
COUNTS = {
    "IN": 9, "KEY": 15, "NAME": 10, "CHAIN": 15, "TIME": 7, "PROF": 9, "REV": 6, "CT": 7,
    "DNS": 3, "SRV": 6,
}  # fmt: skip
_LINE = re.compile(r"\| ([A-Z]+-\d\d) \| ([^|]+) \| (finding|behaviour|left out) \|([^|]*)\|")
ROWS = {
    match[1]: (match[3], re.findall(r"`((?:cert|served)\.[a-z0-9-]+)`", match[4]))
    for match in map(_LINE.match, TABLE.read_text("utf-8").splitlines())
    if match
}


def test_the_table_is_whole() -> None:
    wanted = [f"{family}-{n:02}" for family, count in COUNTS.items() for n in range(1, count + 1)]
    assert list(ROWS) == wanted


@pytest.mark.parametrize("row", ROWS)
def test_a_row_names_its_rules(row: str) -> None:
    kind, rules = ROWS[row]
    own = {rule.id for rule in RULES.values() if rule.row == row}
    assert set(rules) == own
    assert bool(own) == (kind == "finding")


def test_every_strict_rule_is_explained() -> None:
    text = TABLE.read_text("utf-8").partition("## Strict clients")[2]
    assert set(re.findall(r"^\| `(cert\.[a-z0-9-]+)` \|", text, re.M)) == STRICT


def page() -> str:
    """All rules, as their catalogue has them."""
    lines = [
        "# The certificate rules, one by one",
        "",
        "Made from the catalogue by `python tests/certs/test_catalogue.py`; `gctrust explain`",
        "says the same. What they belong to: [certificate-rules](certificate-rules.md).",
    ]
    family = ""
    for rule in sorted(
        RULES.values(), key=lambda r: (list(COUNTS).index(r.row.split("-")[0]), r.row)
    ):
        if rule.row.partition("-")[0] != family:
            family = rule.row.partition("-")[0]
            lines += ["", f"## {family}"]
        head = f"{rule.severity.word}, {rule.verdict}, {rule.row}"
        lines += ["", f"### `{rule.id}` ({head})", "", f"{_plain(rule.sentence)}.", ""]
        lines += [f"{rule.why} {_plain(rule.fix)}.", ""]
        lines += [f"Example: {rule.example}. Source: {rule.source}."]
    return "\n".join(lines) + "\n"


def _plain(sentence: str) -> str:
    text = re.sub(r"\{(\w+)\}", lambda match: f"*{match[1]}*", sentence).rstrip(".")
    return text[:1].upper() + text[1:]


def test_the_page_of_all_rules_is_the_catalogue() -> None:
    assert EACH.read_text("utf-8") == page()


if __name__ == "__main__":
    EACH.write_text(page(), "utf-8")
