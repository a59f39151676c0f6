"""What lies beyond DNS: the policy file of MTA-STS, STARTTLS of an exchange, the DNSSEC of a zone.

A judge asks for them as for a record, with a type that is no DNS type, and gets the facts as the
one record of the answer. `Reach` says which of them can be asked at all; the rest stays unjudged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

POLICY, STARTTLS, DNSSEC = "POLICY", "STARTTLS", "DNSSEC"


@dataclass(frozen=True, slots=True)
class Reach:
    """What whoever answers can look at, or may.

    `name_servers` are the zone's own, each asked by itself (a dozen questions a server);
    `transports` asks them over TCP, and with EDNS only, too.
    """

    name_servers: bool = True
    policy_files: bool = False
    starttls: bool = False
    dnssec: bool = False
    transports: bool = False


DNS_ONLY = Reach()
RESOLVERS_ONLY = Reach(name_servers=False)
ALL = Reach(policy_files=True, starttls=True, dnssec=True, transports=True)


class PolicyFile(NamedTuple):
    """The answer to `Question("mta-sts.<domain>", "POLICY")`: /.well-known/mta-sts.txt by HTTPS.

    `fault` says why there is no usable HTTP response (a certificate that does not verify, a body
    over the cap), empty otherwise; redirects are not followed, their status is `code`.
    """

    code: int = 0
    media_type: str = ""
    body: bytes = b""
    fault: str = ""


class Starttls(NamedTuple):
    """The answer to `Question("<exchange>", "STARTTLS")`: port 25, EHLO, STARTTLS, handshake.

    `version` as in "TLSv1.3"; `chain` are the certificates sent, in DER, leaf first;
    `untrusted` says why the chain or the name does not verify, empty when it does. `fault` says why
    there was no handshake although STARTTLS was offered.
    """

    offered: bool
    version: str = ""
    chain: tuple[bytes, ...] = ()
    untrusted: str = ""
    fault: str = ""


class Ds(NamedTuple):
    """A DS record at the parent; `matches`: a DNSKEY of the zone has this digest."""

    key_tag: int
    algorithm: int
    digest_type: int
    matches: bool


class Signature(NamedTuple):
    """One RRSIG over `name`/`type`: `life` seconds in all, `left` before it expires.

    `fault` says why it does not validate with the zone's keys, empty when it does.
    """

    name: str
    type: str
    left: int
    life: int
    fault: str = ""


class SignedZone(NamedTuple):
    """The answer to `Question(name, "DNSSEC")`: the zone that holds the name, looked at with CD=1.

    `algorithms` are those of its DNSKEYs, `unsigned` the checked "TYPE name" without any RRSIG,
    `iterations` that of NSEC3PARAM (None without one). `validating`: the resolver validates at all;
    `bogus`: it answers SERVFAIL, and answers well when told not to validate.
    """

    zone: str
    ds: tuple[Ds, ...] = ()
    algorithms: tuple[int, ...] = ()
    signatures: tuple[Signature, ...] = ()
    unsigned: tuple[str, ...] = ()
    iterations: int | None = None
    validating: bool = False
    bogus: bool = False
