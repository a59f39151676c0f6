"""The bodies of webhooks: a CloudEvents 1.0 event, and the same told to people in Slack's shape."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ...errors import Fact
from ...pipelines.events import EVENTS
from ..ledger.entry import canonical, rfc3339

FORMATS: Mapping[str, str] = {
    "cloudevents": "application/cloudevents+json; charset=utf-8",
    "slack": "application/json; charset=utf-8",
}
_LONGEST = 2900  # characters; Slack takes 3000 in a section's text


def cloud_event(
    id_: str, source: str, event: str, subject: str, at: float, data: Mapping[str, Fact]
) -> str:
    """The body's text, which is stored, signed and sent as it is."""
    return canonical(
        {
            "specversion": "1.0",
            "id": id_,
            "source": source,
            "type": event,
            "subject": subject,
            "time": rfc3339(at),
            "datacontenttype": "application/json",
            "data": dict(data),
        }
    )


def body_for(format_: str, event: str) -> str:
    """The stored event as an endpoint of that format takes it."""
    return slack_message(event) if format_ == "slack" else event


def slack_message(event: str) -> str:
    """A headline and what is known, one thing a line (Slack's incoming webhooks, Block Kit)."""
    told = json.loads(event)
    type_, data = told["type"], told["data"]
    title = EVENTS[type_].title if type_ in EVENTS else type_
    status = f": {data['status']}" if data.get("status") else ""
    head = _escaped(f"{title}: {told['subject']}{status}")
    lines = [
        f"*{_escaped(name)}* {_escaped(_text(value))}"
        for name, value in data.items()
        if value not in (None, "", [])
    ]
    section = {"type": "mrkdwn", "text": "\n".join(lines)[:_LONGEST] or head}
    foot = {"type": "mrkdwn", "text": f"{_escaped(type_)} {told['time']} {told['id']}"}
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": f"*{head}*"}},
        {"type": "section", "text": section},
        {"type": "context", "elements": [foot]},
    ]
    return json.dumps({"text": head, "blocks": blocks}, ensure_ascii=False)


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _escaped(text: str) -> str:
    """What Slack reads as markup of its own: a name from outside must not mention a channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
