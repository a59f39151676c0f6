"""Writes required records in the formats DNS teams work with; pure text in, text out."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable
from itertools import groupby

from .record_text import TTL, RequiredRecord, zone_data, zone_line

Exporter = Callable[[tuple[RequiredRecord, ...], str], str]


def export(format: str, records: Iterable[RequiredRecord], domain: str) -> str:
    """`format` is a key of FORMATS, `domain` the zone. Raises KeyError for an unknown format."""
    return FORMATS[format](tuple(records), domain.rstrip(".").lower())


def as_zone(records: tuple[RequiredRecord, ...], domain: str) -> str:
    """Zone-file lines (RFC 1035 section 5), complete names."""
    return "".join(f"{zone_line(record)}\n" for record in records)


def as_csv(records: tuple[RequiredRecord, ...], domain: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("name", "type", "ttl", "value"))
    writer.writerows((r.owner, r.type, TTL, r.text) for r in records)
    return out.getvalue()


def as_table(records: tuple[RequiredRecord, ...], domain: str) -> str:
    rows = [("NAME", "TYPE", "VALUE"), *((r.owner, r.type, r.text) for r in records)]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "".join(f"{n:<{widths[0]}}  {t:<{widths[1]}}  {v}\n" for n, t, v in rows)


def as_route53(records: tuple[RequiredRecord, ...], domain: str) -> str:
    """A change batch for change-resource-record-sets."""
    changes = [
        {
            "Action": "UPSERT",
            "ResourceRecordSet": {
                "Name": f"{name}.",
                "Type": kind,
                "TTL": TTL,
                "ResourceRecords": [{"Value": _route53_data(r)} for r in members],
            },
        }
        for (name, kind), members in _sets(records)
    ]
    comment = f"Records required for {domain}"
    return json.dumps({"Comment": comment, "Changes": changes}, indent=2) + "\n"


def as_terraform_aws(records: tuple[RequiredRecord, ...], domain: str) -> str:
    """Resources of the hashicorp/aws provider; the zone's id is a variable. The provider quotes a
    TXT itself, and splits it where `\\"\\"` stands."""
    head = 'variable "zone_id" {\n  type = string\n}\n'
    blocks = []
    for (name, kind), members in _sets(records):
        values = ", ".join(_hcl(_terraform_data(record)) for record in members)
        blocks.append(
            f'\nresource "aws_route53_record" "{_label(name, kind)}" {{\n'
            f"  zone_id = var.zone_id\n  name    = {_hcl(name)}\n  type    = {_hcl(kind)}\n"
            f"  ttl     = {TTL}\n  records = [{values}]\n}}\n"
        )
    return head + "".join(blocks)


def as_terraform_cloudflare(records: tuple[RequiredRecord, ...], domain: str) -> str:
    """Resources of version 5 of the cloudflare/cloudflare provider, never proxied."""
    head = 'variable "zone_id" {\n  type = string\n}\n'
    blocks = []
    for number, record in enumerate(records, 1):
        priority, value = "", record.text
        if record.type == "MX":
            preference, _, host = record.value.strip().rpartition(" ")
            priority, value = f"  priority = {int(preference or 10)}\n", host.rstrip(".")
        if record.type == "TXT":
            value = zone_data(record)
        label = f"{_label(record.owner, record.type)}_{number}"
        blocks.append(
            f'\nresource "cloudflare_dns_record" "{label}" {{\n'
            f"  zone_id  = var.zone_id\n  name     = {_hcl(record.owner)}\n"
            f"  type     = {_hcl(record.type)}\n  ttl      = {TTL}\n{priority}"
            f"  proxied  = false\n  content  = {_hcl(value)}\n}}\n"
        )
    return head + "".join(blocks)


def as_octodns(records: tuple[RequiredRecord, ...], domain: str) -> str:
    """A zone file of octoDNS: YAML whose scalars are JSON strings; semicolons are escaped there."""
    lines = ["---"]
    by_name = sorted(_sets(records), key=lambda item: _relative(item[0][0], domain))
    for name, sets in groupby(by_name, key=lambda item: _relative(item[0][0], domain)):
        lines.append(f"{json.dumps(name)}:")
        for (_, kind), members in sets:
            lines += (f"- ttl: {TTL}", f"  type: {kind}", *_octodns_values(kind, members))
    return "\n".join(lines) + "\n"


FORMATS: dict[str, Exporter] = {
    "table": as_table,
    "zone": as_zone,
    "csv": as_csv,
    "route53": as_route53,
    "terraform-aws": as_terraform_aws,
    "terraform-cloudflare": as_terraform_cloudflare,
    "octodns": as_octodns,
}


def _octodns_values(kind: str, members: tuple[RequiredRecord, ...]) -> list[str]:
    if kind == "CNAME":
        return [f"  value: {json.dumps(zone_data(members[0]))}"]
    if kind != "MX":
        texts = [m.text.replace(";", "\\;") for m in members]
        return ["  values:", *(f"  - {json.dumps(text)}" for text in texts)]
    lines = ["  values:"]
    for member in members:
        preference, host = zone_data(member).split()
        lines += (f"  - exchange: {json.dumps(host)}", f"    preference: {preference}")
    return lines


def _sets(
    records: tuple[RequiredRecord, ...],
) -> list[tuple[tuple[str, str], tuple[RequiredRecord, ...]]]:
    """Record sets, in the order of their first record."""
    sets: dict[tuple[str, str], list[RequiredRecord]] = {}
    for record in records:
        sets.setdefault((record.owner, record.type), []).append(record)
    return [(key, tuple(members)) for key, members in sets.items()]


def _route53_data(record: RequiredRecord) -> str:
    """Route 53 wants octal escapes where zone files have decimal ones."""
    data = zone_data(record)
    return re.sub(r"\\(\d{3})", lambda found: f"\\{int(found[1]):03o}", data)


def _terraform_data(record: RequiredRecord) -> str:
    data = _route53_data(record)
    return data[1:-1].replace('" "', '""') if record.type == "TXT" else data


def _hcl(text: str) -> str:
    """A quoted HCL string: like JSON, and template marks doubled."""
    quoted = json.dumps(text, ensure_ascii=False)
    return quoted.replace("${", "$${").replace("%{", "%%{")


def _label(name: str, kind: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", f"r_{name}_{kind}").lower()


def _relative(name: str, domain: str) -> str:
    return "" if name == domain else name.removesuffix(f".{domain}")
