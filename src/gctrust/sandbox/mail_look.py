"""What the platform asks of an email domain's DNS, and whether DNS really says so.

Each look asks one of the sandbox's own authoritative servers over UDP, chosen by seeded dice as a
resolver would choose one: a domain whose servers disagree may be seen right or wrong.
"""

from __future__ import annotations

import asyncio
import base64
import random
import secrets
from collections.abc import Sequence

import dns.asyncbackend
import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.TXT
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from .seed import Mail
from .state import RequiredRecord

TIMEOUT_SECONDS = 2.0
UDP_PAYLOAD = 1232  # DNS flag day 2020


async def required_records(domain: str, mail: Mail) -> tuple[RequiredRecord, ...]:
    """Fresh ownership token and DKIM key (RSA 2048, its private half thrown away) for a domain."""
    public = await asyncio.to_thread(dkim_public_key)
    return (
        RequiredRecord("MX", domain, f"10 {mail.inbound_host}", "inbound"),
        RequiredRecord("TXT", domain, f"v=spf1 include:{mail.spf_include} ~all", "spf"),
        RequiredRecord(
            "TXT",
            f"{mail.dkim_selector}._domainkey.{domain}",
            f"v=DKIM1; k=rsa; p={public}",
            "dkim",
        ),
        RequiredRecord(
            "TXT", f"{mail.ownership_label}.{domain}", secrets.token_urlsafe(24), "ownership"
        ),
    )


class MailLook:
    """Looks at DNS for the platform. `addresses` are "ip#port" of the authoritative servers."""

    def __init__(self, addresses: Sequence[str], mail: Mail, seed: int) -> None:
        self._servers = [_address(text) for text in addresses]
        self._mail = mail
        self._dice = random.Random(seed)

    async def found(self, records: Sequence[RequiredRecord]) -> tuple[str, ...]:
        """The purposes of those records that one server has, in order."""
        answers = await self.values(records)
        return tuple(
            record.purpose
            for record, values in zip(records, answers, strict=True)
            if self._satisfies(record, values)
        )

    async def values(self, records: Sequence[RequiredRecord]) -> list[list[str]]:
        """What one server, chosen by the dice, has at each record's name and type."""
        server = self._dice.choice(self._servers)
        return list(await asyncio.gather(*(self._ask(server, record) for record in records)))

    async def _ask(self, server: tuple[str, int], record: RequiredRecord) -> list[str]:
        """The record set's values; none when the server is silent or refuses."""
        query = dns.message.make_query(
            record.name, record.type, use_edns=0, payload=UDP_PAYLOAD, id=secrets.randbelow(65536)
        )
        query.flags &= ~dns.flags.RD  # the authoritative answer, nobody's cache
        try:
            response, _ = await dns.asyncquery.udp_with_fallback(
                query, server[0], TIMEOUT_SECONDS, server[1]
            )
        except (dns.exception.DNSException, OSError):
            return []
        kind = dns.rdatatype.from_text(record.type)
        rrsets = (rrset for rrset in response.answer if rrset.rdtype == kind)
        return [_text(rdata) for rrset in rrsets for rdata in rrset]

    def _satisfies(self, record: RequiredRecord, values: Sequence[str]) -> bool:
        match record.purpose:
            case "inbound":
                return self._mail.inbound_host.lower() in values
            case "spf":
                return self._includes(values)
            case "dkim":
                return [dkim_key(value) for value in values] == [dkim_key(record.value)]
            case _:
                return record.value in values

    def _includes(self, values: Sequence[str]) -> bool:
        """Exactly one SPF record (RFC 7208 section 4.5), with the platform's include."""
        terms = [value.lower().split() for value in values]
        policies = [words for words in terms if words and words[0] == "v=spf1"]
        wanted = f"include:{self._mail.spf_include}".lower()
        return len(policies) == 1 and wanted in (word.lstrip("+") for word in policies[0])


def _text(rdata: object) -> str:
    if isinstance(rdata, dns.rdtypes.ANY.MX.MX):
        return rdata.exchange.to_text(omit_final_dot=True).lower()
    if isinstance(rdata, dns.rdtypes.ANY.TXT.TXT):
        return b"".join(rdata.strings).decode("utf-8", "replace")
    return str(rdata)


def dkim_key(value: str) -> str:
    """The p= tag without white space (RFC 6376 section 3.6.1), or "" when the record is no key."""
    tags: dict[str, str] = {}
    for part in value.split(";"):
        name, _, content = part.partition("=")
        tags[name.strip()] = "".join(content.split())
    usable = tags.get("v", "DKIM1") == "DKIM1" and tags.get("k", "rsa") == "rsa"
    return tags.get("p", "") if usable else ""


def dkim_public_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(der).decode()


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.partition("#")
    return host, int(port)
