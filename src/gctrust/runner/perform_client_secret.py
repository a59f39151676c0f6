"""Performs the effects of a client secret's rotation. The secret lives in the store, sealed, and in
the consumer's file, and in no outcome."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from ..adapters.credentials.consumer_file import (
    NOT_RELOADED,
    forget,
    put_back,
    write_consumer,
)
from ..adapters.credentials.sealed import SealedKeys
from ..adapters.files import SEALED
from ..adapters.genesys.client import GenesysClient
from ..adapters.genesys.problems import ANSWER_LOST, BAD_CREDENTIALS, NOT_FOUND, NOT_SHOWN_YET
from ..adapters.genesys.published import Published
from ..adapters.genesys.wire_trust import MadeClient, PlatformClient
from ..adapters.reload_command import failure_of
from ..errors import Problem, ProblemType
from ..pipelines.effects import Done
from ..pipelines.secret_effects import (
    ClientSeen,
    MakeSuccessor,
    ProveSecret,
    ReadClient,
    RemoveClient,
    SetClientState,
    SwitchConsumer,
)
from ..ports import Clock
from ..secret import Secret

PLACE = "oauth-client"  # what sealed secrets are kept under
MARK = "Successor of "
LOOKS, PAUSE = 6, 5.0
PATIENCE = 60.0  # seconds for the reload command

NOT_OURS = ProblemType(
    "secret.successor-exists",
    "A client with the successor's name exists, and gctrust did not make it.",
    "Its secret may be in use; giving it another would cut its user off.",
    "Rename that client, or remove it, then order the rotation again.",
    source="docs/guides/published-dialect.md",
)
PROBLEMS = (NOT_OURS,)


class ClientSecrets:
    """One method for each effect."""

    def __init__(self, genesys: GenesysClient, clock: Clock, sealed: SealedKeys) -> None:
        self._genesys, self._api = genesys, Published(genesys)
        self._clock, self._sealed = clock, sealed

    async def read(self, effect: ReadClient) -> ClientSeen:
        seen = _seen(await self._there(effect.client_id))
        return replace(seen, own=seen.id == self._genesys.client_id)

    async def make(self, effect: MakeSuccessor) -> ClientSeen:
        old = await self._there(effect.client_id)
        name, mark = successor_name(old.name), MARK + old.id
        found = await self._successor(name, mark)
        if found is None:
            await self._make(old, name, mark)
            found = await self._successor(name, mark)
        elif not await asyncio.to_thread(self._sealed.opens, PLACE, found.id):
            # Made by a try that was cut off before its secret was kept; nobody uses it.
            await self._seal(await self._api.new_client_secret(found.id))
        if found is None:
            raise self._later(name, PAUSE)
        if found.state.value == "inactive":
            await self._api.put_client_state(found, "active")
        return _seen(found)

    async def _make(self, old: PlatformClient, name: str, mark: str) -> None:
        try:
            told = described(mark, old.description)
            await self._seal(await self._api.create_client(old, name, told))
        except Problem as problem:
            if problem.type is not ANSWER_LOST:
                raise
            raise self._later(
                name, MakeSuccessor.settles
            ) from None  # the list has to tell whether it was made

    async def _successor(self, name: str, mark: str) -> PlatformClient | None:
        """By its name, or by the id that its secret is sealed under: a list lags behind.

        Raises Problem secret.successor-exists.
        """
        named = [one.id for one in await self._api.clients() if one.name == name]
        sealed = [one.leaf_sha256 for one in await asyncio.to_thread(self._sealed.kept, PLACE)]
        for id in dict.fromkeys((*sealed, *named)):
            whole = await self._api.client(id)
            if whole is None or whole.name != name:  # deleted and still listed; or another's
                continue
            if not is_marked(whole.description, mark):
                raise Problem(NOT_OURS, {"client": id, "name": name})
            return whole
        return None

    def _later(self, name: str, seconds: float) -> Problem:
        later = self._clock.now() + seconds
        return Problem(NOT_SHOWN_YET, {"client": name}, retry_at=later)

    async def prove(self, effect: ProveSecret) -> Done:
        """Raises Problem genesys.not-shown-yet while the platform does not know it everywhere."""
        secret = await asyncio.to_thread(self._secret, effect.client_id)
        try:
            async with self._genesys.with_credentials(effect.client_id, secret) as other:
                await other.require()
        except Problem as problem:
            if problem.type is not BAD_CREDENTIALS:
                raise
            raise self._later(effect.client_id, PAUSE) from None
        return Done()

    async def switch(self, effect: SwitchConsumer) -> Done:
        path = Path(effect.file)
        if effect.back:
            await asyncio.to_thread(put_back, path)
        else:
            secret = await asyncio.to_thread(self._secret, effect.client_id)
            await asyncio.to_thread(write_consumer, path, effect.client_id, secret)
        if effect.reload and (seen := await failure_of(effect.reload, PATIENCE)):
            raise Problem(NOT_RELOADED, {"command": effect.reload[0], "seen": seen})
        return Done()

    async def set_state(self, effect: SetClientState) -> ClientSeen:
        held = await self._there(effect.client_id)
        if held.state.value != effect.state:
            await self._api.put_client_state(held, effect.state)
        return replace(_seen(held), state=effect.state)

    async def remove(self, effect: RemoveClient) -> Done:
        """Delete, and look until it is gone: the platform deletes slowly."""
        for look in range(LOOKS):
            held = await self._api.client(effect.client_id)
            if held is None:
                break
            if look == 0:
                await self._api.delete_client(effect.client_id)
            await self._clock.sleep_until(self._clock.now() + PAUSE)
        if effect.file:
            await asyncio.to_thread(forget, Path(effect.file))
        kept = [one.leaf_sha256 for one in await asyncio.to_thread(self._sealed.kept, PLACE)]
        but = [one for one in kept if one != effect.client_id]
        await asyncio.to_thread(self._sealed.forget, PLACE, but)
        return Done()

    async def _there(self, id: str) -> PlatformClient:
        found = await self._api.client(id)
        if found is None:
            raise Problem(NOT_FOUND, {"client": id})
        return found

    async def _seal(self, made: MadeClient) -> None:
        await asyncio.to_thread(self._sealed.keep, PLACE, made.id, "", made.secret)

    def _secret(self, id: str) -> Secret:
        return Secret(self._sealed.bundle(SEALED + id).decode())


def successor_name(name: str) -> str:
    """Blue is followed by green, green by blue; a client without a colour is blue."""
    base, _, colour = name.rpartition(" ")
    if colour == "(green)":
        return f"{base} (blue)"
    return f"{base if colour == '(blue)' else name} (green)"


def described(mark: str, description: str) -> str:
    """The mark, then what its owner wrote: a mark of before goes."""
    was_marked = description.startswith(MARK)
    own = description.partition(": ")[2] if was_marked else description
    return f"{mark}: {own}" if own else mark


def is_marked(description: str, mark: str) -> bool:
    return description == mark or description.startswith(f"{mark}: ")


def _seen(held: PlatformClient) -> ClientSeen:
    return ClientSeen(held.id, held.name, held.grant, held.state.value)
