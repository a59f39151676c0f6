"""The pack's page: one file with its data, style and program in it, and a policy that admits no
other. It runs from a folder, without a network."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from string import Template

from .sheets import APPROVED, KINDS


def page_of(about: Mapping[str, object], lines: Sequence[str]) -> str:
    """`about` is what the program reads beside the `lines` of entries and their paths."""
    style, script = resource("page.css"), _constants() + resource("verify.js") + resource("page.js")
    return Template(resource("index.html")).substitute(
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        # JSON within a script element: no "<" may end it (HTML, section 4.12.1.3).
        pack=json.dumps(about, ensure_ascii=False).replace("<", "\\u003c"),
        entries="\n".join(lines),
    )


def _constants() -> str:
    """Part of the program, so that a changed one does not run."""
    told = {"KINDS": dict(KINDS), "APPROVED": APPROVED}
    return "".join(f"const {name} = {json.dumps(value)};\n" for name, value in told.items())


def resource(name: str) -> str:
    return (resources.files(__package__) / "site" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """As Content Security Policy level 3 wants it, section 2.3.1."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
