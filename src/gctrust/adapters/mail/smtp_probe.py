"""Connects to a mail exchanger as a sender would: EHLO, STARTTLS, a TLS handshake; then QUIT.

Nothing is mailed. Lines, octets and seconds are bounded; a failure is a value.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import Callable

import certifi
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL, crypto

from ...certs.hostname import matches_name
from ...mailauth.looks import Starttls
from ...mailauth.questions import Answer, Status
from ..fetch.address_guard import AddressGuard, AddressRefused

_MOST_LINES, _LONGEST, _CHUNK = 100, 2048, 65_536
_MOST_TLS = 1 << 20  # octets of a handshake; a chain takes some thousands


class _Fault(Exception):
    """The server does not speak as it should; the text says how."""


class SmtpProbe:
    """`roots` is a PEM file of trusted issuers, None: Mozilla's. `seconds` bound one look."""

    def __init__(
        self,
        guard: AddressGuard,
        *,
        roots: str | None = None,
        port: int = 25,
        seconds: float = 15.0,
    ) -> None:
        self._guard, self._roots, self._port, self._seconds = guard, roots, port, seconds
        self._store: crypto.X509Store | None = None

    async def look(self, host: str, addresses: tuple[str, ...]) -> Answer:
        """What the exchange does with STARTTLS; the first address that can be reached counts."""
        try:
            async with asyncio.timeout(self._seconds):
                for address in addresses[:3]:
                    seen = await self._try(host, address)
                    if seen is not None:
                        return Answer(Status.FOUND, (seen,), server=address)
        except TimeoutError:
            return Answer(Status.TIMEOUT)
        return Answer(Status.REFUSED)

    async def _try(self, host: str, address: str) -> Starttls | None:
        try:
            await self._guarded(host, address)
            async with asyncio.timeout(self._seconds / 3):  # so that another address has a turn
                streams = await asyncio.open_connection(address, self._port, limit=_LONGEST)
            return await self._speak(host, *streams)
        except (OSError, AddressRefused, _Fault):
            return None

    async def _guarded(self, host: str, address: str) -> None:
        """An address that may not be connected to is refused; raises AddressRefused."""
        if not self._guard.allows(host):
            await self._guard.addresses(address, self._port)

    async def _speak(
        self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Starttls:
        try:
            await _reply(reader, "220")
            mine = ipaddress.ip_address(writer.get_extra_info("sockname")[0].partition("%")[0])
            literal = f"IPv6:{mine}" if mine.version == 6 else str(mine)
            writer.write(f"EHLO [{literal}]\r\n".encode())
            offers = await _reply(reader, "250")
            if not any(line.split(" ")[0].upper() == "STARTTLS" for line in offers):
                writer.write(b"QUIT\r\n")
                return Starttls(False)
            writer.write(b"STARTTLS\r\n")
            try:
                await _reply(reader, "220")
                return self._judged(host, await _Tls(reader, writer, host).shake())
            except _Fault as fault:
                return Starttls(True, fault=str(fault))
            except ValueError as error:
                return Starttls(True, fault=f"its certificate cannot be read: {error}"[:200])
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _judged(self, host: str, tls: SSL.Connection) -> Starttls:
        certificates = tls.get_peer_cert_chain(as_cryptography=True) or []
        chain = tuple(one.public_bytes(Encoding.DER) for one in certificates)
        return Starttls(
            True, tls.get_protocol_version_name(), chain, self._distrust(host, certificates)
        )

    def _distrust(self, host: str, certificates: list[x509.Certificate]) -> str:
        """RFC 8461 section 4.2: a public issuer, and a DNS name of the exchange."""
        if not certificates:
            return "it presents none"
        if self._store is None:
            self._store = crypto.X509Store()
            self._store.load_locations(self._roots or certifi.where())
        leaf, *rest = map(crypto.X509.from_cryptography, certificates)
        try:
            crypto.X509StoreContext(self._store, leaf, rest).verify_certificate()
        except crypto.X509StoreContextError as error:
            return str(error)[:200]
        names = _dns_names(certificates[0])
        if any(matches_name(host, name) for name in names):
            return ""
        return f"it is for {', '.join(names[:5]) or 'no DNS name'}"[:200]


def _dns_names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return names.get_values_for_type(x509.DNSName)


async def _reply(reader: asyncio.StreamReader, wanted: str) -> list[str]:
    """The texts of one SMTP reply (RFC 5321 section 4.2). Raises _Fault for another code."""
    texts: list[str] = []
    for _ in range(_MOST_LINES):
        try:
            line = (await reader.readuntil(b"\n")).decode("latin-1").rstrip("\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise _Fault("it ends, or goes on without end, in place of an answer") from None
        if not line.startswith(wanted):
            raise _Fault(f"it answers {line[:80]!r}, not {wanted}")
        texts.append(line[4:])
        if line[3:4] != "-":
            return texts
    raise _Fault(f"its answer has more than {_MOST_LINES} lines")


class _Tls:
    """A handshake that verifies nothing, on OpenSSL's memory BIOs between the stream's octets."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str
    ) -> None:
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_min_proto_version(SSL.TLS1_VERSION)
        context.set_cipher_list(b"ALL:@SECLEVEL=0")  # or old servers could not show what they are
        self._reader, self._writer = reader, writer
        self.tls = SSL.Connection(context, None)
        self.tls.set_tlsext_host_name(host.encode("ascii", "replace"))
        self.tls.set_connect_state()

    async def shake(self) -> SSL.Connection:
        await self._drive(self.tls.do_handshake)
        with contextlib.suppress(SSL.Error):
            self.tls.send(b"QUIT\r\n")
            await self._flush()
        return self.tls

    async def _drive(self, step: Callable[[], object]) -> None:
        received = 0
        while True:
            try:
                step()
            except SSL.WantReadError:
                await self._flush()
                octets = await self._reader.read(_CHUNK)
                received += len(octets)
                if not octets or received > _MOST_TLS:
                    raise _Fault("it ends the connection during the handshake") from None
                self.tls.bio_write(octets)
            except SSL.Error as error:
                raise _Fault(_reason(error)) from None
            else:
                await self._flush()
                return

    async def _flush(self) -> None:
        with contextlib.suppress(SSL.WantReadError):
            while octets := self.tls.bio_read(_CHUNK):
                self._writer.write(octets)
        await self._writer.drain()


def _reason(error: SSL.Error) -> str:
    reasons = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return (str(reasons[-1][-1]) if reasons else str(error) or type(error).__name__)[:80]
