"""Where an endpoint's secrets come from: env:NAME, file:PATH or sealed:ID. Only that is stored.

A sealed secret lies in the store encrypted, beside the sealed keys and under the same sealing key.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...errors import Problem, ProblemKind, ProblemType
from ...secret import Secret
from ..files import read_file

if TYPE_CHECKING:
    from ..credentials.sealed import SealedKeys

BAD_SOURCE = ProblemType(
    code="webhooks.bad-source",
    sentence="A secret's source cannot be understood.",
    why="Secrets are named by where they are, so that no command line and no store shows them.",
    fix="Give env:NAME, file:PATH, or sealed (one is made and kept encrypted in the store).",
    kind=ProblemKind.USAGE,
    source="docs/guides/webhooks.md",
)
NO_SECRET = ProblemType(
    code="webhooks.no-secret",
    sentence="A webhook's secret is not where its endpoint says.",
    why="Without it the delivery would be unsigned or refused, so it is not sent, and tried again.",
    fix="Set the variable or the file for the process that delivers, or rotate the secret.",
    source="docs/guides/webhooks.md",
)
BAD_SECRET = ProblemType(
    code="webhooks.bad-secret",
    sentence="The webhook's secret is no signing secret.",
    why="It is whsec_ and the base64 of 24 to 64 octets, or that base64 alone.",
    fix="Make one with --secret sealed, or set the text that the receiver showed you.",
    kind=ProblemKind.USAGE,
    source="Standard Webhooks specification, signature scheme",
)
PROBLEMS = (BAD_SOURCE, NO_SECRET, BAD_SECRET)

SEALED, ENV, FILE = "sealed:", "env:", "file:"
_MOST = 8192  # octets of a secret's file


def new_signing_secret() -> Secret:
    """192 bits, as Standard Webhooks writes it."""
    return Secret("whsec_" + base64.b64encode(secrets.token_bytes(24)).decode("ascii"))


@dataclass(frozen=True, slots=True)
class SecretSources:
    """`environ` is read at each attempt, `sealed` opened when a sealed secret is first needed."""

    environ: Callable[[], Mapping[str, str]] = field(default=lambda: {})
    sealed: Callable[[], SealedKeys] | None = None

    def read(self, reference: str) -> Secret:
        """Raises Problem webhooks.no-secret, webhooks.bad-source, sealed.*, file.*."""
        if reference.startswith(ENV):
            text = self.environ().get(reference.removeprefix(ENV), "")
        elif reference.startswith(FILE):
            text = read_file(reference.removeprefix(FILE), _MOST).decode("utf-8", "replace")
        elif reference.startswith(SEALED) and self.sealed is not None:
            text = self.sealed().bundle(reference).decode()
        else:
            raise Problem(BAD_SOURCE, {"source": reference[:40]})
        if not text.strip():
            raise Problem(NO_SECRET, {"source": reference})
        return Secret(text.strip())

    def keep(self, endpoint: str, secret: Secret) -> str:
        """Seal it; returns its reference. Raises Problem sealed.*, home.unwritable."""
        assert self.sealed is not None
        reference = SEALED + secrets.token_hex(16)
        self.sealed().keep(_place(endpoint), reference.removeprefix(SEALED), "", secret)
        return reference

    def forget(self, endpoint: str, but: tuple[str, ...] = ()) -> None:
        """The endpoint's sealed secrets, but for those references."""
        if self.sealed is not None:
            self.sealed().forget(_place(endpoint), [one.removeprefix(SEALED) for one in but])


def _place(endpoint: str) -> str:
    """Beside the domains of sealed keys; no domain has a space in its name."""
    return f"webhook {endpoint}"


def is_reference(text: str) -> bool:
    return text.startswith((ENV, FILE, SEALED))


def checked_source(text: str) -> str:
    """A reference that somebody typed. Raises Problem webhooks.bad-source, without the text: it
    may be the secret itself."""
    scheme, colon, rest = text.partition(":")
    if f"{scheme}:" not in (ENV, FILE) or not colon or not rest.strip():
        raise Problem(BAD_SOURCE, {"characters": len(text)})
    return text


def checked_signing(secret: Secret) -> Secret:
    """Raises Problem webhooks.bad-secret."""
    text = secret.reveal().removeprefix("whsec_")
    try:
        octets = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        octets = b""
    if not 24 <= len(octets) <= 64:
        raise Problem(BAD_SECRET, {"octets": len(octets)})
    return secret
