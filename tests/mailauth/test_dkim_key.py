"""DKIM records: any bytes parse, published records read as they are meant."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from gctrust.mailauth.dkim_key import DkimExpectation, assess_dkim
from gctrust.mailauth.dkim_record import parse_dkim_key
from gctrust.mailauth.questions import Status
from gctrust.mailauth.tag_list import parse_tag_list
from gctrust.mailauth.zone import DictZone, run

DEFAULT = Path(__file__).parents[2] / ".." / "shared" / "suites"
SUITE = Path(os.environ.get("GCTRUST_SUITES", DEFAULT)) / "email" / "dkim"
NAME = "sel._domainkey.example.com"
KEY = rsa.generate_private_key(65537, 2048).public_key()
SPKI = KEY.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
P = base64.b64encode(SPKI).decode()


def rules(*texts: object, **ask: object) -> list[str]:
    zone = DictZone({NAME: {"TXT": list(texts)}})
    return [one.rule for one in run(assess_dkim("example.com", ["sel"], **ask), zone).findings]


@given(st.one_of(st.binary(max_size=800), st.binary().map(b"v=DKIM1; p=".__add__)))
def test_any_bytes_parse(data: bytes) -> None:
    key = parse_dkim_key(data)
    assert not (key.is_usable and key.key is None)
    parse_tag_list(data)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.sampled_from([s for s in Status if s is not Status.FOUND]),
        st.lists(st.one_of(st.binary(max_size=600), st.text(max_size=80)), max_size=3),
    ),
    st.text(max_size=70),
)
def test_any_zone_can_be_assessed(texts: object, selector: str) -> None:
    zone = DictZone({NAME: {"TXT": texts}, "*.example.com": {"TXT": texts}})
    for one in run(assess_dkim("example.com", ["sel", selector]), zone).findings:
        assert one.message


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(SPKI) - 1), st.integers(0, 255))
def test_a_key_with_one_octet_changed_is_judged_without_a_crash(at: int, octet: int) -> None:
    spoilt = SPKI[:at] + bytes([octet]) + SPKI[at + 1 :]
    rules("v=DKIM1; p=" + base64.b64encode(spoilt).decode())


def test_pieces_in_the_wrong_order_and_a_cut_text_are_named() -> None:
    text = f"v=DKIM1; k=rsa; p={P}"
    assert "dkim.damaged-text" in rules([text[200:], text[:200]])
    assert "dkim.damaged-text" in rules(text[:255])
    assert rules([text[:200], text[200:]]) == []


@pytest.mark.parametrize("spoil", ['"{}"', "v=DKIM1\\; p={}", "v=DKIM1; p=“{}”"])
def test_what_panels_add_is_named(spoil: str) -> None:
    assert "dkim.damaged-text" in rules(spoil.format(P))


def test_quotes_in_notes_are_no_damage() -> None:
    assert rules(f'v=DKIM1; n="it\'s ours"; p={P}') == []


def test_expected_keys_are_compared_as_keys() -> None:
    bare = base64.b64encode(KEY.public_bytes(Encoding.DER, PublicFormat.PKCS1)).decode()
    assert rules(f"p={P}", expected=[DkimExpectation("sel", key=bare)]) == []
    other = rsa.generate_private_key(65537, 2048).public_key()
    text = base64.b64encode(
        other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).decode()
    assert rules(f"p={P}", expected=[DkimExpectation("sel", key=text)]) == ["dkim.key-differs"]


def test_a_cname_chain_is_followed_and_reported() -> None:
    zone = DictZone(
        {
            NAME: {"CNAME": ["one.dkim.example.net"]},
            "one.dkim.example.net": {"CNAME": ["two.example.net"]},
            "two.example.net": {"TXT": [f"p={P}"]},
        }
    )
    wanted = [DkimExpectation("sel", cname="one.dkim.example.net")]
    report = run(assess_dkim("example.com", (), wanted), zone)
    assert report.findings == ()
    assert report.selectors[0].chain == ("one.dkim.example.net", "two.example.net")
    assert report.selectors[0].key is not None
    assert report.selectors[0].key.is_usable


def test_a_missing_record_names_the_record_to_publish() -> None:
    wanted = [DkimExpectation("sel", cname="s.example.net.")]
    report = run(assess_dkim("example.com", (), wanted), DictZone({}))
    assert report.findings[0].fix == f"Publish: {NAME}. CNAME s.example.net."


# What each record of the suite is, decided from its text.
SUITE_RECORDS = {
    "1024_testkey_wo_markers.pub.txt": ("rsa", 1024, set()),
    "1024_testkey_wo_markers.pub.rsa.txt": ("rsa", 1024, set()),
    "2048_testkey_wo_markers.pub.txt": ("rsa", 2048, set()),
    "2048_testkey_wo_markers.pub.rsa.txt": ("rsa", 2048, set()),
    "2048_testkey_PKCS8.key.pub.txt": ("rsa", 2048, set()),
    "badk.txt": (None, 0, {"dkim.unknown-key-type"}),
    "badversion.txt": ("rsa", 1024, {"dkim.bad-version"}),
    "test_bad.txt": (None, 0, {"dkim.bad-key"}),
    "test_tlsrpt.txt": ("rsa", 1024, {"dkim.wrong-service"}),
    "ed25519test.dns": ("ed25519", 256, set()),
    "eximtest.dns": ("ed25519", 256, set()),
}


@pytest.mark.skipif(not SUITE.exists(), reason="GCTRUST_SUITES names no folder with the suite")
@pytest.mark.parametrize("name", SUITE_RECORDS)
def test_suite_record(name: str) -> None:
    kind, bits, errors = SUITE_RECORDS[name]
    data = (SUITE / name).read_bytes().strip()
    key = parse_dkim_key(data).key
    assert (key.kind if key else None, key.bits if key else 0) == (kind, bits)
    quiet = {"dkim.obsolete-tag", "dkim.weak-key", "dkim.ed25519-only"}
    assert set(rules(data)) - quiet == errors


def test_the_text_of_a_wildcard_is_no_key_of_the_selector() -> None:
    zone = DictZone({"*._domainkey.example.com": {"TXT": ["v=spf1 -all"]}})
    report = run(assess_dkim("example.com", ["sel"]), zone)
    assert [one.rule for one in report.findings] == ["dkim.missing", "dkim.wildcard"]
    assert run(assess_dkim("example.com"), zone).selectors == ()
