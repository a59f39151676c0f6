"""The wire of what the published API trusts and is trusted by: identity providers, certificate
authorities of edges, a second opinion on a certificate, OAuth clients with their one secret.

A PUT takes the whole thing, so what was read is kept as it came and sent back with the change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ...secret import Secret
from .wire import Answer, Body, read_instant, read_json, write_json
from .wire_platform import Enumerated, Page, page_of

_KINDS: Final = frozenset({"managed", "remote"})
_STATES: Final = frozenset({"active", "disabled", "inactive"})
_PROVIDER: Final = (
    "name", "disabled", "issuerURI", "ssoTargetURI", "sloURI", "sloBinding",
    "relyingPartyIdentifier", "logoImageData", "nameIdentifierFormat", "ssoBinding",
    "signAuthnRequests", "providerName", "displayOnLogin", "metadataURL", "forceAuthn",
    "endpointCompression", "autoProvisionUsers",
)  # fmt: skip
_CLIENT: Final = (
    "name", "authorizedGrantType", "accessTokenValiditySeconds", "description",
    "registeredRedirectUri", "scope", "roleDivisions", "state", "dateToDelete",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Provider:
    """`certificates` as they came: PEM, or base64 of DER. `signs`: the platform signs what it sends
    to this provider, log-in requests or log-outs, with its own certificate."""

    id: str
    name: str
    disabled: bool
    signs: bool
    certificates: tuple[str, ...]
    whole: Secret


@dataclass(frozen=True, slots=True)
class EdgeAuthority:
    id: str
    name: str
    kind: Enumerated
    certificate: str
    ended: bool


@dataclass(frozen=True, slots=True)
class CertificateDetail:
    """What the platform reads in a certificate; `expires` is None where it tells no instant."""

    subject: str
    expires: float | None
    expired: bool


@dataclass(frozen=True, slots=True)
class PlatformClient:
    """An OAuth client without its secret, which reading never gives."""

    id: str
    name: str
    description: str
    grant: str
    state: Enumerated
    whole: Secret


@dataclass(frozen=True, slots=True)
class MadeClient:
    id: str
    secret: Secret


def read_provider(answer: Answer) -> Provider:
    return _provider(read_json(answer))


def read_providers(answer: Answer) -> Page[Provider]:
    return page_of(answer, lambda body: _provider(body.fields))


def write_provider(held: Provider, certificates: tuple[str, ...]) -> Secret:
    return _changed(held.whole, certificates=list(certificates))


def read_authority(answer: Answer) -> EdgeAuthority:
    return _authority(Body.of(answer))


def read_authorities(answer: Answer) -> Page[EdgeAuthority]:
    return page_of(answer, _authority)


def write_authority(name: str, certificate: str) -> Secret:
    services = ["SIP", "PROVISION", "PROVISION_PHONE"]
    told = {"name": name, "certificate": certificate, "type": "REMOTE", "services": services}
    return write_json(told)


def write_certificate(certificate: str) -> Secret:
    return write_json({"certificate": certificate})


def read_details(answer: Answer) -> tuple[CertificateDetail, ...]:
    return tuple(
        CertificateDetail(
            one.word("subject"),
            read_instant(one.word("expirationDate")),
            one.get("expired", bool, False),
        )
        for one in Body.of(answer).bodies("certificateDetails")
    )


def read_client(answer: Answer) -> PlatformClient:
    return _client(read_json(answer))


def read_clients(answer: Answer) -> Page[PlatformClient]:
    return page_of(answer, lambda body: _client(body.fields))


def read_made(answer: Answer) -> MadeClient:
    """Only making a client, or a secret, gives the secret."""
    body = Body.of(answer)
    return MadeClient(body.text("id"), Secret(body.text("secret")))


def write_successor(held: PlatformClient, name: str, description: str) -> Secret:
    """A client with the rights of `held` under another name."""
    return _changed(held.whole, name=name, description=description, state="active")


def write_state(held: PlatformClient, state: str) -> Secret:
    return _changed(held.whole, state=state)


def _provider(fields: Mapping[str, Any]) -> Provider:
    body = Body(fields)
    single = body.text("certificate", "")
    listed = body.words("certificates")
    certificates = tuple(dict.fromkeys((*listed, *((single,) if single else ()))))
    return Provider(
        id=body.text("id"),
        name=body.word("name"),
        disabled=body.get("disabled", bool, False),
        signs=body.get("signAuthnRequests", bool, False) or bool(body.word("sloURI")),
        certificates=certificates,
        whole=_kept(fields, _PROVIDER),
    )


def _authority(body: Body) -> EdgeAuthority:
    return EdgeAuthority(
        id=body.text("id"),
        name=body.word("name"),
        kind=Enumerated.of(body.word("type"), _KINDS),
        certificate=body.text("certificate", ""),
        ended=body.word("state").lower() == "deleted",
    )


def _client(fields: Mapping[str, Any]) -> PlatformClient:
    body = Body(fields)
    return PlatformClient(
        id=body.text("id"),
        name=body.word("name"),
        description=body.word("description", 2000),
        grant=body.word("authorizedGrantType"),
        state=Enumerated.of(body.word("state"), _STATES),
        whole=_kept(fields, _CLIENT),
    )


def _kept(fields: Mapping[str, Any], names: tuple[str, ...]) -> Secret:
    """What may be sent back: fields that a platform invented since are no part of a request."""
    return write_json({name: fields[name] for name in names if fields.get(name) is not None})


def _changed(whole: Secret, **changes: object) -> Secret:
    return write_json(json.loads(whole.reveal()) | changes)
