"""What `gctrust domain status` says of servers that do not have a record yet."""

from __future__ import annotations

from gctrust.adapters.dns.propagation import RecordSpread, ServerLook, Spread
from gctrust.cli.domain_spread import SpreadShown, spread_blocks
from gctrust.cli.output import Table
from gctrust.mailauth.expected_records import RecordStatus

OWN = ServerLook("192.0.2.1", "ns1.example.com", False, RecordStatus.LIVE, "found", ("code",))
LATE = ServerLook(
    "192.0.2.53", "", True, RecordStatus.MISSING, "nx-domain", (),
    cached_at=1_000.0, expected_at=4_600.0,
)  # fmt: skip
SILENT = ServerLook("192.0.2.2", "ns2.example.com", False, RecordStatus.UNKNOWN, "timeout", ())


def shown(*servers: ServerLook, published: bool, expected: float | None) -> SpreadShown:
    record = RecordSpread("TXT", "code.example.com", "code", 600, servers)
    everywhere = not record.behind
    seen = Spread("example.com", 1_000.0, (record,), published, everywhere, expected, 4_601.0)
    return SpreadShown.of(seen)


def test_everywhere_is_one_line() -> None:
    blocks = list(spread_blocks(shown(OWN, published=True, expected=1_000.0)))
    assert blocks == ["  every name server and resolver asked has every record"]


def test_a_resolver_that_is_behind_is_told_with_the_time_its_cache_ends() -> None:
    told = shown(OWN, LATE, published=True, expected=4_600.0)
    table, line = spread_blocks(told)
    assert isinstance(table, Table)
    assert table.rows == (
        ("TXT", "code.example.com", "missing", "1970-01-01T01:16:40Z", "192.0.2.53, resolver"),
    )
    assert "expected by 1970-01-01T01:16:40Z" in str(line)
    assert told.records[0].servers[1].cached == "1970-01-01T00:16:40Z"


def test_a_silent_name_server_is_named_and_nothing_is_expected() -> None:
    table, line = spread_blocks(shown(OWN, SILENT, published=False, expected=None))
    assert isinstance(table, Table)
    assert table.rows[0][2:] == ("timeout", "-", "ns2.example.com (192.0.2.2)")
    assert "gives no answer" in str(line)


def test_servers_that_are_behind_alike_share_a_row() -> None:
    lacking = [
        ServerLook(address, "", False, RecordStatus.MISSING, "no-data", ())
        for address in ("192.0.2.1", "192.0.2.2")
    ]
    table, line = spread_blocks(shown(*lacking, published=False, expected=None))
    assert isinstance(table, Table)
    assert [row[4] for row in table.rows] == ["192.0.2.1, 192.0.2.2"]
    assert "only publishing helps" in str(line)
