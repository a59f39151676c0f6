"""What the catalogue of events is made of: an event's type, its fields, and their JSON Schema."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Fact

_JSON = {"string": "string", "number": "number", "integer": "integer", "boolean": "boolean"}


@dataclass(frozen=True, slots=True)
class Field:
    """`kind` is string, number, integer, boolean or strings; with ? it may be null."""

    name: str
    kind: str
    meaning: str
    sample: Fact
    required: bool = True

    @property
    def schema(self) -> dict[str, object]:
        kind = self.kind.removesuffix("?")
        if kind == "strings":
            return {"type": "array", "items": {"type": "string"}, "description": self.meaning}
        word = _JSON[kind]
        type_ = [word, "null"] if self.kind.endswith("?") else word
        return {"type": type_, "description": self.meaning}


@dataclass(frozen=True, slots=True)
class EventType:
    """`told` says when it is sent."""

    name: str
    title: str
    told: str
    fields: tuple[Field, ...]

    @property
    def sample(self) -> dict[str, Fact]:
        """The data of one event of it."""
        return {field.name: field.sample for field in self.fields}

    def data_schema(self) -> dict[str, object]:
        return {
            "type": "object",
            "required": [field.name for field in self.fields if field.required],
            "properties": {field.name: field.schema for field in self.fields},
        }

    def schema(self) -> dict[str, object]:
        """JSON Schema of the whole body: the CloudEvents 1.0 envelope and its data."""
        text: dict[str, object] = {"type": "string", "minLength": 1}
        envelope: dict[str, object] = {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "pattern": "^msg_[0-9a-f]{24}$"},
            "source": text,
            "type": {"const": self.name},
            "subject": text,
            "time": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"},
            "datacontenttype": {"const": "application/json"},
            "data": self.data_schema(),
        }
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.name,
            "type": "object",
            "required": list(envelope),
            "properties": envelope,
        }


def fields_of(*rows: tuple[str, str, str, Fact]) -> tuple[Field, ...]:
    """A name in brackets is a field that may be absent."""
    return tuple(
        Field(name.strip("[]"), kind, meaning, sample, not name.startswith("["))
        for name, kind, meaning, sample in rows
    )
