"""The flags of `gctrust webhooks add`: how an endpoint is spoken to, and what it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from ..adapters.webhooks.endpoint import Endpoint

Format = Literal["cloudevents", "slack"]
SEALED, NONE = "sealed", "none"  # secrets: one made here and kept encrypted in the store; none

_FLAG = Parameter(negative="")


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointFlags:
    """What the receiver gets, and how it knows whose it is."""

    events: str = "*"
    "Which events, as in certificate_rotation,expiry.* (see: gctrust webhooks events)."
    secret: str = ""
    "Where its signing secret is: env:NAME, file:PATH, sealed (one is made and printed), none."
    bearer: str = ""
    "Where its bearer token is: env:NAME or file:PATH."
    cert: str = ""
    "A client certificate to show (mTLS)."
    key: str = ""
    "That certificate's key, where it is another file."
    roots: str = ""
    "The CA of the receiver, where it is your own."
    format: Format = "cloudevents"
    "The body: a CloudEvents event, or a message for a Slack channel."
    ordered: Annotated[bool, _FLAG] = False
    "Hold the deliveries of one domain or client in order."
    allow_private: Annotated[bool, _FLAG] = False
    "This host may have a private address, and may be spoken to without TLS."

    @property
    def source(self) -> str:
        """Where the signing secret is: a reference, SEALED or NONE."""
        return self.secret or (NONE if self.format == "slack" else SEALED)

    @property
    def kept_elsewhere(self) -> bool:
        return self.source not in (SEALED, NONE)

    def endpoint(self, name: str, url: str, timeout: float) -> Endpoint:
        """Raises Problem webhooks.bad-source for a reference that is none."""
        from ..adapters.webhooks.endpoint import Endpoint, SigningSecret
        from ..adapters.webhooks.secret_source import checked_source

        return Endpoint(
            name,
            url,
            tuple(self.events.replace(",", " ").split()),
            (SigningSecret(checked_source(self.source)),) if self.kept_elsewhere else (),
            checked_source(self.bearer) if self.bearer else "",
            _absolute(self.cert),
            _absolute(self.key),
            _absolute(self.roots),
            format=self.format,
            ordered=self.ordered,
            allow_private=self.allow_private,
            timeout=timeout,
        )


def _absolute(path: str) -> str:
    from pathlib import Path

    return str(Path(path).expanduser().absolute()) if path else ""
