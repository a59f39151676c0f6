"""The mTLS edges: replicas that demand a client certificate and enforce the OAuth client's pins.

Any issuer will do; the pins of the set this replica holds at that moment decide, besides the
certificate's dates and the sandbox authority's revocations, by the virtual clock. A refusal is a
failed handshake: a TLS alert, then the end. Under TLS 1.3 a client believes its handshake finished
before the server has judged it (RFC 8446 section 4.4.4), so it learns the outcome at its first
read: an accepted connection is sent one HTTP/1.1 200 response at once, unasked, and then closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from OpenSSL import SSL, crypto

from .arrivals import Arrivals, VirtualClock
from .authority import Authority, Issued
from .edge import server_context
from .mtls_log import Access, AccessLog, Outcome, Presented, ReplicaCount, Tally, presented
from .tls_listener import TlsListener

__all__ = ["Access", "MtlsEdges", "Outcome", "PinKind", "ReplicaCount"]

PinKind = Literal["certificate", "spki"]
SERVER_NAME = "mtls.sandbox.test"


@dataclass(frozen=True, slots=True)
class Pins:
    """The pin set of one OAuth client: base64 SHA-256 digests, all of one kind."""

    client_id: str
    kind: PinKind
    pins: frozenset[str]


class _Verdict(StrEnum):
    UNSEEN = "unseen"
    GOOD = "good"
    UNMATCHED = "unmatched"
    INVALID = "invalid"


class MtlsEdges:
    """`ticket_life` 0 switches resumption off; else a ticket lives at most that many seconds.
    `ticket_lives` are those of single replicas, by index.

    Replicas with one ticket life share ticket keys, as load-balanced ones do. A resumed session
    shows no certificate, so its pin is not judged again: what a retired pin's client can still use
    until its ticket dies.
    """

    def __init__(
        self,
        clock: VirtualClock,
        authority: Authority,
        count: int = 3,
        *,
        ports: Sequence[int] = (),
        ticket_life: float = 0,
        ticket_lives: Mapping[int, float] | None = None,
        log_path: Path | None = None,
    ) -> None:
        self._clock = clock
        self._ticket_life, self._ticket_lives = ticket_life, dict(ticket_lives or {})
        self._server_certificate = authority.issue(
            [SERVER_NAME, "localhost", "127.0.0.1"], days=3650
        )
        self._contexts: dict[float, tuple[int, SSL.Context]] = {}
        self._delays: dict[int, float] = {}
        self.log = AccessLog(log_path)
        fixed = [*ports, *([0] * count)][:count]
        self._replicas = [
            Replica(self, clock, authority, index, port) for index, port in enumerate(fixed)
        ]

    async def start(self) -> None:
        self.log.open()
        for replica in self._replicas:
            await replica.listener.start()

    async def stop(self) -> None:
        for replica in self._replicas:
            await replica.listener.stop()
        self.log.close()

    @property
    def addresses(self) -> list[str]:
        return [replica.listener.address for replica in self._replicas]

    def set_client(self, client_id: str, pins: Iterable[str], pin_kind: PinKind) -> None:
        """The client's whole pin set from now on; replica `index` obeys it after its delay."""
        now, pin_set = self._clock.now(), Pins(client_id, pin_kind, frozenset(pins))
        for index, replica in enumerate(self._replicas):
            replica.arrivals.send(client_id, pin_set, now + self._delays.get(index, 0.0))

    def set_delays(self, delays: Mapping[int, float]) -> None:
        """Seconds until replica `index` obeys a change made from now on."""
        self._delays.update(delays)

    def counters(self) -> list[ReplicaCount]:
        return [replica.tally.count(replica.index) for replica in self._replicas]

    def pins_served(self, replica: int) -> list[Pins]:
        """What this replica enforces at this moment."""
        return self._replicas[replica].current()

    def clear(self) -> None:
        """Forget all pins, pending changes, delays, counts and the log kept in memory."""
        self._delays.clear()
        self.log.entries.clear()
        for replica in self._replicas:
            replica.clear()

    def drop_tickets(self) -> None:
        """Make every ticket handed out so far useless."""
        self._contexts.clear()

    def context(self, replica: int) -> SSL.Context:
        """New ticket keys in each period of a ticket life; a ticket of the last is refused."""
        life = self._ticket_lives.get(replica, self._ticket_life)
        period = int(self._clock.now() // life) if life > 0 else 0
        known = self._contexts.get(life)
        if known is None or known[0] != period:
            known = self._contexts[life] = (
                period, _context(self._server_certificate, resume=life > 0)
            )  # fmt: skip
        return known[1]


class Replica:
    """One gateway: the pin sets that have arrived here, and what it let in."""

    def __init__(
        self, edges: MtlsEdges, clock: VirtualClock, authority: Authority, index: int, port: int
    ) -> None:
        self._edges = edges
        self._clock = clock
        self._authority = authority
        self.index = index
        self.arrivals: Arrivals[str, Pins] = Arrivals()
        self._clients: dict[str, Pins] = {}
        self._owners: dict[tuple[PinKind, str], str] = {}
        self.tally = Tally()
        self.listener = TlsListener(self, port)

    def begin(self, server_name: str) -> Caller:
        return Caller(self, self._edges.context(self.index))

    def current(self) -> list[Pins]:
        arrived = dict(self.arrivals.due(self._clock.now()))
        if arrived:
            self._clients.update(arrived)
            self._owners = {
                (pins.kind, pin): pins.client_id
                for pins in self._clients.values()
                for pin in pins.pins
            }
        return list(self._clients.values())

    def match(self, shown: Presented) -> tuple[str, PinKind, str] | None:
        """The client, kind and pin that vouch for this certificate now."""
        self.current()
        kinds: tuple[tuple[PinKind, str], ...] = (
            ("certificate", shown.certificate_pin),
            ("spki", shown.spki_pin),
        )
        for kind, pin in kinds:
            if (kind, pin) in self._owners:
                return self._owners[kind, pin], kind, pin
        return None

    def valid(self, shown: Presented) -> bool:
        dated = shown.not_before <= self._clock.now() <= shown.not_after
        return dated and not self._authority.is_revoked(shown.serial)

    def record(
        self, outcome: Outcome, shown: Presented | None, match: tuple[str, PinKind, str] | None
    ) -> None:
        client_id, kind, pin = match or ("", "", "")
        entry = Access(
            time=self._clock.now(),
            replica=self.index,
            client_id=client_id,
            outcome=outcome,
            pin=pin,
            pin_kind=kind,
            certificate_pin=shown.certificate_pin if shown else "",
            spki_pin=shown.spki_pin if shown else "",
            serial=f"{shown.serial:x}" if shown else "",
        )
        self.tally.add(entry)
        self._edges.log.add(entry)

    def clear(self) -> None:
        self.arrivals.clear()
        self._clients.clear()
        self._owners.clear()
        self.tally = Tally()


class Caller:
    """One connection to a replica."""

    def __init__(self, replica: Replica, context: SSL.Context) -> None:
        self._replica = replica
        self.context = context
        self._shown: Presented | None = None
        self._match: tuple[str, PinKind, str] | None = None
        self._verdict = _Verdict.UNSEEN

    def present(self, der: bytes) -> bool:
        """Judge the certificate shown; False makes OpenSSL fail the handshake."""
        self._shown = presented(der)
        self._match = self._replica.match(self._shown)
        if self._match is None:
            self._verdict = _Verdict.UNMATCHED
        elif not self._replica.valid(self._shown):
            self._verdict = _Verdict.INVALID
        else:
            self._verdict = _Verdict.GOOD
        return self._verdict is _Verdict.GOOD

    def accepted(self, connection: SSL.Connection) -> bytes:
        if self._verdict is _Verdict.GOOD:
            self._replica.record(Outcome.MATCHED, self._shown, self._match)
        else:  # the verify callback never ran: the session's certificate was not shown again
            self._resumed(connection)
        body = f'{{"accepted":true,"replica":{self._replica.index}}}\n'.encode()
        head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def _resumed(self, connection: SSL.Connection) -> None:
        certificate = connection.get_peer_certificate(as_cryptography=False)
        shown = None
        if certificate is not None:
            shown = presented(crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate))
        self._replica.record(Outcome.RESUMED, shown, self._replica.match(shown) if shown else None)

    def failed(self) -> None:
        outcome = {
            _Verdict.UNSEEN: Outcome.FAILED_BEFORE_CERTIFICATE,
            _Verdict.GOOD: Outcome.FAILED_AFTER_CERTIFICATE,
            _Verdict.UNMATCHED: Outcome.UNMATCHED,
            _Verdict.INVALID: Outcome.INVALID,
        }[self._verdict]
        self._replica.record(outcome, self._shown, self._match)

    def respond(self, request: bytes) -> bytes:
        return b""  # never asked: the acceptance ends the talk


def _verify(
    connection: SSL.Connection, certificate: crypto.X509, error: int, depth: int, ok: int
) -> bool:
    """Issuers do not matter, so only the leaf (depth 0) is judged, whatever OpenSSL thinks."""
    caller = connection.get_app_data()
    if depth > 0 or not isinstance(caller, Caller):
        return depth > 0
    return caller.present(crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate))


def _context(own: Issued, *, resume: bool) -> SSL.Context:
    context = server_context(own.certificate_pem, own.chain_pem, own.private_key_pem, resume=resume)
    context.set_session_id(b"gctrust sandbox mtls")  # demanded when clients are verified
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, _verify)
    return context
