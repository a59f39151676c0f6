"""Propagation: each server judged alone, and when to look again."""

from gctrust.mailauth.propagation import (
    NameServer,
    differing,
    name_servers,
    next_look,
    observe,
)
from gctrust.mailauth.questions import Status
from gctrust.mailauth.record_text import RequiredRecord
from gctrust.mailauth.zone import DictZone, run

RECORD = RequiredRecord("TXT", "_t.example.com", "new")
NEW = DictZone({"_t.example.com": {"TXT": ["new"]}}, ttl=300)
OLD = DictZone({"_t.example.com": {"TXT": ["old"]}}, ttl=40)
DEAD = DictZone({"_t.example.com": {"TXT": Status.TIMEOUT}})
A, B = NameServer("192.0.2.1", "a"), NameServer("192.0.2.2", "b")
CACHE = NameServer("192.0.2.53", resolver=True)


def look(**servers: DictZone):
    names = {"a": A, "b": B, "cache": CACHE}
    zone = DictZone({}, servers={names[key].address: zone for key, zone in servers.items()})
    return run(observe([RECORD], [names[key] for key in servers]), zone)


def test_says_who_is_behind() -> None:
    seen = look(a=NEW, b=OLD)
    assert not seen.complete
    assert [(s.server, s.found) for s in seen.behind] == [(B, ("old",))]
    assert look(a=NEW, b=NEW).complete


def test_a_silent_server_is_unknown_and_not_complete() -> None:
    seen = look(a=NEW, b=DEAD)
    assert not seen.complete
    assert seen.behind[0].answered is Status.TIMEOUT


def test_resolvers_do_not_hold_up_what_the_servers_have() -> None:
    seen = look(a=NEW, cache=OLD)
    assert seen.complete
    assert seen.resolvers_with(RECORD) == (0, 1)


def test_no_server_is_never_complete() -> None:
    assert not look().complete


def test_next_look() -> None:
    assert next_look(1000, look(a=NEW).states) == 1000
    assert next_look(1000, look(a=NEW, cache=OLD).states) == 1041
    assert next_look(1000, look(a=OLD, cache=OLD).states) == 1005
    assert next_look(1000, look(a=OLD).states, looks=3) == 1040
    assert next_look(1000, look(a=OLD).states, looks=99) == 1900
    assert next_look(1000, look(a=NEW, cache=DEAD).states) == 1005


def test_flapping_names_the_server() -> None:
    assert [s.server for s in differing(look(a=NEW, b=NEW), look(a=NEW, b=OLD))] == [B]
    assert differing(look(a=NEW, b=NEW), look(a=NEW, b=DEAD)) == ()


def test_servers_are_those_of_the_enclosing_zone() -> None:
    zone = DictZone(
        {
            "example.com": {"NS": ["ns2.example.net", "ns1.example.net"]},
            "ns1.example.net": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]},
            "ns2.example.net": {"A": ["192.0.2.2"]},
        }
    )
    servers = run(name_servers("mail.example.com"), zone)
    assert [s.address for s in servers] == ["192.0.2.1", "2001:db8::1", "192.0.2.2"]
    assert run(name_servers("example.com"), DictZone({"example.com": {"NS": Status.TIMEOUT}})) == ()
