"""docs/reference/service.md names every route, and no other."""

import re
from pathlib import Path

from gctrust.service.routes import PROBES, TOKENS
from gctrust.service.run_routes import RUNS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "service.md"


def test_the_page_has_every_route() -> None:
    told = set()
    for cell in re.findall(r"^\| (`[^|]+) \|", PAGE.read_text("utf-8"), re.MULTILINE):
        path = ""
        for part in reversed(re.findall(r"`([^`]+)`", cell)):
            method, _, named = part.partition(" ")
            path = named or path
            told.add((method, path))
    served = {
        (method, route.path)
        for router in (PROBES, RUNS, TOKENS)
        for route in router.routes
        for method in route.methods
    }
    assert told == served | {("GET", "/openapi.json")}
