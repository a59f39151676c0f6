"""Changes of the published dialect: kept resources and the audit message each change leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..answer import JsonObject
from ..platform import Platform, new_id
from ..platform_records import AuditMessage, Change, Kept
from ..platform_refusals import missing
from ..state import State
from ..wire import Call


def audited(
    platform: Platform,
    call: Call,
    action: str,
    kind: tuple[str, str],
    entity: tuple[str, str],
    changes: Sequence[Change] = (),
) -> State:
    """The state to change. `kind` is (service, entity type), `entity` (id, name); what belongs to
    no service leaves no message, as edge authorities do."""
    state, now = call.change(), platform.clock.now()
    message = AuditMessage(
        id=new_id(),
        time=now,
        visible_at=now + platform.seed.hostile.audit_lag_seconds,
        service=kind[0],
        entity_type=kind[1],
        entity_id=entity[0],
        entity_name=entity[1],
        action=action,
        client_id=call.client.id,
        transaction_id=new_id(),
        changes=tuple(changes),
    )
    if kind[0]:
        state.now.published.audits.append(message)
    return state


class Shelf:
    """One collection of kept resources: `kind` is its (service, entity type) in audits."""

    def __init__(self, name: str, kind: tuple[str, str], code: str = "not.found") -> None:
        self.name = name
        self.kind = kind
        self._code = code

    def listed(self, platform: Platform, call: Call) -> list[Kept]:
        now, delays = platform.clock.now(), platform.seed.hostile.delays
        held = call.view.published.collection(self.name).values()
        return [one for one in held if delays.shows(one, now, listing=True)]

    def read(self, platform: Platform, call: Call, key: str) -> Kept:
        """Raises Refusal 404."""
        held = call.view.published.collection(self.name).get(key)
        if held is None or not platform.seed.hostile.delays.shows(held, platform.clock.now()):
            raise missing(self.kind[1], key, self._code)
        return held

    def live(self, platform: Platform, call: Call, key: str) -> Kept:
        """As `read`, for a change: what is deleted already is not there."""
        held = self.read(platform, call, key)
        if held.ended is not None:
            raise missing(self.kind[1], key, self._code)
        return held

    def add(self, platform: Platform, call: Call, body: JsonObject, key: str = "") -> Kept:
        now = platform.clock.now()
        made = Kept(key or new_id(), body, now, now, call.client.id)
        state = audited(platform, call, "Create", self.kind, _named(made))
        state.now.published.collection(self.name)[made.id] = made
        return made

    def change(self, platform: Platform, call: Call, old: Kept, body: Mapping[str, object]) -> Kept:
        made = replace(old, body=body, modified=platform.clock.now(), version=old.version + 1)
        told = _changes(old.body, body)
        state = audited(platform, call, "Update", self.kind, _named(made), told)
        state.now.published.collection(self.name)[made.id] = made
        return made

    def end(self, platform: Platform, call: Call, old: Kept) -> None:
        made = replace(old, ended=platform.clock.now())
        state = audited(platform, call, "Delete", self.kind, _named(made))
        state.now.published.collection(self.name)[made.id] = made


def _named(kept: Kept) -> tuple[str, str]:
    return kept.id, str(kept.body.get("name", kept.id))


_SECRET = {"credentialFields"}


def _changes(old: Mapping[str, object], new: Mapping[str, object]) -> list[Change]:
    return [
        Change(name, _text(old.get(name)), _text(new.get(name)))
        for name in sorted({*old, *new} - _SECRET)
        if old.get(name) != new.get(name)
    ]


def _text(value: object) -> str:
    return "" if value is None else str(value)[:1000]
