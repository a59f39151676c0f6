"""ClientHellos made by OpenSSL are read right; anything else is waited for or refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL import SSL

from gctrust.sandbox.client_hello import NotTls, read_client_hello


def hello(name: str | None) -> bytes:
    tls = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), None)
    if name is not None:
        tls.set_tlsext_host_name(name.encode())
    tls.set_connect_state()
    with pytest.raises(SSL.WantReadError):
        tls.do_handshake()
    return tls.bio_read(65536)


def in_records(wire: bytes, size: int) -> bytes:
    """The same message cut into records of `size` octets (RFC 8446 section 5.1)."""
    message = wire[5:]
    parts = [message[i : i + size] for i in range(0, len(message), size)]
    return b"".join(wire[:3] + len(part).to_bytes(2) + part for part in parts)


@pytest.mark.parametrize(
    ("sent", "read"), [("Shop.Example", "shop.example"), ("a." * 100 + "test",) * 2, (None, "")]
)
def test_the_name(sent: str | None, read: str) -> None:
    wire = hello(sent)
    for data in (wire, wire + b"more", in_records(wire, 7)):
        told = read_client_hello(data)
        assert told is not None
        assert told.server_name == read


@given(st.data())
def test_a_part_is_waited_for(data: st.DataObject) -> None:
    wire = in_records(hello("a.test"), data.draw(st.integers(1, 600)))
    assert read_client_hello(wire[: data.draw(st.integers(0, len(wire) - 1))]) is None


@given(st.binary(max_size=200), st.data())
def test_damage_never_surprises(junk: bytes, data: st.DataObject) -> None:
    wire = hello("a.test")
    at = data.draw(st.integers(0, len(wire)))
    for damaged in (junk, wire[:at] + junk + wire[at + len(junk) :]):
        try:
            read_client_hello(damaged)
        except NotTls:
            continue
