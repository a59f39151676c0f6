"""Refusals of the published API: its codes and messages, with the parameters of each message."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .answer import Detail, Refusal

_HOLE = re.compile(r"\{(\w+)\}")


def refuse(
    status: int,
    code: str,
    template: str,
    *,
    field: str = "",
    entity: tuple[str, str] | None = None,
    **params: str,
) -> Refusal:
    """`template` has {holes} for `params`; `entity` is (id, kind)."""
    filled = _HOLE.sub(lambda hole: params.get(hole[1], hole[0]), template)
    details = (Detail(code, field),) if field else ()
    return Refusal(status, filled, code, details, template=template, params=params, entity=entity)


def missing(kind: str, entity_id: str, code: str = "not.found") -> Refusal:
    return refuse(
        404, code, "Unable to find {kind} [{id}]", entity=(entity_id, kind), kind=kind, id=entity_id
    )


def invalid_property(name: str, model: str) -> Refusal:
    return refuse(
        400,
        "invalid.property",
        "Value [{value}] is not a valid property for object [{object}]",
        field=name,
        value=name,
        object=model,
    )


def invalid_value(value: object, name: str, allowed: Sequence[str]) -> Refusal:
    return refuse(
        400,
        "invalid.value",
        "Value [{value}] is not valid for field type [{type}]. Allowable values are: {allowed}",
        field=name,
        value=str(value)[:200],
        type=name,
        allowed=", ".join(allowed),
    )


def invalid_parameter(value: object, name: str, allowed: str) -> Refusal:
    return refuse(
        400,
        "invalid.query.param.value",
        "Value [{value}] is not valid for parameter [{parameter}]. Allowable values are: {allowed}",
        field=name,
        value=str(value)[:200],
        parameter=name,
        allowed=allowed,
    )


def constraint(name: str, said: str) -> Refusal:
    return refuse(400, "constraint.validation", "{said}", field=name, said=f"{name} {said}")


def missing_permissions(permissions: Sequence[str], every: bool) -> Refusal:
    if every:
        code = "missing.permissions"
        said = "You are missing the following permission(s): {permissions}"
    else:
        code = "missing.any.permissions"
        said = "You must have at least one of the following permissions assigned: {permissions}"
    return refuse(
        403,
        code,
        f"Unable to perform the requested action. {said}",
        permissions=f"[{', '.join(permissions)}]",
    )
