"""A DNS server on loopback that answers as a function says; for the tests of this folder."""

import asyncio
from collections.abc import Callable

import dns.flags
import dns.message
import dns.rrset

from gctrust.adapters.dns.resolver import Resolver
from gctrust.adapters.dns.silence import Patience
from gctrust.mailauth.questions import Question

Reply = Callable[[dns.message.Message, str], list[bytes]]
HELLO = 'example.com. 60 TXT "hello"'
QUICK = Patience(first=0.05, tries=3, deadline=1.0, growth=2.0)
ASKED = Question("example.com", "TXT")


class Server(asyncio.DatagramProtocol):
    """Answers as `reply(query, "udp" or "tcp")` says: a list of datagrams to send back, `delay`
    seconds later. `seen` are the queries with their way, `ports` where they came from."""

    def __init__(self, reply: Reply, delay: float = 0.0) -> None:
        self.reply, self.delay = reply, delay
        self.seen: list[tuple[str, dns.message.Message]] = []
        self.ports: set[int] = set()
        self.last = ("", 0)

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr) -> None:
        query = dns.message.from_wire(data)
        self.seen.append(("udp", query))
        self.ports.add(addr[1])
        self.last = addr
        for datagram in self.reply(query, "udp"):
            if self.delay:
                asyncio.get_running_loop().call_later(self.delay, self.send, datagram, addr)
            else:
                self.send(datagram, addr)

    def send(self, datagram: bytes, addr) -> None:
        if not self.transport.is_closing():
            self.transport.sendto(datagram, addr)

    async def stream(self, reader, writer) -> None:
        data = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        query = dns.message.from_wire(data)
        self.seen.append(("tcp", query))
        for message in self.reply(query, "tcp"):
            writer.write(len(message).to_bytes(2, "big") + message)
        writer.close()

    async def __aenter__(self):
        loop = asyncio.get_running_loop()
        self.tcp = await asyncio.start_server(self.stream, "127.0.0.1", 0)
        address = self.tcp.sockets[0].getsockname()
        await loop.create_datagram_endpoint(lambda: self, local_addr=address)
        self.name = f"127.0.0.1#{address[1]}"
        return self

    async def __aexit__(self, *exc) -> None:
        self.transport.close()
        self.tcp.close()


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def now(self) -> float:
        return self.at


def resolver(*servers: Server, clock: Clock | None = None, **more) -> Resolver:
    names = [server.name for server in servers]
    return Resolver(names, clock or Clock(), patience=QUICK, **more)


def answer(query: dns.message.Message, *lines: str, rcode: int = 0, aa: bool = True) -> bytes:
    reply = dns.message.make_response(query)
    reply.set_rcode(rcode)
    reply.flags |= dns.flags.AA if aa else 0
    for line in lines:
        owner, ttl, kind, value = line.split(maxsplit=3)
        section = reply.authority if kind == "SOA" else reply.answer
        section.append(dns.rrset.from_text(owner, int(ttl), "IN", kind, value))
    return reply.to_wire(max_size=65535)
