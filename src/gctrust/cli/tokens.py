"""`gctrust tokens`: the API tokens of the HTTP service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cyclopts import App

from .attached import instant
from .change_reason import Why
from .exit_codes import ExitCode
from .findings_shown import bad_argument
from .output import Block, Table
from .session import Options, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..adapters.credentials.api_tokens import ApiToken, ApiTokens

app = App(name="tokens", help="API tokens of the HTTP service: create, list, revoke.")

RoleName = Literal["viewer", "operator", "admin"]


@dataclass(frozen=True, slots=True)
class TokenCreated:
    """`token` is shown this once; only its digest is stored."""

    name: str
    role: str
    token: str


@dataclass(frozen=True, slots=True)
class TokenShown:
    name: str
    role: str
    created: str
    expires: str | None
    revoked: str | None

    @classmethod
    def of(cls, token: ApiToken) -> TokenShown:
        return cls(
            token.name,
            token.role.value,
            instant(token.created),
            instant(token.expires) if token.expires is not None else None,
            instant(token.revoked) if token.revoked is not None else None,
        )


@dataclass(frozen=True, slots=True)
class TokensShown:
    tokens: tuple[TokenShown, ...]


@app.command
def create(
    name: str,
    /,
    *,
    role: RoleName = "viewer",
    days: int | None = None,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Make a token and print it, this once.

    Parameters
    ----------
    name
        Who uses it; the ledger names the actor by it.
    role
        A viewer reads, an operator orders and signals runs, an admin manages tokens.
    days
        How long it is valid; without it until it is revoked.
    """
    if days is not None and not 0 < days <= 3650:
        raise bad_argument("--days", str(days), "A token is valid for 1 to 3650 days.")

    async def body(app: composition.App) -> ExitCode:
        from ..adapters.credentials.api_tokens import Role

        lifetime = days * 86400.0 if days is not None else None
        token = _tokens(app).create(name, Role(role), lifetime, app.asker).reveal()
        options.out.answer("tokens.create", TokenCreated(name, role, token), [token])
        return ExitCode.FINE

    return with_app(options, body, **why.settings)


@app.command(name="list")
def list_tokens(
    *,
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Every token that was made, without its text."""

    async def body(app: composition.App) -> ExitCode:
        shown = tuple(TokenShown.of(token) for token in _tokens(app).all())
        rows = tuple(
            (t.name, t.role, t.created, t.expires or "never", t.revoked or "no") for t in shown
        )
        table = Table(("name", "role", "created", "expires", "revoked"), rows)
        blocks: list[Block] = [table] if rows else ["no tokens"]
        options.out.answer("tokens.list", TokensShown(shown), blocks)
        return ExitCode.FINE

    return with_app(options, body)


@app.command
def revoke(
    name: str,
    /,
    *,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """End a token at once.

    Parameters
    ----------
    name
        Its name, as `gctrust tokens list` shows it.
    """

    async def body(app: composition.App) -> ExitCode:
        _tokens(app).revoke(name, app.asker)
        options.out.talk(f"{name} is revoked")
        return ExitCode.FINE

    return with_app(options, body, **why.settings)


def _tokens(app: composition.App) -> ApiTokens:
    from ..adapters.credentials.api_tokens import ApiTokens

    return ApiTokens(app.store, app.ledger, app.clock)
