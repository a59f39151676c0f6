"""OAuth client credentials: both token endpoints, tokens that expire by the virtual clock, scopes.

Tokens of the guide look like JWTs with a `scope` claim, signed with a key of this process; all are
looked up by digest: a restart forgets them, as it forgets everything.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from .answer import Answer, JsonObject, Refusal
from .clock import VirtualClock
from .fields import Field, read_object
from .limits import Windows
from .state import OAuthClient

NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
_CHALLENGE = (("WWW-Authenticate", 'Basic realm="oauth"'),)
_TOKEN_FIELDS = (
    Field("grant_type", required=True),
    Field("client_id"),
    Field("client_secret"),
    Field("scope"),
)


@dataclass(frozen=True, slots=True)
class Token:
    key: str  # digest of the token: the rate-limit key; the token itself is not kept
    client_id: str
    scopes: frozenset[str]
    expires_at: float


class Tokens:
    """Issued tokens, by digest."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._signing_key = secrets.token_bytes(32)
        self._issued: dict[str, Token] = {}

    def issue(self, client: OAuthClient, scopes: frozenset[str], *, opaque: bool = False) -> str:
        """A new token; `opaque` ones tell nothing, as the published platform's."""
        now = self._clock.now()
        expires_at = now + client.token_seconds
        claims: JsonObject = {
            "sub": client.id,
            "jti": str(uuid.uuid4()),
            "iat": int(now),
            "exp": int(expires_at),
            "scope": " ".join(sorted(scopes)),
        }
        value = secrets.token_urlsafe(64) if opaque else self._sign(claims)
        key = _digest(value)
        self._issued[key] = Token(key, client.id, scopes, expires_at)
        return value

    def find(self, authorization: str | None) -> Token:
        """The token of an Authorization header. Raises Refusal 401."""
        if authorization is None:
            raise Refusal(
                401, "No authentication bearer token specified.", "authentication.required"
            )
        kind, _, value = authorization.partition(" ")
        token = self._issued.get(_digest(value.strip())) if kind.lower() == "bearer" else None
        if token is None or token.expires_at <= self._clock.now():
            raise Refusal(401, "Invalid login credentials.", "bad.credentials")
        return token

    def revoke(self, token: Token) -> None:
        self._issued.pop(token.key, None)

    def clear(self) -> None:
        self._issued.clear()

    def _sign(self, claims: JsonObject) -> str:
        head = _b64(b'{"alg":"HS256","typ":"JWT"}')
        signed = f"{head}.{_b64(json.dumps(claims).encode())}"
        return f"{signed}.{_b64(hmac.digest(self._signing_key, signed.encode(), 'sha256'))}"


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What the two endpoints have in common once read."""

    client_id: str
    client_secret: str
    grant_type: str
    scope: str | None


class TokenEndpoint:
    """Answers `POST /oauth/token` (form) and `POST /api/v2/oauth/token` (JSON).

    Not `scoped`: as the published platform, where scopes do not limit client credentials.
    """

    def __init__(self, tokens: Tokens, windows: Windows, *, scoped: bool = True) -> None:
        self._scoped = scoped
        self._tokens = tokens
        self._windows = windows

    def form(self, headers: Mapping[str, str], body: bytes, clients: _Clients) -> Answer:
        if not headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            raise _oauth_error(400, "invalid_request", "the body must be form-urlencoded")
        form = {name: values[-1] for name, values in parse_qs(body.decode("latin-1")).items()}
        return self._grant(_read_request(headers, form), clients)

    def json(
        self, headers: Mapping[str, str], body: bytes, clients: _Clients, strict: bool
    ) -> Answer:
        """As the second guide calls it; errors here are the platform's ErrorBody."""
        read = read_object(body, _TOKEN_FIELDS, strict)
        try:
            return self._grant(
                _read_request(headers, {name: str(value) for name, value in read.items()}), clients
            )
        except Refusal as refusal:
            refusal.plain = None
            raise

    def _grant(self, request: TokenRequest, clients: _Clients) -> Answer:
        client = clients.get(request.client_id)
        known = client.secret if client else ""
        matches = hmac.compare_digest(known.encode(), request.client_secret.encode())
        if client is None or not matches or not client.active:
            raise _oauth_error(401, "invalid_client", "client authentication failed")
        reading = self._windows.count(client.id)
        if reading.exceeded:
            raise reading.oauth_refusal()
        if request.grant_type != "client_credentials":
            raise _oauth_error(400, "unsupported_grant_type", "only client_credentials is served")
        if client.registration.grant_type != "CLIENT-CREDENTIALS":
            raise _oauth_error(400, "unauthorized_client", "the client has another grant type")
        return self._answer(client, request.scope)

    def _answer(self, client: OAuthClient, wanted: str | None) -> Answer:
        held = frozenset(client.scopes)
        if not self._scoped:
            return Answer(200, self._grant_of(client, held), NO_STORE)
        granted = held & frozenset(wanted.split()) if wanted else held
        if wanted and not granted:
            raise _oauth_error(
                400, "invalid_scope", "the client holds none of the scopes asked for"
            )
        body = self._grant_of(client, granted)
        # RFC 6749 section 5.1: the scope must be told when it differs from what was asked.
        if wanted is None or granted != frozenset(wanted.split()):
            body["scope"] = " ".join(sorted(granted))
        return Answer(200, body, NO_STORE)

    def _grant_of(self, client: OAuthClient, scopes: frozenset[str]) -> JsonObject:
        return {
            "access_token": self._tokens.issue(client, scopes, opaque=not self._scoped),
            "token_type": "bearer",
            "expires_in": client.token_seconds,
        }


_Clients = Mapping[str, OAuthClient]


def _read_request(headers: Mapping[str, str], form: Mapping[str, str]) -> TokenRequest:
    client_id, secret = _basic(headers.get("authorization")) or (
        form.get("client_id", ""),
        form.get("client_secret", ""),
    )
    if form.get("client_id", client_id) != client_id:
        raise _oauth_error(400, "invalid_request", "client_id differs from the Basic credentials")
    if "grant_type" not in form:
        raise _oauth_error(400, "invalid_request", "grant_type is missing")
    return TokenRequest(client_id, secret, form["grant_type"], form.get("scope"))


def _basic(authorization: str | None) -> tuple[str, str] | None:
    if authorization is None:
        return None
    kind, _, value = authorization.partition(" ")
    try:
        pair = base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        pair = ""
    client_id, colon, secret = pair.partition(":")
    if kind.lower() != "basic" or not colon:
        raise _oauth_error(401, "invalid_client", "the Authorization header is not HTTP Basic")
    return client_id, secret


def _oauth_error(status: int, error: str, description: str) -> Refusal:
    """OAuth's own form (RFC 6749 section 5.2)."""
    code = "bad.credentials" if status == 401 else error.replace("_", ".")
    return Refusal(
        status,
        description,
        code,
        headers=_CHALLENGE if status == 401 else (),
        plain={"error": error, "error_description": description},
    )


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
