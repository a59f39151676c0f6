"""The reference page of the pin rules is the catalogue.

`python tests/pins/test_catalogue.py` writes docs/reference/pin-rules.md anew.
"""

from __future__ import annotations

import re
from pathlib import Path

from gctrust.pins.rules import PIN_RULES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "pin-rules.md"


def page() -> str:
    lines = [
        "# What is judged of a pin rotation",
        "",
        "Made from the catalogue by `python tests/pins/test_catalogue.py`; `gctrust explain ID`",
        "says the same. A `critical` finding stops a rotation; what was not declared or could not",
        "be looked at is named in `not_judged`, and is never taken for good. How a rotation goes:",
        "[the guide](../guides/pin-rotation.md).",
    ]
    for rule in sorted(PIN_RULES, key=lambda rule: rule.row):
        lines += ["", f"## `{rule.id}` ({rule.severity.word}, {rule.row})", ""]
        sentence = re.sub(r"\{(\w+)\}", lambda match: f"*{match[1]}*", rule.sentence)
        lines += [sentence, "", f"{rule.why} {rule.fix}", ""]
        lines += [f"Example: {rule.example}. Source: {rule.source}."]
    return "\n".join(lines) + "\n"


def test_the_page_is_the_catalogue() -> None:
    assert PAGE.read_text("utf-8") == page()


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
