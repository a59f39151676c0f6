"""Effects and outcomes of a client secret's rotation: none of them ever holds the secret."""

from __future__ import annotations

from dataclasses import dataclass

from .effect import Effect
from .effects import Done


@dataclass(frozen=True, slots=True)
class ClientSeen:
    """`state`: "active", "disabled", "inactive" or "unknown". `own`: it is the client that gctrust
    itself speaks with."""

    id: str
    name: str = ""
    grant: str = ""
    state: str = ""
    own: bool = False


@dataclass(frozen=True, slots=True)
class ReadClient(Effect[ClientSeen]):
    outcome = ClientSeen
    client_id: str

    @property
    def key(self) -> str:
        return self.client_id


@dataclass(frozen=True, slots=True)
class MakeSuccessor(Effect[ClientSeen]):
    """Look first for a client made as this one's successor; make it with the same roles; seal its
    secret. One whose secret was lost on the way is given another: nobody uses it yet."""

    outcome = ClientSeen
    outward = True
    settles = 60.0
    client_id: str

    @property
    def key(self) -> str:
        return self.client_id


@dataclass(frozen=True, slots=True)
class ProveSecret(Effect[Done]):
    """Have a token given for the sealed secret: a new client is not known everywhere at once."""

    outcome = Done
    client_id: str

    @property
    def key(self) -> str:
        return self.client_id


@dataclass(frozen=True, slots=True)
class SwitchConsumer(Effect[Done]):
    """Write id and secret where the consumer reads them; what stood there is kept beside.

    `back`: put that back instead."""

    outcome = Done
    outward = True
    client_id: str
    file: str
    reload: tuple[str, ...] = ()
    back: bool = False

    @property
    def key(self) -> str:
        return f"{self.file} {'back' if self.back else self.client_id}"


@dataclass(frozen=True, slots=True)
class SetClientState(Effect[ClientSeen]):
    """Look first; "active" or "inactive"."""

    outcome = ClientSeen
    outward = True
    client_id: str
    state: str

    @property
    def key(self) -> str:
        return f"{self.client_id} {self.state}"


@dataclass(frozen=True, slots=True)
class RemoveClient(Effect[Done]):
    """Delete an inactive client, and forget its sealed secret and what was kept beside the file."""

    outcome = Done
    outward = True
    client_id: str
    file: str = ""

    @property
    def key(self) -> str:
        return self.client_id
