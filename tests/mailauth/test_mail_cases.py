"""Every rule but those of SPF and DKIM: a domain that triggers it and a near one that does not.

The whole judge looks at the whole domain (base.yaml with some names changed), with all that lies
beyond DNS in reach; a finding that is missing fails, and so does one that nobody expected.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gctrust.mailauth.assess import assess_domain
from gctrust.mailauth.dmarc import MailStream
from gctrust.mailauth.looks import ALL
from gctrust.mailauth.mta_sts_policy import StsSeen, digest_of, parse_sts_policy
from gctrust.mailauth.propagation import NameServer, flapping, observe
from gctrust.mailauth.record_text import RequiredRecord
from gctrust.mailauth.rules import MAIL_RULES
from gctrust.mailauth.spf_lint import SpfSender
from gctrust.mailauth.suffixes import registrable
from gctrust.mailauth.zone import run
from gctrust.names import DomainName

from .mail_world import CASES, World, base, changed

FILES = sorted(path for path in CASES.glob("*.yaml") if path.stem != "base")
DOCUMENTS = [
    pytest.param(path, index, id=f"{path.stem}-{'triggers' if index == 0 else 'spares'}")
    for path in FILES
    for index in (0, 1)
]


def options(ask: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "required": [RequiredRecord(*row) for row in ask.get("required", ())],
        "streams": tuple(MailStream(*row) for row in ask.get("streams", ())),
        "sender_ips": [
            one if isinstance(one, str) else SpfSender(*one) for one in ask.get("sender_ips", ())
        ],
    }
    if "sts_before" in ask:
        version, text = ask["sts_before"]
        made["sts_before"] = StsSeen(version, digest_of(parse_sts_policy(text)))
    return made


def found_in(case: dict[str, Any]) -> list[str]:
    names = changed(base(), case["zone"])
    world = World(
        names,
        ttl=case.get("ttl", 300),
        secure=tuple(case.get("secure", [""])),
        servers=case.get("servers", {}),
        parent=tuple(case.get("parent", ["ns1.example.com", "ns2.example.com"])),
    )
    asked = options(case.get("ask", {}))
    domain = DomainName(case.get("domain", "example.com"))
    report = run(assess_domain(domain, ["s1"], by_list=registrable, reach=ALL, **asked), world)
    found = [one.rule for one in report.findings]
    if "before" in case:
        servers = [NameServer("198.41.0.4"), NameServer("199.9.14.201")]
        earlier = World(changed(names, case["before"]))
        looks = [run(observe(asked["required"], servers), one) for one in (earlier, world)]
        found += [one.rule for one in flapping(*looks)]
    return sorted(found)


@pytest.mark.parametrize(("path", "index"), DOCUMENTS)
def test_case(path: Path, index: int) -> None:
    case = list(yaml.safe_load_all(path.read_text("utf-8")))[index]
    found = found_in(case)
    assert found == sorted(case["findings"])
    assert (path.stem in found) is (index == 0)


def test_nothing_is_said_against_the_base() -> None:
    assert found_in({"zone": {}}) == ["dmarc.effective-policy"]


def test_every_rule_has_a_case() -> None:
    others = {rule for rule in MAIL_RULES if not rule.startswith(("spf.", "dkim."))}
    assert {path.stem for path in FILES} == others
