"""Strict reading of bodies and query strings: each unknown, missing or ill-typed field is named.

Loose reading (`--loose`) passes over unknown fields and drops optional ones of a wrong type; a
field the call cannot do without is still required.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .answer import Detail, JsonObject, Refusal

_TYPES: Mapping[str, type] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "object": dict,
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body. `fields` describe an object's own fields; `choices` close a string."""

    name: str
    kind: str = "string"
    required: bool = False
    nullable: bool = False
    choices: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    open: bool = False  # an object whose other fields are passed over


def read_object(raw: bytes, fields: Sequence[Field], strict: bool) -> JsonObject:
    """The body's known fields. Raises Refusal 400 with one detail per fault."""
    try:
        body = json.loads(raw)
        json.dumps(body, ensure_ascii=False).encode()  # a lone surrogate is no text
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"The request body is not JSON: {error}", "bad.json") from None
    if not isinstance(body, dict):
        raise Refusal(400, "The request body must be a JSON object", "bad.json")
    faults: list[Detail] = []
    read = _read_fields(body, fields, "", strict, False, faults)
    _refuse(faults)
    return read


def read_query(
    query: Sequence[tuple[str, str]], names: Sequence[str], strict: bool
) -> dict[str, str]:
    """Query parameters by name. Raises Refusal 400 on an unknown or a repeated one."""
    faults: list[Detail] = []
    read: dict[str, str] = {}
    for name, value in query:
        if name not in names:
            faults.append(Detail("unknown.parameter", name))
        elif name in read:
            faults.append(Detail("repeated.parameter", name))
        else:
            read[name] = value
    if strict:
        _refuse(faults)
    return read


def whole_number(query: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = query.get(name, str(default))
    short = len(text) <= len(str(most))
    if not (short and text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise Refusal(
            400,
            f"{name} must be a whole number from {least} to {most}",
            "invalid.value",
            (Detail("invalid.value", name),),
        )
    return int(text)


def _refuse(faults: Sequence[Detail]) -> None:
    if faults:
        said = ", ".join(f"{fault.field_name} ({fault.error_code})" for fault in faults)
        raise Refusal(
            400,
            f"The request has invalid fields: {said}",
            "invalid.fields",
            tuple(faults),
        )


def _read_fields(
    body: Mapping[str, object],
    fields: Sequence[Field],
    prefix: str,
    strict: bool,
    is_open: bool,
    faults: list[Detail],
) -> JsonObject:
    known = {field.name: field for field in fields}
    if strict and not is_open:
        faults.extend(Detail("unknown.field", prefix + name) for name in body if name not in known)
    read: JsonObject = {}
    for field in fields:
        if field.name in body:
            _read_one(body[field.name], field, prefix, strict, faults, read)
        elif field.required:
            faults.append(Detail("missing.field", prefix + field.name))
    return read


def _read_one(
    value: object,
    field: Field,
    prefix: str,
    strict: bool,
    faults: list[Detail],
    read: JsonObject,
) -> None:
    if value is None and field.nullable:
        read[field.name] = None
    elif not _has_type(value, field.kind):
        if strict or field.required:
            faults.append(Detail("wrong.type", prefix + field.name))
    elif strict and field.choices and value not in field.choices:
        faults.append(Detail("invalid.value", prefix + field.name))
    elif isinstance(value, dict):
        inner = f"{prefix}{field.name}."
        read[field.name] = _read_fields(value, field.fields, inner, strict, field.open, faults)
    else:
        read[field.name] = value


def _has_type(value: object, kind: str) -> bool:
    if kind == "integer" and isinstance(value, bool):
        return False
    return isinstance(value, _TYPES[kind])
