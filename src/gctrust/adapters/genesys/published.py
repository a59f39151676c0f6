"""Published: the calls of the published API by name, on one GenesysClient of that dialect.

Listings are read whole, by whichever of the four kinds of paging the call has.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Final, Protocol, TypeVar

from ...errors import Problem
from . import wire_platform as wire
from . import wire_trust as trust
from .client import GenesysClient
from .problems import ENDLESS, NOT_FOUND
from .wire import Read, read_nothing


class Named(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T")
NamedT = TypeVar("NamedT", bound=Named)
PAGE_SIZE: Final = 100
MOST_PAGES: Final = 10_000  # of a listing: a million things, beyond which it is broken


class Published:
    """Every method raises Problem genesys.*; no listing is given in part."""

    def __init__(self, client: GenesysClient, most_pages: int = MOST_PAGES) -> None:
        self._client, self._most_pages = client, most_pages

    # --- inbound domains

    async def inbound(self, domain: str) -> wire.InboundDomain | None:
        """None when the platform shows none of that name: it may have been made just now."""
        return await self._if_there("inbound.get", wire.read_inbound, domain)

    async def inbounds(self) -> tuple[wire.InboundDomain, ...]:
        read = wire.read_inbounds
        return tuple([one async for one in self.by_number("inbound.list", read)])

    async def create_inbound(self, domain: str) -> wire.InboundDomain:
        """Raises genesys.conflict when it is registered, here or anywhere."""
        body = wire.write_inbound(domain)
        return await self._client.call("inbound.create", wire.read_inbound, body=body)

    async def delete_inbound(self, domain: str) -> None:
        await self._if_there("inbound.delete", read_nothing, domain)

    async def verification(self, domain: str) -> wire.Check:
        return await self._client.call("inbound.verification", wire.read_check, id=domain)

    async def dkim(self, domain: str) -> wire.Check:
        return await self._client.call("inbound.dkim", wire.read_check, id=domain)

    async def mail_from(self, domain: str) -> wire.MailFrom | None:
        """None when none is set."""
        return await self._if_there("inbound.mail-from", wire.read_mail_from, domain)

    async def restart_verification(self, domain: str) -> wire.Check:
        return await self._client.call("inbound.restart-verification", wire.read_check, id=domain)

    async def restart_dkim(self, domain: str) -> wire.Check:
        return await self._client.call("inbound.restart-dkim", wire.read_check, id=domain)

    async def set_mail_from(self, domain: str, name: str) -> wire.MailFrom:
        """Sets it; for the name that is set already, begins its verification anew."""
        body = wire.write_mail_from(name)
        read = wire.read_mail_from
        return await self._client.call("inbound.set-mail-from", read, id=domain, body=body)

    # --- campaign domains

    async def campaign(self, domain: str) -> wire.CampaignDomain | None:
        return await self._if_there("campaign.get", wire.read_campaign, domain)

    async def campaigns(self) -> tuple[wire.CampaignDomain, ...]:
        read = wire.read_campaigns
        return tuple([one async for one in self.by_number("campaign.list", read)])

    async def create_campaign(self, domain: str) -> wire.Activation:
        body = wire.write_campaign(domain)
        return await self._client.call("campaign.create", wire.read_activation, body=body)

    async def delete_campaign(self, domain: str) -> None:
        await self._if_there("campaign.delete", read_nothing, domain)

    async def activation(self, domain: str) -> wire.Activation:
        return await self._client.call("campaign.activation", wire.read_activation, id=domain)

    async def activate(self, domain: str) -> wire.Activation:
        """Has the platform look at DNS. Raises genesys.bad-request before it is provisioned."""
        return await self._client.call("campaign.activate", wire.read_activation, id=domain)

    async def test_connection(
        self, domain: str, *, campaign: bool = False, sender: str = "", to: str = ""
    ) -> None:
        """Has the platform connect to the domain's SMTP server; with `to`, send a message."""
        operation = f"{'campaign' if campaign else 'inbound'}.test{'-message' if to else ''}"
        body = wire.write_message(sender, to) if to else None
        await self._client.call(operation, read_nothing, id=domain, body=body)

    # --- what can be seen of oneself, and of data actions

    async def owner(self) -> wire.TokenOwner:
        return await self._client.call("token.me", wire.read_owner)

    async def grants(self) -> wire.Grants:
        return await self._client.call("token.grants", wire.read_grants)

    async def limits(self, namespace: str) -> tuple[wire.Limit, ...]:
        return await self._client.call("limits.get", wire.read_limits, id=namespace)

    async def action_certificates(self) -> tuple[wire.ActionCertificate, ...]:
        read = wire.read_action_certificates
        return tuple([one async for one in self.undeclared("action-certificate.list", read)])

    # --- identity providers, authorities of edges, a second opinion

    async def providers(self) -> tuple[trust.Provider, ...]:
        read = trust.read_providers
        return _once([one async for one in self.undeclared("provider.list", read)])

    async def provider(self, id: str) -> trust.Provider | None:
        return await self._if_there("provider.get", trust.read_provider, id)

    async def put_provider(self, held: trust.Provider, certificates: tuple[str, ...]) -> None:
        """The whole of it, with these certificates; some providers answer it in part."""
        body = trust.write_provider(held, certificates)
        await self._client.call("provider.put", read_nothing, id=held.id, body=body)

    async def edge_authorities(self) -> tuple[trust.EdgeAuthority, ...]:
        """Those that customers add; the organisation's own is MANAGED, and not theirs to change."""
        read = trust.read_authorities
        listed = _once([one async for one in self.undeclared("edge-authority.list", read)])
        return tuple(one for one in listed if one.kind.value != "managed" and not one.ended)

    async def create_edge_authority(self, name: str, certificate: str) -> None:
        body = trust.write_authority(name, certificate)
        await self._client.call("edge-authority.create", trust.read_authority, body=body)

    async def delete_edge_authority(self, id: str) -> None:
        await self._if_there("edge-authority.delete", read_nothing, id)

    async def certificate_details(self, pem: str) -> tuple[trust.CertificateDetail, ...]:
        body = trust.write_certificate(pem)
        return await self._client.call("certificate.details", trust.read_details, body=body)

    # --- OAuth clients

    async def clients(self) -> tuple[trust.PlatformClient, ...]:
        read = trust.read_clients
        return _once([one async for one in self.undeclared("client.list", read)])

    async def client(self, id: str) -> trust.PlatformClient | None:
        return await self._if_there("client.get", trust.read_client, id)

    async def create_client(
        self, like: trust.PlatformClient, name: str, description: str
    ) -> trust.MadeClient:
        body = trust.write_successor(like, name, description)
        return await self._client.call("client.create", trust.read_made, body=body)

    async def put_client_state(self, held: trust.PlatformClient, state: str) -> None:
        body = trust.write_state(held, state)
        await self._client.call("client.put", trust.read_client, id=held.id, body=body)

    async def new_client_secret(self, id: str) -> trust.MadeClient:
        """The secret before is refused from that instant on."""
        return await self._client.call("client.secret", trust.read_made, id=id)

    async def delete_client(self, id: str) -> None:
        await self._if_there("client.delete", read_nothing, id)

    # --- paging

    async def by_number(
        self, operation: str, read: Read[wire.Page[NamedT]]
    ) -> AsyncIterator[NamedT]:
        """Until `pageCount`, not until a short page. What moves or changes between two reads comes
        once, as it was first seen."""
        seen = set[str]()
        number = count = 1
        while number <= count:
            self._refuse_endless(operation, number)
            query = {"pageSize": str(PAGE_SIZE), "pageNumber": str(number)}
            page = await self._client.call(operation, read, query=query)
            for one in page.entities:
                if one.id not in seen:
                    seen.add(one.id)
                    yield one
            number, count = number + 1, page.count

    async def by_mark(
        self,
        operation: str,
        read: Read[wire.Page[T]],
        mark: str,
        *,
        id: str = "",
    ) -> AsyncIterator[T]:
        """By the parameter `mark` ("cursor", "after" or "nextPage"), until a page has no way on, or
        one that was taken already."""
        at, seen = "", set[str]()
        while at not in seen:
            seen.add(at)
            self._refuse_endless(operation, len(seen))
            query: Mapping[str, str] = {"pageSize": str(PAGE_SIZE)} | ({mark: at} if at else {})
            page = await self._client.call(operation, read, id=id, query=query)
            for one in page.entities:
                yield one
            at = page.onward

    async def undeclared(self, operation: str, read: Read[wire.Page[T]]) -> AsyncIterator[T]:
        """Of an operation that declares no page parameters: asked for without any, then, while an
        answer tells of more, as that answer says. One that leads in a circle ends."""
        query: tuple[tuple[str, str], ...] = ()
        seen = set[tuple[tuple[str, str], ...]]()
        while query not in seen:
            seen.add(query)
            self._refuse_endless(operation, len(seen))
            page = await self._client.call(operation, read, query=dict(query))
            for one in page.entities:
                yield one
            query = page.beyond

    def _refuse_endless(self, operation: str, page: int) -> None:
        if page > self._most_pages:
            raise Problem(ENDLESS, {"operation": operation, "pages": self._most_pages})

    async def _if_there(self, operation: str, read: Read[T], id: str) -> T | None:
        try:
            return await self._client.call(operation, read, id=id)
        except Problem as problem:
            if problem.type is NOT_FOUND:
                return None
            raise


def _once(listed: Iterable[NamedT]) -> tuple[NamedT, ...]:
    """What moves or changes between two pages comes once, as it was first seen."""
    return tuple({one.id: one for one in reversed(tuple(listed))}.values())[::-1]
