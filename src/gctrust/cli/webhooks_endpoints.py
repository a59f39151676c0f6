"""`gctrust webhooks add|remove|enable|disable|rotate-secret`: where webhooks go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ..errors import Problem
from .change_reason import Why
from .exit_codes import ExitCode
from .findings_shown import bad_argument
from .output import Block
from .session import Options, with_app
from .webhooks_plan import planned

if TYPE_CHECKING:
    from .. import app as composition
    from ..adapters.webhooks.endpoint import Endpoint
    from ..adapters.webhooks.secret_source import SecretSources
    from ..secret import Secret

Flag = Annotated[bool, Parameter(negative="")]
Format = Literal["cloudevents", "slack"]
SEALED = "sealed"  # a secret that is made here and kept encrypted in the store


@dataclass(frozen=True, slots=True)
class EndpointChanged:
    """`secret` is shown this once, when one was made here."""

    endpoint: str
    change: str
    secret: str | None = None


def add(
    name: str,
    url: str,
    /,
    *,
    events: str = "*",
    secret: str = "",
    bearer: str = "",
    cert: str = "",
    key: str = "",
    roots: str = "",
    format: Format = "cloudevents",
    ordered: Flag = False,
    allow_private: Flag = False,
    yes: Flag = False,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Add an endpoint.

    Parameters
    ----------
    name
        What it is called here: a to z, 0 to 9 and -.
    url
        Where to POST, or env:NAME or file:PATH where that is a secret.
    events
        Which events, as in certificate_rotation,expiry.* (see: gctrust webhooks events).
    secret
        Where its signing secret is: env:NAME, file:PATH, sealed (one is made and printed), none.
    bearer
        Where its bearer token is: env:NAME or file:PATH.
    cert
        A client certificate to show (mTLS).
    key
        That certificate's key, where it is another file.
    roots
        The CA of the receiver, where it is your own.
    format
        The body: a CloudEvents event, or a message for a Slack channel.
    ordered
        Hold the deliveries of one domain or client in order.
    allow_private
        This host may have a private address, and may be spoken to without TLS.
    yes
        Do it; without it nothing changes.
    """
    source = secret or ("none" if format == "slack" else SEALED)

    async def body(app: composition.App) -> ExitCode:
        from ..adapters.webhooks.endpoint import Endpoint, SigningSecret, auth_of
        from ..adapters.webhooks.secret_source import checked_source, new_signing_secret

        endpoints = app.outbox.endpoints
        made = new_signing_secret() if source == SEALED else None
        kept = source not in (SEALED, "none")
        endpoint = Endpoint(
            name,
            url,
            tuple(events.replace(",", " ").split()),
            (SigningSecret(checked_source(source)),) if kept else (),
            checked_source(bearer) if bearer else "",
            _absolute(cert),
            _absolute(key),
            _absolute(roots),
            format=format,
            ordered=ordered,
            allow_private=allow_private,
            timeout=app.settings.timeout_webhook,
        )
        endpoints.refuse_unfit(endpoint)
        _refuse_unusable(endpoint)
        if kept:
            _look_at(endpoints.sources, source, options)
        if not yes:
            auth = ("hmac", *auth_of(endpoint)) if made else auth_of(endpoint)
            what = f"{', '.join(endpoint.events)} go to it as {format}"
            steps = (what, f"it knows them by: {', '.join(auth) or 'nothing'}")
            return planned(options, "add", name, steps)
        endpoints.add(endpoint, made)
        return _changed(options, name, "added", made)

    return with_app(options, body, **why.settings)


def remove(
    name: str,
    /,
    *,
    yes: Flag = False,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Remove an endpoint; what waits for it is given up.

    Parameters
    ----------
    name
        The endpoint.
    yes
        Do it; without it nothing changes.
    """

    async def body(app: composition.App) -> ExitCode:
        from ..adapters.webhooks.outbox import Chosen
        from ..adapters.webhooks.settling import PENDING

        app.outbox.endpoints.kept(name)
        if not yes:
            waiting = app.outbox.count(Chosen(status=PENDING, endpoint=name))
            return planned(options, "remove", name, (f"{waiting} deliveries are given up",))
        app.outbox.remove_endpoint(name)
        return _changed(options, name, "removed")

    return with_app(options, body, **why.settings)


def enable(
    name: str,
    /,
    *,
    yes: Flag = False,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Send to an endpoint again, what waited first.

    Parameters
    ----------
    name
        The endpoint.
    yes
        Do it; without it nothing changes.
    """

    async def body(app: composition.App) -> ExitCode:
        app.outbox.endpoints.get(name)
        if not yes:
            return planned(options, "enable", name, ("what waits for it is sent",))
        app.outbox.endpoints.enable(name)
        return _changed(options, name, "enabled")

    return with_app(options, body, **why.settings)


def disable(
    name: str,
    /,
    *,
    yes: Flag = False,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Send nothing to an endpoint; its deliveries wait.

    Parameters
    ----------
    name
        The endpoint.
    yes
        Do it; without it nothing changes.
    """

    async def body(app: composition.App) -> ExitCode:
        app.outbox.endpoints.get(name)
        if not yes:
            return planned(options, "disable", name, ("its deliveries wait until it is enabled",))
        app.outbox.endpoints.disable(name)
        return _changed(options, name, "disabled")

    return with_app(options, body, **why.settings)


def rotate_secret(
    name: str,
    /,
    *,
    secret: str = SEALED,
    overlap_hours: float = 24.0,
    yes: Flag = False,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Sign with a new secret, and a while with both.

    Parameters
    ----------
    name
        The endpoint.
    secret
        Where the new secret is: env:NAME, file:PATH, or sealed (one is made and printed).
    overlap_hours
        How long the old secret signs beside it; 0 for one that was disclosed.
    yes
        Do it; without it nothing changes.
    """
    if not 0 <= overlap_hours <= 24 * 90:
        raise bad_argument("--overlap-hours", str(overlap_hours), "Give 0 to 2160 hours.")

    async def body(app: composition.App) -> ExitCode:
        from ..adapters.webhooks.secret_source import checked_source, new_signing_secret

        endpoints = app.outbox.endpoints
        endpoints.kept(name)
        made = new_signing_secret() if secret == SEALED else None
        if made is None:
            _look_at(endpoints.sources, checked_source(secret), options)
        if not yes:
            beside = f"the secrets of before sign beside it for {overlap_hours:g} hours"
            return planned(options, "rotate-secret", name, ("a new secret signs", beside))
        endpoints.rotate_secret(name, made or secret, overlap_hours * 3600.0)
        return _changed(options, name, "secret-rotated", made)

    return with_app(options, body, **why.settings)


def _changed(options: Options, name: str, change: str, made: Secret | None = None) -> ExitCode:
    text = made.reveal() if made else None
    blocks: list[Block] = [text or f"{name}: {change}"]
    if text:
        options.out.talk(f"{name}: {change}; its signing secret, shown this once:")
    options.out.answer("webhooks.changed", EndpointChanged(name, change, text), blocks)
    return ExitCode.FINE


def _absolute(path: str) -> str:
    from pathlib import Path

    return str(Path(path).expanduser().absolute()) if path else ""


def _look_at(sources: SecretSources, reference: str, options: Options) -> None:
    """A secret that this process can read must be one; another process may read what it cannot."""
    from ..adapters.webhooks.secret_source import BAD_SECRET, checked_signing

    try:
        checked_signing(sources.read(reference))
    except Problem as problem:
        if problem.type is BAD_SECRET:
            raise
        options.out.talk(f"{reference} is not there for this process: {problem.type.sentence}")


def _refuse_unusable(endpoint: Endpoint) -> None:
    from ssl import SSLError

    from ..adapters.webhooks.send import context_of

    try:
        context_of(endpoint)
    except (OSError, SSLError, ValueError) as error:
        seen = endpoint.certificate or endpoint.roots
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise bad_argument("--cert, --key, --roots", seen, f"They do not do: {reason}.") from None
