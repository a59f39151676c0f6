"""`gctrust webhooks add|remove|enable|disable|rotate-secret`: where webhooks go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ..errors import Problem
from .change_reason import Why
from .endpoint_flags import SEALED, EndpointFlags
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
    flags: EndpointFlags = EndpointFlags(),  # noqa: B008 - frozen
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
    yes
        Do it; without it nothing changes.
    """

    async def body(app: composition.App) -> ExitCode:
        from ..adapters.webhooks.secret_source import new_signing_secret

        endpoints = app.outbox.endpoints
        made = new_signing_secret() if flags.source == SEALED else None
        endpoint = flags.endpoint(name, url, app.settings.timeout_webhook)
        endpoints.refuse_unfit(endpoint)
        _refuse_unusable(endpoint)
        if flags.kept_elsewhere:
            _look_at(endpoints.sources, flags.source, options)
        if not yes:
            return planned(options, "add", name, _steps(endpoint, signed=made is not None))
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


def _steps(endpoint: Endpoint, *, signed: bool) -> tuple[str, ...]:
    """`signed`: with a secret that is made when it is added."""
    from ..adapters.webhooks.endpoint import auth_of

    auth = ("hmac", *auth_of(endpoint)) if signed else auth_of(endpoint)
    what = f"{', '.join(endpoint.events)} go to it as {endpoint.format}"
    return (what, f"it knows them by: {', '.join(auth) or 'nothing'}")


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
