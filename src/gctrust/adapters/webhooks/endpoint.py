"""An endpoint: where webhooks go, which of them, in what form, and how we are known there."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ...errors import Problem, ProblemKind, ProblemType
from ...pipelines.events import EVENTS, wanted
from ..fetch.guarded_fetch import checked_url
from .secret_source import is_reference

if TYPE_CHECKING:
    from ...settings import Settings

BAD_ENDPOINT = ProblemType(
    code="webhooks.bad-endpoint",
    sentence="A webhook endpoint cannot be like this.",
    why="It would never receive anything, or in a way that others can read or steer.",
    fix="Correct what `seen` names.",
    kind=ProblemKind.USAGE,
    source="docs/guides/webhooks.md",
)
PROBLEMS = (BAD_ENDPOINT,)

ENVIRONMENT = "environment"
_USER = re.compile(r"//[^/?#@]*@")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
# The Standard Webhooks specification's example ("Deliverability"): some 76 hours in all.
SCHEDULE = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
TIMEOUT = 10.0  # the guides' own


@dataclass(frozen=True, slots=True)
class Target:
    """The environment's endpoint. `secret` may give several whsec_... with spaces between."""

    url: str
    secret: Callable[[], str | None] = lambda: None
    bearer: Callable[[], str | None] = lambda: None
    allow_private: bool = False
    timeout: float = TIMEOUT
    schedule: tuple[float, ...] = SCHEDULE

    @property
    def auth(self) -> tuple[str, ...]:
        ways = {"hmac": self.secret(), "bearer": self.bearer()}
        return tuple(way for way, given in ways.items() if given)

    @property
    def receivers(self) -> Mapping[str, str]:
        """As Endpoints.receivers has them."""
        return {shown_url(self.url): trust_of(Endpoint(ENVIRONMENT, self.url), self.auth)}

    @classmethod
    def of(cls, settings: Settings, *, allow_private: bool) -> Target | None:
        if not settings.webhook_url:
            return None
        secret, token = settings.webhook_secret, settings.webhook_token
        return cls(
            settings.webhook_url,
            secret=lambda: secret.reveal() if secret else None,
            bearer=lambda: token.reveal() if token else None,
            allow_private=allow_private,
            timeout=settings.timeout_webhook,
        )


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """`until`: an instant after which it signs no more; None: for good."""

    reference: str
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`url` may be a reference to where it is, as secrets are; `events` are patterns;
    `certificate` and `key` are files for mTLS, `roots` those that its own certificate is verified
    with; `ordered`: a delivery of an entity waits for the one before."""

    name: str
    url: str
    events: tuple[str, ...] = ("*",)
    secrets: tuple[SigningSecret, ...] = ()
    bearer: str = ""
    certificate: str = ""
    key: str = ""
    roots: str = ""
    format: str = "cloudevents"
    ordered: bool = False
    allow_private: bool = False
    timeout: float = TIMEOUT
    schedule: tuple[float, ...] = SCHEDULE
    created: float = 0.0


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """Held for one batch of attempts only; prints nothing."""

    signing: tuple[str, ...] = ()
    bearer: str | None = None


def auth_of(endpoint: Endpoint) -> tuple[str, ...]:
    """How a receiver tells that a delivery is ours."""
    ways = {"hmac": endpoint.secrets, "bearer": endpoint.bearer, "mtls": endpoint.certificate}
    return tuple(way for way, given in ways.items() if given)


def trust_of(endpoint: Endpoint, auth: Collection[str]) -> str:
    """How much of a delivery its receiver can believe: "signed", "token" (whoever knows it, or
    holds a certificate's key, could have sent it) or "unsigned"."""
    if "hmac" in auth:
        return "signed"
    return "token" if auth or endpoint.format == "slack" else "unsigned"  # Slack's URL is a secret


def least_trusted(kinds: Collection[str]) -> str:
    """Of what trust_of told of several receivers; "none" of none."""
    return next((kind for kind in ("unsigned", "token", "signed") if kind in kinds), "none")


def shown_url(url: str) -> str:
    """Without its query: receivers put their own tokens there."""
    if is_reference(url):
        return url
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return (
        parts._replace(netloc=host, query="...", fragment="").geturl()
        if parts.query
        else (parts._replace(netloc=host, fragment="").geturl())
    )


def checked(endpoint: Endpoint) -> None:
    """Raises Problem webhooks.bad-endpoint."""
    if not is_reference(endpoint.url):
        checked_address(endpoint, endpoint.url)
        if endpoint.format == "slack":
            raise _bad(endpoint, "the URL: Slack's is a secret, so give env:NAME or file:PATH")
    if not _NAME.fullmatch(endpoint.name) or endpoint.name == ENVIRONMENT:
        raise _bad(endpoint, "the name: a to z, 0 to 9 and -, at most 40, and not 'environment'")
    if not endpoint.events:
        raise _bad(endpoint, "no event goes to it")
    for pattern in endpoint.events:
        if not any(wanted(event, (pattern,)) for event in EVENTS):
            raise _bad(endpoint, f"the event {pattern!r}: there are {', '.join(EVENTS)}")
    if endpoint.key and not endpoint.certificate:
        raise _bad(endpoint, "a key for mTLS needs its certificate")


def checked_address(endpoint: Endpoint, url: str, token: bool = False) -> None:
    """`token`: one goes along with each delivery. Raises Problem webhooks.bad-endpoint."""
    own = endpoint.name == ENVIRONMENT  # WEBHOOK_URL may have a login, as it always could
    signed_only = own and not token and not _USER.search(url)
    schemes = ("https", "http") if endpoint.allow_private or signed_only else ("https",)
    try:
        checked_url(_USER.sub("//", url) if own else url, schemes)
    except ValueError as error:
        raise _bad(endpoint, f"the URL: {error}") from None


def _bad(endpoint: Endpoint, seen: str) -> Problem:
    return Problem(BAD_ENDPOINT, {"name": endpoint.name[:60], "seen": seen})
