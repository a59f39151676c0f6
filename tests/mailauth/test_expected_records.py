"""Required records against dictionary zones: states, slips, the line to publish, exports."""

import csv
import io
import json

import dns.rdata
import dns.zone
import pytest
import yaml

from gctrust.mailauth.expected_records import RecordStatus, compare
from gctrust.mailauth.exports import FORMATS, export
from gctrust.mailauth.questions import Status
from gctrust.mailauth.record_text import RequiredRecord, zone_line
from gctrust.mailauth.zone import DictZone, run

KEY = "v=DKIM1; k=rsa; p=" + "M" * 390
MX = RequiredRecord("MX", "example.com", "10 inbound.platform.example")
SPF = RequiredRecord("TXT", "example.com", "v=spf1 include:platform.example ~all")
DKIM = RequiredRecord("TXT", "s1._domainkey.example.com", KEY)
OWNER = RequiredRecord("TXT", "_token.example.com", "abc-123")
ALIAS = RequiredRecord("CNAME", "s2._domainkey.example.com", "s2.dkim.platform.example.")
ALL = (MX, SPF, DKIM, OWNER, ALIAS)


def state(record: RequiredRecord, zone: dict):
    (seen,) = run(compare([record], domain="example.com"), DictZone(zone))
    return seen


def txt(record: RequiredRecord, *texts: object) -> dict:
    return {record.name: {"TXT": list(texts)}}


LIVE = [
    (MX, {"example.com": {"MX": ["5 INBOUND.platform.example."]}}),
    (SPF, txt(SPF, "hello", "v=spf1 ip4:192.0.2.1 +include:Platform.example -all")),
    (DKIM, txt(DKIM, "v=DKIM1;k=rsa;p=" + "M" * 390 + ";")),
    (OWNER, txt(OWNER, "other", "abc-123")),
    (RequiredRecord("TXT", "_token.example.com.", '"abc-123"'), txt(OWNER, "abc-123")),
    (ALIAS, {ALIAS.name: {"CNAME": ["S2.dkim.platform.example"]}}),
]

OTHERS = [
    (MX, {}, RecordStatus.MISSING, "record.missing"),
    (
        MX,
        {"example.com": {"MX": ["10 mx.office.example"]}},
        RecordStatus.WRONG,
        "record.other-mail",
    ),
    (
        MX,
        {"example.com": {"MX": ["10 inbound.platform.example", "20 mx.office.example"]}},
        RecordStatus.CONFLICTING,
        "record.conflicting",
    ),
    (SPF, txt(SPF, "v=spf1 mx -all"), RecordStatus.WRONG, "record.wrong"),
    (SPF, txt(SPF, "v=spf1 -all include:platform.example"), RecordStatus.WRONG, "record.wrong"),
    (
        SPF,
        txt(SPF, "v=spf1 include:platform.example ip4:1 ~all"),
        RecordStatus.WRONG,
        "record.wrong",
    ),
    (SPF, txt(SPF, SPF.value, "v=spf1 -all"), RecordStatus.CONFLICTING, "record.conflicting"),
    (DKIM, txt(DKIM, "v=DKIM1; p=AAAA"), RecordStatus.WRONG, "record.wrong"),
    (DKIM, txt(DKIM, KEY, "v=DKIM1; p=AAAA"), RecordStatus.CONFLICTING, "record.conflicting"),
    (OWNER, txt(OWNER, "other"), RecordStatus.MISSING, "record.missing"),
    (ALIAS, {ALIAS.name: {"CNAME": ["x.example"]}}, RecordStatus.WRONG, "record.wrong"),
    (OWNER, {OWNER.name: {"TXT": Status.SERVFAIL}}, RecordStatus.UNKNOWN, "record.lookup-failed"),
]

SLIPS = [
    (OWNER, {"_token.example.com.example.com": {"TXT": ["abc-123"]}}, "twice"),
    (OWNER, txt(OWNER, '"abc-123"'), "quotes"),
    (OWNER, txt(OWNER, "\u201cabc-123\u201d"), "typographic"),
    (DKIM, txt(DKIM, '"' + KEY[:200] + '" "' + KEY[200:] + '"'), "quotes"),
    (DKIM, {"s1.example.com": {"TXT": [KEY]}}, "without ._domainkey"),
    (OWNER, {OWNER.name: {"CNAME": ["abc-123"]}}, "CNAME"),
    (ALIAS, {ALIAS.name: {"TXT": ["s2.dkim.platform.example"]}}, "TXT record"),
    (ALIAS, {ALIAS.name: {"CNAME": ["s2.dkim.platform.example.example.com"]}}, "trailing dot"),
    (MX, {"example.com": {"MX": ["10 inbound.platform.example.example.com"]}}, "trailing dot"),
]


@pytest.mark.parametrize(("record", "zone"), LIVE)
def test_live(record: RequiredRecord, zone: dict) -> None:
    seen = state(record, zone)
    assert (seen.status, seen.finding, seen.publish) == (RecordStatus.LIVE, None, "")


@pytest.mark.parametrize(("record", "zone", "status", "rule"), OTHERS)
def test_not_live(record: RequiredRecord, zone: dict, status: RecordStatus, rule: str) -> None:
    seen = state(record, zone)
    assert (seen.status, seen.finding.rule) == (status, rule)


@pytest.mark.parametrize(("record", "zone", "word"), SLIPS)
def test_slips(record: RequiredRecord, zone: dict, word: str) -> None:
    seen = state(record, zone)
    assert seen.finding.rule == "record.slip"
    assert word in seen.finding.message
    assert seen.publish == zone_line(record)


def test_the_fix_of_spf_keeps_the_domain_s_own_terms() -> None:
    seen = state(SPF, txt(SPF, "v=spf1 ip4:192.0.2.1 -all"))
    assert '"v=spf1 ip4:192.0.2.1 include:platform.example -all"' in seen.publish


def test_other_mail_is_never_told_to_be_replaced() -> None:
    seen = state(MX, {"example.com": {"MX": ["10 mx.office.example"]}})
    assert seen.publish == ""
    assert "sub-domain" in seen.finding.fix


def parsed(text: str) -> set[tuple[str, str, str]]:
    zone = dns.zone.from_text(text, origin="example.com.", relativize=False, check_origin=False)
    return {
        (name.to_text(), dns.rdatatype.to_text(data.rdtype), data.to_text())
        for name, node in zone.items()
        for rdataset in node
        for data in rdataset
    }


WANTED = {
    ("example.com.", "MX", "10 inbound.platform.example."),
    ("example.com.", "TXT", f'"{SPF.value}"'),
    ("s1._domainkey.example.com.", "TXT", f'"{KEY[:255]}" "{KEY[255:]}"'),
    ("_token.example.com.", "TXT", '"abc-123"'),
    ("s2._domainkey.example.com.", "CNAME", "s2.dkim.platform.example."),
}


def test_zone_export_is_read_back_by_a_zone_parser() -> None:
    assert parsed(export("zone", ALL, "example.com")) == WANTED


def test_odd_text_survives_the_zone_file() -> None:
    text = 'say "a;b" \\ \u00e9' + "x" * 300
    line = zone_line(RequiredRecord("TXT", "t.example.com", text))
    (data,) = {value for _, _, value in parsed(line + "\n")}
    assert b"".join(dns.rdata.from_text("IN", "TXT", data).strings).decode() == text


def test_route53_export_holds_every_record() -> None:
    batch = json.loads(export("route53", ALL, "example.com"))
    seen = {
        (s["Name"], s["Type"], v["Value"])
        for s in (change["ResourceRecordSet"] for change in batch["Changes"])
        for v in s["ResourceRecords"]
    }
    assert seen == WANTED


def test_csv_export_is_read_back() -> None:
    rows = list(csv.DictReader(io.StringIO(export("csv", ALL, "example.com"))))
    assert [(r["name"], r["type"], r["value"]) for r in rows] == [
        (r.owner, r.type, r.text) for r in ALL
    ]


def test_octodns_export_is_yaml_by_name() -> None:
    zone = yaml.safe_load(export("octodns", ALL, "example.com"))
    assert {r["type"] for r in zone[""]} == {"MX", "TXT"}
    assert zone["s1._domainkey"][0]["values"] == [KEY.replace(";", "\\;")]
    assert zone["s2._domainkey"][0]["value"] == "s2.dkim.platform.example."


def test_terraform_exports_escape_templates() -> None:
    record = RequiredRecord("TXT", "t.example.com", "a${b}%{c}")
    for format in ("terraform-aws", "terraform-cloudflare"):
        text = export(format, [record], "example.com")
        assert "a$${b}%%{c}" in text
        assert text.count("{\n") == text.count("\n}\n")


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_names_every_record(format: str) -> None:
    text = export(format, ALL, "example.com")
    for piece in ("abc-123", "inbound.platform.example", "s2.dkim.platform.example"):
        assert piece in text
