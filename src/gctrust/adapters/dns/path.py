"""Whether a DNS server answers this machine: one question over UDP, and the same over TCP."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass

import dns.asyncquery
import dns.exception
import dns.message
import dns.rcode
from dns.rcode import Rcode

_PATIENCE = 2.0
_ANSWERS = (Rcode.NOERROR, Rcode.NXDOMAIN)


@dataclass(frozen=True, slots=True)
class PathSeen:
    """One server over one transport. `seen` is its response code, or why there was none."""

    server: str
    transport: str
    answers: bool
    seen: str

    @property
    def silent(self) -> bool:
        """Nothing came back, as opposed to an answer that is of no use."""
        return not self.answers and self.seen not in _CODES


_CODES = frozenset(dns.rcode.to_text(code) for code in Rcode)


async def try_paths(servers: tuple[str, ...], name: str, refusals: bool = False) -> list[PathSeen]:
    """Ask every server ("192.0.2.1" or "192.0.2.1#5353") for the TXT records of `name`.

    `refusals`: REFUSED is an answer too, as of servers that are authoritative for other names.
    """
    looks = [_look(server, kind, name, refusals) for server in servers for kind in ("UDP", "TCP")]
    return list(await asyncio.gather(*looks))


async def _look(server: str, transport: str, name: str, refusals: bool) -> PathSeen:
    host, _, port = server.partition("#")
    ask = dns.asyncquery.udp if transport == "UDP" else dns.asyncquery.tcp
    try:
        query = dns.message.make_query(name, "TXT", use_edns=0, payload=1232)
        reply = await ask(query, host.strip("[]"), timeout=_PATIENCE, port=int(port or 53))
    except (dns.exception.Timeout, TimeoutError):
        return PathSeen(server, transport, False, f"no answer in {_PATIENCE:.0f} s")
    except EOFError:
        return PathSeen(server, transport, False, "closed without an answer")
    except (dns.exception.DNSException, OSError, ValueError) as error:
        return PathSeen(server, transport, False, _reason(error))
    code = reply.rcode()
    usable = code in _ANSWERS or (refusals and code is Rcode.REFUSED)
    return PathSeen(server, transport, usable, dns.rcode.to_text(code))


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    return f"{error or 'no readable answer'} ({type(error).__name__})"
