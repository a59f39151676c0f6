"""The decoder against dnspython as oracle, and against bytes nobody should send."""

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gctrust.adapters.dns.question import (
    UnaskableName,
    encode_name,
    encode_question,
    mixed_case,
    query_after_id,
    repeats_question,
    repeats_without_case,
)
from gctrust.adapters.dns.wire import _Decoder, _plain_answer, decode
from gctrust.mailauth.questions import Status

labels = st.binary(min_size=1, max_size=20)
names = st.lists(labels, min_size=1, max_size=5).map(lambda parts: dns.name.Name([*parts, b""]))
u16 = st.integers(0, 65535)
u8 = st.integers(0, 255)


def text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True)


def rdata_of(kind: str):
    make = {
        "A": st.ip_addresses(v=4).map(str),
        "AAAA": st.ip_addresses(v=6).map(lambda a: a.compressed),
        "TXT": st.lists(st.binary(max_size=255), min_size=1, max_size=4).map(
            lambda parts: " ".join('"' + "".join(f"\\{b:03d}" for b in p) + '"' for p in parts)
        ),
        "MX": st.tuples(u16, names).map(lambda p: f"{p[0]} {p[1].to_text()}"),
        "SOA": st.tuples(names, names, st.lists(st.integers(0, 2**31), min_size=5, max_size=5)).map(
            lambda p: f"{p[0]} {p[1]} " + " ".join(map(str, p[2]))
        ),
        "TLSA": st.tuples(u8, u8, st.binary(min_size=32, max_size=32)).map(
            lambda p: f"{p[0]} {p[1]} 1 {p[2].hex()}"
        ),
        "DS": st.tuples(u16, st.sampled_from([8, 13]), st.binary(min_size=32, max_size=32)).map(
            lambda p: f"{p[0]} {p[1]} 2 {p[2].hex()}"
        ),
        "CAA": st.tuples(u8, st.sampled_from(["issue", "iodef"]), labels).map(
            lambda p: f'{p[0]} {p[1]} "' + "".join(f"\\{b:03d}" for b in p[2]) + '"'
        ),
    }
    return make.get(kind, names.map(lambda name: name.to_text()))


def ours(record: dns.rdata.Rdata, kind: str) -> object:
    match kind:
        case "A" | "AAAA":
            return record.address
        case "TXT":
            return tuple(record.strings)
        case "MX":
            return (record.preference, text(record.exchange))
        case "SOA":
            r = record
            numbers = (r.serial, r.refresh, r.retry, r.expire, r.minimum)
            return (text(r.mname), text(r.rname), *numbers)
        case "TLSA":
            return (record.usage, record.selector, record.mtype, record.cert)
        case "DS":
            return (record.key_tag, record.algorithm, record.digest_type, record.digest)
        case "CAA":
            return (record.flags, record.tag.decode(), record.value)
    return text(record.target)


KINDS = ("A", "AAAA", "TXT", "MX", "SOA", "TLSA", "DS", "CAA", "NS", "PTR", "CNAME")


@st.composite
def replies(draw):
    kind = draw(st.sampled_from(KINDS))
    query = dns.message.make_query(draw(names), kind, id=draw(u16))
    reply = dns.message.make_response(query)
    owner, chain, seen = query.question[0].name, [], {query.question[0].name}
    for target in draw(st.lists(names, max_size=3)) if kind != "CNAME" else ():
        if target not in seen:
            seen.add(target)
            reply.answer.append(dns.rrset.from_text(owner, 60, "IN", "CNAME", target.to_text()))
            chain.append(text(target))
            owner = target
    wanted = draw(st.lists(rdata_of(kind), min_size=1, max_size=1 if kind == "CNAME" else 4))
    rrset = dns.rrset.from_text(owner, draw(st.integers(0, 2**31 - 1)), "IN", kind, *wanted)
    reply.answer.append(rrset)
    if draw(st.booleans()):
        reply.answer.reverse()
    return kind, query, reply, chain, rrset


def wire_of(reply: dns.message.Message) -> bytes:
    """Outside the strategy: dnspython shuffles record sets with the random module."""
    return reply.to_wire(max_size=65535)


@settings(max_examples=300, deadline=None)
@given(replies())
def test_decodes_what_dnspython_encodes(case) -> None:
    kind, query, reply, chain, rrset = case
    wire = wire_of(reply)
    question = encode_question(text(query.question[0].name), kind)
    assert repeats_question(wire, question)
    answer = decode(wire, question, "192.0.2.1").answer
    assert answer.status is Status.FOUND
    assert set(answer.records) == {ours(record, kind) for record in rrset}
    assert list(answer.chain) == chain
    assert answer.ttl == min(rrset.ttl, 60 if chain else rrset.ttl)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=600), st.sampled_from(["TXT", "MX", "SOA", "CAA", "AAAA"]))
def test_any_octets_give_an_answer(data: bytes, kind: str) -> None:
    question = encode_question("example.com", kind)
    header = bytes.fromhex("0001 8180 0001 0003 0001 0001")
    for message in (data, header + question + data):
        repeats_question(message, question)
        assert isinstance(decode(message, question).answer.status, Status)


@settings(max_examples=300, deadline=None)
@given(replies(), st.data())
def test_damaged_replies_never_raise(case, data) -> None:
    kind, query, reply, _, _ = case
    wire = wire_of(reply)
    question = encode_question(text(query.question[0].name), kind)
    damaged = bytearray(wire[: data.draw(st.integers(0, len(wire)))])
    for at in data.draw(st.lists(st.integers(12, max(len(damaged), 13)), max_size=4)):
        if at < len(damaged):
            damaged[at] = data.draw(u8)
    decode(bytes(damaged), question)


@given(names)
def test_names_survive_both_ways(name: dns.name.Name) -> None:
    assert encode_name(text(name)) == name.to_wire()


@pytest.mark.parametrize("name", ["a..b", ".a", "x" * 64 + ".com", "a." * 130 + "b", r"\999.com"])
def test_names_no_message_can_carry(name: str) -> None:
    with pytest.raises(UnaskableName):
        encode_name(name)


def test_query_is_read_by_dnspython_as_meant() -> None:
    query = dns.message.from_wire(
        b"\0\7" + query_after_id(encode_question("example.com", "TXT"), recursion=False)
    )
    assert (query.id, query.payload, query.flags & dns.flags.RD) == (7, 1232, 0)
    assert query.question[0].to_text() == "example.com. IN TXT"


def reply_with(*, rcode: int = 0, answer: str = "", authority: str = "", flags: int = 0):
    query = dns.message.make_query("www.example.com", "TXT")
    reply = dns.message.make_response(query)
    reply.set_rcode(rcode)
    reply.flags |= flags
    for section, line in ((reply.answer, answer), (reply.authority, authority)):
        if line:
            owner, ttl, kind, value = line.split(maxsplit=3)
            section.append(dns.rrset.from_text(owner, int(ttl), "IN", kind, value))
    return decode(reply.to_wire(), encode_question("www.example.com", "TXT"))


SOA = "example.com. 900 SOA ns. host. 1 2 3 4 300"


def test_negative_ttl_is_the_lesser_of_soa_ttl_and_minimum() -> None:
    answer = reply_with(rcode=3, authority=SOA).answer
    assert (answer.status, answer.ttl) == (Status.NX_DOMAIN, 300)
    assert reply_with(authority=SOA.replace(" 900 ", " 60 ")).answer.ttl == 60


@pytest.mark.parametrize(
    ("rcode", "status"),
    [(1, Status.SERVFAIL), (2, Status.SERVFAIL), (4, Status.REFUSED), (5, Status.REFUSED)],
)
def test_failures_keep_their_kind(rcode: int, status: Status) -> None:
    assert reply_with(rcode=rcode, authority=SOA).answer.status is status


def test_a_bad_version_is_not_read_as_no_data() -> None:
    reply = reply_with(rcode=dns.rcode.BADVERS)
    assert (reply.answer.status, reply.format_error) == (Status.SERVFAIL, True)


def test_a_referral_is_not_absence() -> None:
    referral = "Example.com. 60 NS NS.example.net."
    answer = reply_with(authority=referral).answer
    assert (answer.status, answer.referral) == (Status.REFUSED, ("ns.example.net",))
    upward = reply_with(authority=". 60 NS a.root.example.").answer
    assert (upward.status, upward.referral) == (Status.REFUSED, ())
    assert reply_with(authority=referral, flags=dns.flags.AA).answer.status is Status.NO_DATA


def test_a_chain_cut_short_is_told() -> None:
    reply = reply_with(answer="www.example.com. 60 CNAME t.example.net.")
    assert (reply.open_end, reply.answer.chain) == ("t.example.net", ("t.example.net",))
    closed = reply_with(answer="www.example.com. 60 CNAME t.example.com.", authority=SOA)
    assert (closed.open_end, closed.answer.status) == ("", Status.NO_DATA)


def test_cname_loop_ends() -> None:
    reply = reply_with(answer="www.example.com. 60 CNAME www.example.com.")
    assert reply.answer.status is not Status.FOUND


def test_compression_loop_is_malformed() -> None:
    question = encode_question("example.com", "TXT")
    header = bytes.fromhex("0001 8180 0001 0001 0000 0000")
    at = 12 + len(question)
    loop = bytes((0xC0, at)) + bytes.fromhex("0010 0001 00000001 0001 00")
    assert decode(header + question + loop, question).answer.status is Status.MALFORMED


def test_mixed_case_changes_letters_only() -> None:
    asked = encode_question("abcdefghijklmnopqrstuvwxyz.x-1_2.example", "TXT")
    seen = {mixed_case(asked) for _ in range(20)}
    assert len(seen) > 10
    assert {one.lower() for one in seen} == {asked.lower()}
    assert all(one[-4:] == asked[-4:] for one in seen)


def test_truncation_is_told() -> None:
    assert reply_with(flags=dns.flags.TC).truncated


def test_another_question_is_not_repeated() -> None:
    asked = encode_question("example.com", "TXT")
    other = dns.message.make_response(dns.message.make_query("example.org", "TXT")).to_wire()
    shouted = dns.message.make_response(dns.message.make_query("EXAMPLE.com", "TXT")).to_wire()
    assert not repeats_question(other, asked)
    assert not repeats_question(shouted, encode_question("example.com", "MX"))
    assert repeats_without_case(shouted, asked)
    assert not repeats_question(shouted, asked)


def both(message: bytes, question: bytes):
    """What the quick way says, and what the whole decoder says; None and "malformed" apart."""
    ways = []
    for read in (
        lambda: _plain_answer(message, question, "s"),
        lambda: _Decoder(message, question, "s").reply().answer,
    ):
        try:
            ways.append(read())
        except Exception as error:
            ways.append(type(error).__name__)
    return ways


@settings(max_examples=300, deadline=None)
@given(replies(), st.data())
def test_the_quick_way_says_what_the_whole_decoder_says(case, data) -> None:
    kind, query, reply, _, _ = case
    wire = reply.to_wire(max_size=65535)
    question = encode_question(text(query.question[0].name), kind)
    damaged = bytearray(wire)
    for at in data.draw(st.lists(st.integers(0, len(wire) - 1), max_size=3)):
        damaged[at] = data.draw(u8)
    for message in (wire, bytes(damaged)):
        quick, whole = both(message, question)
        assert quick is None or isinstance(quick, str) or quick == whole


def test_the_quick_way_reads_the_plain_cases_itself() -> None:
    query = dns.message.make_query("www.example.com", "MX")
    reply = dns.message.make_response(query)
    host = dns.rrset.from_text("www.example.com.", 60, "IN", "MX", "5 a.b.", "6 c.b.")
    reply.answer.append(host)
    question = encode_question("www.example.com", "MX")
    quick, whole = both(reply.to_wire(), question)
    assert quick == whole
    assert set(quick.records) == {(5, "a.b"), (6, "c.b")}
    void = dns.message.make_response(query)
    void.authority.append(
        dns.rrset.from_text("example.com.", 900, "IN", "SOA", SOA.split("SOA ")[1])
    )
    quick, whole = both(void.to_wire(), question)
    assert quick == whole
    assert (quick.status, quick.ttl) == (Status.NO_DATA, 300)
