"""The generated part of docs/reference/webhooks.md. Run it to write the page anew:
python tests/adapters/webhooks/events_page.py"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from gctrust.pipelines.event_type import EventType
from gctrust.pipelines.events import EVENTS

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "webhooks.md"
BEGIN, END = "<!-- generated: the events -->\n", "<!-- end of what is generated -->\n"


def lines(event: EventType) -> Iterator[str]:
    yield f"### {event.name}\n\n{event.told}\n\n"
    yield "| field of `data` | kind | meaning |\n| --- | --- | --- |\n"
    for field in event.fields:
        absent = "" if field.required else ", may be absent"
        yield f"| `{field.name}` | {field.kind}{absent} | {field.meaning} |\n"
    sample = json.dumps(dict(event.sample), indent=2, ensure_ascii=False)
    yield f"\n```json\n{sample}\n```\n\n"


def generated() -> str:
    return "".join(line for event in EVENTS.values() for line in lines(event))


def page(text: str) -> str:
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{generated()}{END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
