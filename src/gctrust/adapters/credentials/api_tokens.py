"""API tokens of the HTTP service: who may ask it for what. Only a digest is stored.

A token is 32 random octets, so its SHA-256 cannot be searched for, and no slow hash is needed
(those are for passwords that people choose: NIST SP 800-63B section 5.1.1.2).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from ...errors import Fact, Problem, ProblemKind, ProblemType
from ...ports import Clock
from ...secret import Secret
from ..ledger.entry import Entry
from ..ledger.ledger import Ledger
from ..store.changes import NOBODY, Change
from ..store.schema import API_TOKENS
from ..store.store import Store

NO_SUCH_TOKEN = ProblemType(
    code="service.no-such-token",
    sentence="There is no such API token.",
    why="Names are listed by `gctrust tokens list`.",
    fix="Run `gctrust tokens list` and use a name from there.",
    kind=ProblemKind.USAGE,
    source="docs/reference/commands.md",
)
TOKEN_NAMED = ProblemType(
    code="service.token-exists",
    sentence="A token of this name exists already.",
    why="The ledger names who did something by the token's name, so a name is given once.",
    fix="Choose another name. A revoked name is not given again.",
    kind=ProblemKind.USAGE,
    source="docs/reference/commands.md",
)
BAD_NAME = ProblemType(
    code="service.bad-token-name",
    sentence="A token's name is 1 to 40 letters, digits, dots, hyphens or underscores.",
    why="It appears in the ledger and in logs as the actor.",
    fix="Name the token for who uses it, such as ci-deploy.",
    kind=ProblemKind.USAGE,
    source="docs/reference/commands.md",
)
PROBLEMS = (NO_SUCH_TOKEN, TOKEN_NAMED, BAD_NAME)

_NAME = re.compile(r"[A-Za-z0-9._-]{1,40}")
_PREFIX = "gct_"


class Role(StrEnum):
    """A viewer reads, an operator also orders and signals runs, an admin also manages tokens."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def may(self, needed: Role) -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class ApiToken:
    """Instants are Unix seconds by the clock of the runs; None: never."""

    name: str
    role: Role
    created: float
    expires: float | None
    revoked: float | None

    @property
    def actor(self) -> str:
        return f"token:{self.name}"

    def valid(self, now: float) -> bool:
        return self.revoked is None and (self.expires is None or now < self.expires)


class ApiTokens:
    """Every method is one transaction, with the ledger's entry where it changes something: `by`
    is who asked, and why. Raises the store's Problems."""

    def __init__(self, store: Store, ledger: Ledger, clock: Clock) -> None:
        self.store, self.ledger, self.clock = store, ledger, clock

    def create(
        self, name: str, role: Role, lifetime: float | None = None, by: Change = NOBODY
    ) -> Secret:
        """A new token, shown this once. `lifetime` is in seconds, None: until it is revoked."""
        if not _NAME.fullmatch(name):
            raise Problem(BAD_NAME, {"name": name[:80]})
        token = _PREFIX + secrets.token_urlsafe(32)
        now = self.clock.now()
        row = {"name": name, "role": role.value, "digest": _digest(token), "created": now}
        expires = None if lifetime is None else now + lifetime
        try:
            with self.store.write() as connection:
                connection.execute(sa.insert(API_TOKENS).values(expires=expires, **row))
                self._enter(connection, "token.created", name, by, role=role.value)
        except sa.exc.IntegrityError:
            raise Problem(TOKEN_NAMED, {"name": name}) from None
        return Secret(token)

    def known(self, presented: str) -> ApiToken | None:
        """The valid token that was presented, or None."""
        digest = _digest(presented)
        query = sa.select(API_TOKENS).where(API_TOKENS.c.digest == digest)
        with self.store.read() as connection:
            row = connection.execute(query).first()
        if row is None or not hmac.compare_digest(row.digest, digest):
            return None
        token = _token(row)
        return token if token.valid(self.clock.now()) else None

    def all(self) -> tuple[ApiToken, ...]:
        query = sa.select(API_TOKENS).order_by(API_TOKENS.c.created, API_TOKENS.c.name)
        with self.store.read() as connection:
            return tuple(_token(row) for row in connection.execute(query))

    def revoke(self, name: str, by: Change = NOBODY) -> None:
        """Ends it at once, everywhere; again is harmless. Raises service.no-such-token."""
        live = sa.and_(API_TOKENS.c.name == name, API_TOKENS.c.revoked.is_(None))
        with self.store.write() as connection:
            known = connection.execute(
                sa.select(API_TOKENS.c.name).where(API_TOKENS.c.name == name)
            ).first()
            if known is None:
                raise Problem(NO_SUCH_TOKEN, {"name": name[:80]})
            connection.execute(sa.update(API_TOKENS).where(live).values(revoked=self.clock.now()))
            self._enter(connection, "token.revoked", name, by)

    def _enter(
        self, connection: sa.Connection, action: str, name: str, by: Change, **data: Fact
    ) -> None:
        self.ledger.append_in(connection, Entry.anew(action, name, by, **data))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _token(row: sa.Row[tuple[object, ...]]) -> ApiToken:
    return ApiToken(row.name, Role(row.role), row.created, row.expires, row.revoked)
