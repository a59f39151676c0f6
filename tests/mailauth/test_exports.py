"""Exports read back by what they are for: octoDNS, an HCL parser, the AWS request validator."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import dns.rdata
import pytest

from gctrust.mailauth.exports import export
from gctrust.mailauth.record_text import RequiredRecord

KEY = "v=DKIM1; k=rsa; p=" + "A" * 392
ODD = 'say "a;b" \\ ${x} %{y} end'
RECORDS = (
    RequiredRecord("MX", "example.com", "10 inbound.platform.example"),
    RequiredRecord("TXT", "example.com", "v=spf1 include:platform.example ~all"),
    RequiredRecord("TXT", "s1._domainkey.example.com", KEY),
    RequiredRecord("TXT", "_odd.example.com", ODD),
    RequiredRecord("CNAME", "s2._domainkey.example.com", "s2.dkim.platform.example"),
)
TEXTS = {
    "example.com": "v=spf1 include:platform.example ~all",
    "s1._domainkey.example.com": KEY,
    "_odd.example.com": ODD,
}


def joined(quoted: str) -> str:
    """The text that a quoted TXT value means, by a zone-file parser."""
    return b"".join(dns.rdata.from_text("IN", "TXT", quoted).strings).decode()  # type: ignore[attr-defined]


def test_octodns_reads_its_zone(tmp_path: Path) -> None:
    yaml_provider = pytest.importorskip("octodns.provider.yaml")
    zone_module = pytest.importorskip("octodns.zone")
    (tmp_path / "example.com.yaml").write_text(export("octodns", RECORDS, "example.com"))
    provider = yaml_provider.YamlProvider("test", str(tmp_path), escaped_semicolons=True)
    zone = zone_module.Zone("example.com.", [])
    provider.populate(zone)
    seen = {(record.fqdn.rstrip("."), record._type): record for record in zone.records}
    assert len(seen) == len(RECORDS)
    for name, text in TEXTS.items():
        (value,) = seen[name, "TXT"].values
        assert value.replace("\\;", ";") == text
    (mx,) = seen["example.com", "MX"].values
    assert (mx.preference, mx.exchange) == (10, "inbound.platform.example.")
    assert seen["s2._domainkey.example.com", "CNAME"].value == "s2.dkim.platform.example."


def hcl_resources(text: str) -> list[dict[str, Any]]:
    hcl2 = pytest.importorskip("hcl2")
    found = []
    for resource in hcl2.loads(text)["resource"]:
        (labels,) = resource.values()
        (body,) = labels.values()
        found.append({key: unquoted(value) for key, value in body.items()})
    return found


def unquoted(value: Any) -> Any:
    """The parser keeps an HCL string as written: quotes, escapes and doubled template marks."""
    if isinstance(value, list):
        return [unquoted(one) for one in value]
    if not isinstance(value, str) or not re.match(r'".*"\Z', value, re.S):
        return value
    return json.loads(value).replace("$${", "${").replace("%%{", "%{")


def test_terraform_reads_the_records_for_aws() -> None:
    seen = {
        (body["name"], body["type"]): body["records"]
        for body in hcl_resources(export("terraform-aws", RECORDS, "example.com"))
    }
    assert len(seen) == len(RECORDS)
    for name, text in TEXTS.items():
        (value,) = seen[name, "TXT"]  # the provider adds the outer quotes
        assert joined('"' + value.replace('""', '" "') + '"') == text
    assert seen["example.com", "MX"] == ["10 inbound.platform.example."]


def test_terraform_reads_the_records_for_cloudflare() -> None:
    bodies = hcl_resources(export("terraform-cloudflare", RECORDS, "example.com"))
    seen = {(body["name"], body["type"]): body for body in bodies}
    assert len(seen) == len(RECORDS)
    for name, text in TEXTS.items():
        assert joined(seen[name, "TXT"]["content"]) == text
    mx = seen["example.com", "MX"]
    assert (mx["priority"], mx["content"]) == (10, "inbound.platform.example")
    assert not any(body["proxied"] for body in bodies)


def test_aws_accepts_the_change_batch() -> None:
    """By the model of the service that AWS publishes for its own clients."""
    loaders, model = pytest.importorskip("botocore.loaders"), pytest.importorskip("botocore.model")
    validate = pytest.importorskip("botocore.validate")
    service = loaders.Loader().load_service_model("route53", "service-2")
    shape = model.ServiceModel(service).operation_model("ChangeResourceRecordSets").input_shape
    batch = json.loads(export("route53", RECORDS, "example.com"))
    request = {"HostedZoneId": "Z1", "ChangeBatch": batch}
    report = validate.ParamValidator().validate(request, shape)
    assert not report.has_errors(), report.generate_report()
    texts = {
        change["ResourceRecordSet"]["Name"].rstrip("."): record["Value"]
        for change in batch["Changes"]
        if change["ResourceRecordSet"]["Type"] == "TXT"
        for record in change["ResourceRecordSet"]["ResourceRecords"]
    }
    assert {name: joined(value) for name, value in texts.items()} == TEXTS
