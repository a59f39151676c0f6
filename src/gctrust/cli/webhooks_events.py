"""`gctrust webhooks events`: the catalogue of events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from ..pipelines.event_type import EventType
from ..pipelines.events import EVENTS
from .exit_codes import ExitCode
from .findings_shown import bad_argument
from .output import Block, Heading, Table
from .session import Options


@dataclass(frozen=True, slots=True)
class EventShown:
    """`data_schema` is JSON Schema of the body; `sample` is the data of one."""

    name: str
    told: str
    data_schema: Mapping[str, object]
    sample: Mapping[str, object]

    @classmethod
    def of(cls, event: EventType) -> EventShown:
        return cls(event.name, event.told, event.schema(), event.sample)


@dataclass(frozen=True, slots=True)
class EventsShown:
    events: tuple[EventShown, ...]


def events(
    type_: str = "",
    /,
    *,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """The events there are; one with its schema and a sample.

    Parameters
    ----------
    type_
        One event's name.
    """
    if type_ and type_ not in EVENTS:
        raise bad_argument("TYPE", type_, f"There are: {', '.join(EVENTS)}.")
    chosen = [EVENTS[type_]] if type_ else list(EVENTS.values())
    shown = EventsShown(tuple(EventShown.of(event) for event in chosen))
    options.out.answer("webhooks.events", shown, _one(chosen[0]) if type_ else _all(chosen))
    return ExitCode.FINE


def _all(chosen: list[EventType]) -> list[Block]:
    return [Table(("event", "told when"), tuple((event.name, event.told) for event in chosen))]


def _one(event: EventType) -> list[Block]:
    fields = tuple(
        (field.name, field.kind, "yes" if field.required else "", field.meaning)
        for field in event.fields
    )
    return [
        Heading(event.name),
        event.told,
        Table(("field of data", "kind", "always", "meaning"), fields),
        "sample of data:",
        json.dumps(dict(event.sample), indent=2, ensure_ascii=False),
        "schema of the body:",
        json.dumps(event.schema(), indent=2, ensure_ascii=False),
    ]
