"""Inbound email domains of the published dialect, verified in the sandbox's own DNS."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dns.message
import dns.query
import httpx2
import pytest

from .conftest import Sandbox

DOMAINS = "/api/v2/routing/email/domains"
NAME = "mail.example.com"
ONE = f"{DOMAINS}/{NAME}"
HOURS = 3600


def create(sandbox: Sandbox, name: str = NAME, **fields: object) -> None:
    made = sandbox.call("POST", DOMAINS, {"id": name, **fields})
    assert made.status_code == 200, made.text
    sandbox.advance(4)


def get(sandbox: Sandbox, path: str) -> Any:
    answer = sandbox.call("GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def status_after(sandbox: Sandbox, path: str, seconds: float = 6) -> str:
    """The status once a verdict just reached has been hidden from one read."""
    sandbox.advance(seconds)
    get(sandbox, path)
    return str(get(sandbox, path)["status"])


def test_a_new_domain_is_refused_again_before_it_can_be_read(sandbox: Sandbox) -> None:
    sandbox.control("POST", "/clock", {"freeze": True})
    assert sandbox.call("POST", DOMAINS, {"id": NAME}).status_code == 200
    again = sandbox.call("POST", DOMAINS, {"id": NAME.upper()})
    assert (again.status_code, again.json()["code"]) == (400, "postino.domain.exists")
    unseen = sandbox.call("GET", ONE)
    assert (unseen.status_code, unseen.json()["code"]) == (404, "postino.error.not.found")
    sandbox.advance(1.5)
    assert sandbox.call("GET", ONE).status_code == 200
    assert get(sandbox, DOMAINS)["total"] == 0
    sandbox.advance(2)
    assert [one["id"] for one in get(sandbox, DOMAINS)["entities"]] == [NAME]


def test_of_simultaneous_creations_one_wins(sandbox: Sandbox) -> None:
    token = sandbox.token()

    def once(_: int) -> int:
        return sandbox.call("POST", DOMAINS, {"id": NAME}, token).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(once, range(6))) == [200, *[400] * 5]
    assert sandbox.effects("POST", DOMAINS) == 1


def test_an_answer_lost_is_a_domain_made(sandbox: Sandbox) -> None:
    lost = {"kind": "lost", "method": "POST", "path": DOMAINS, "times": 1}
    sandbox.control("PUT", "/faults", [lost])
    with pytest.raises(httpx2.TransportError):
        sandbox.call("POST", DOMAINS, {"id": NAME})
    again = sandbox.call("POST", DOMAINS, {"id": NAME})
    assert again.json()["code"] == "postino.domain.exists"
    sandbox.advance(4)
    assert sandbox.call("GET", ONE).status_code == 200


def test_a_stale_read_is_of_the_past(sandbox: Sandbox) -> None:
    create(sandbox)
    sandbox.call("PATCH", ONE, {"mailFromSettings": {"mailFromDomain": f"b.{NAME}"}})
    sandbox.control("PUT", "/faults", [{"kind": "stale", "method": "GET", "times": 1}])
    assert "mailFromSettings" not in get(sandbox, ONE)
    assert "mailFromSettings" in get(sandbox, ONE)


def test_a_deleted_domain_goes_slowly(sandbox: Sandbox) -> None:
    create(sandbox)
    sandbox.control("POST", "/clock", {"freeze": True})
    assert sandbox.call("DELETE", ONE).status_code == 200
    assert sandbox.call("GET", ONE).status_code == 200
    assert sandbox.call("DELETE", ONE).json()["code"] == "postino.domain.not.found"
    assert sandbox.call("POST", f"{ONE}/dkim").status_code == 404
    assert sandbox.call("POST", DOMAINS, {"id": NAME}).json()["code"] == "postino.domain.exists"
    sandbox.advance(2.5)
    assert sandbox.call("GET", ONE).status_code == 404
    assert sandbox.call("POST", DOMAINS, {"id": NAME}).status_code == 200


def test_each_check_is_verified_by_its_own_records(sandbox: Sandbox) -> None:
    create(sandbox)
    token = {"mailFromDomain": f"bounce.{NAME}"}
    assert sandbox.call("POST", f"{ONE}/mailfrom", token).json()["status"] == "PENDING"
    for check in ("verification", "dkim", "mailfrom"):
        path = f"{ONE}/{check}"
        assert status_after(sandbox, path) == "PENDING"
        sandbox.publish(get(sandbox, path)["records"])
        assert status_after(sandbox, path) == "VERIFIED"
    assert get(sandbox, ONE)["mailFromSettings"]["status"] == "VERIFIED"


def test_what_is_asked_for_has_the_shapes_of_ses(sandbox: Sandbox) -> None:
    create(sandbox)
    ownership, mx = get(sandbox, f"{ONE}/verification")["records"]
    assert (ownership["type"], ownership["name"]) == ("TXT", f"_amazonses.{NAME}")
    assert (mx["type"], mx["value"]) == ("MX", "10 inbound-smtp.us-east-1.amazonaws.com")
    keys = get(sandbox, f"{ONE}/dkim")["records"]
    assert [one["type"] for one in keys] == ["CNAME"] * 3
    for one in keys:
        token = one["name"].partition(".")[0]
        assert one["name"] == f"{token}._domainkey.{NAME}"
        assert one["value"] == f"{token}.dkim.amazonses.com"
    sandbox.publish(keys)
    host, _, port = sandbox.addresses["nameservers"][0].partition("#")
    query = dns.message.make_query(keys[0]["name"], "TXT")
    answer = dns.query.udp_with_fallback(query, host, 2, int(port))[0]
    assert "v=DKIM1; k=rsa; p=" in str(answer.answer)  # the vendor's side of the CNAME


def test_a_verdict_just_reached_is_read_late(sandbox: Sandbox) -> None:
    create(sandbox)
    path = f"{ONE}/verification"
    sandbox.publish(get(sandbox, path)["records"])
    sandbox.advance(6)
    assert [get(sandbox, path)["status"] for _ in range(2)] == ["PENDING", "VERIFIED"]


def test_after_72_hours_only_a_restart_helps(sandbox: Sandbox) -> None:
    create(sandbox)
    path = f"{ONE}/dkim"
    assert status_after(sandbox, path, 71 * HOURS) == "PENDING"
    assert status_after(sandbox, path, 2 * HOURS) == "FAILED"
    sandbox.publish(get(sandbox, path)["records"])
    assert status_after(sandbox, path) == "FAILED"
    assert sandbox.call("POST", path).json()["status"] == "PENDING"
    assert status_after(sandbox, path) == "VERIFIED"
    assert sandbox.call("POST", path).json()["status"] == "VERIFIED"


def test_the_mail_from_domain_is_a_sub_domain(sandbox: Sandbox) -> None:
    create(sandbox)
    path = f"{ONE}/mailfrom"
    assert sandbox.call("GET", path).json()["code"] == "email.domain.mailfrom.notfound"
    for wrong in ("bounce.example.com", NAME, f"x{NAME}", "-"):
        refused = sandbox.call("POST", path, {"mailFromDomain": wrong})
        assert refused.json()["code"] == "postino.invalid.domain.name", wrong
    by_patch = sandbox.call("PATCH", ONE, {"mailFromSettings": {"mailFromDomain": f"b.{NAME}"}})
    mx, spf = by_patch.json()["mailFromSettings"]["records"]
    assert (mx["type"], spf["value"]) == ("MX", "v=spf1 include:amazonses.com ~all")
    sandbox.publish([mx])  # SES asks for the MX record alone
    assert status_after(sandbox, path) == "VERIFIED"


def test_a_sub_domain_of_the_region_needs_no_record(sandbox: Sandbox) -> None:
    create(sandbox, "ours", subDomain=True)
    root = get(sandbox, "/api/v2/routing/email/setup")["rootDomain"]
    path = f"{DOMAINS}/ours.{root}"
    assert get(sandbox, path)["subDomain"] is True
    for check in ("verification", "dkim"):
        assert get(sandbox, f"{path}/{check}") == {"status": "VERIFIED", "records": []}
    refused = sandbox.call("POST", f"{path}/mailfrom", {"mailFromDomain": f"b.ours.{root}"})
    assert refused.status_code == 400


def test_an_organisation_has_two_domains(sandbox: Sandbox) -> None:
    for name in ("a.example.com", "b.example.com"):
        create(sandbox, name)
    refused = sandbox.call("POST", DOMAINS, {"id": "c.example.com"}).json()
    assert refused["code"] == "postino.max.domains.exceeded"
    assert refused["limit"] == {"key": "domains.count", "namespace": "email", "value": 2}


@pytest.mark.parametrize(
    ("owner", "value", "status", "policy"),
    [
        (f"_dmarc.{NAME}", "v=DMARC1; p=reject", "Valid", "reject"),
        ("_dmarc.example.com", "v=DMARC1; p=none", "Valid", "none"),
        (f"_dmarc.{NAME}", "v=DMARC1; p=maybe", "Invalid", "unknown"),
        (f"_dmarc.{NAME}", "v=spf1 -all", "NotPresent", "unknown"),
    ],
)
def test_dmarc_is_told(sandbox: Sandbox, owner: str, value: str, status: str, policy: str) -> None:
    create(sandbox)
    sandbox.publish([{"name": owner, "type": "TXT", "value": value}])
    seen = get(sandbox, ONE)["dmarcVerificationResult"]
    assert (seen["status"], seen["detectedPolicy"]) == (status, policy)
    assert bool(seen["records"]) == (status != "Valid")


def test_the_mx_status_follows_dns(sandbox: Sandbox) -> None:
    create(sandbox)
    seen = [get(sandbox, ONE)["mxRecordStatus"]]
    for host in ("mx.corporate.example", "inbound-smtp.us-east-1.amazonaws.com"):
        sandbox.publish([{"name": NAME, "type": "MX", "value": f"10 {host}."}])
        sandbox.advance(6)
        seen.append(get(sandbox, ONE)["mxRecordStatus"])
    assert seen == ["NOT_AVAILABLE", "INVALID", "VALID"]
    assert "mxRecordStatus" not in get(sandbox, f"{DOMAINS}?excludeStatus=true")["entities"][0]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"id": NAME, "domain": "x"}, "invalid.property", "domain"),
        ({}, "constraint.validation", "id"),
        ({"id": 1}, "bad.request", "id"),
        ({"id": NAME, "subDomain": "yes"}, "bad.request", "subDomain"),
        ({"id": NAME, "mailFromSettings": {}}, "constraint.validation",
         "mailFromSettings.mailFromDomain"),
        ({"id": "-.example"}, "postino.invalid.domain.name", None),
        ({"id": NAME, "customSMTPServer": {"id": "none"}}, "email.error.invalid.integration", None),
        ({"id": NAME, "emailSetting": {"id": "none"}}, "email.error.settings.not.found", None),
    ],
)  # fmt: skip
def test_a_wrong_body_is_refused_in_the_published_form(
    sandbox: Sandbox, body: dict[str, Any], code: str, field: str | None
) -> None:
    refused = sandbox.call("POST", DOMAINS, body)
    told = refused.json()
    assert (told["code"], told["status"]) == (code, refused.status_code)
    assert told["contextId"] == refused.headers["ININ-Correlation-Id"]
    named = [detail["fieldName"] for detail in told["details"] if "fieldName" in detail]
    assert named == ([field] if field else [])
    for name, value in told["messageParams"].items():
        assert f"{{{name}}}" in told["messageWithParams"]
        assert value in told["message"]
    assert sandbox.effects("POST", DOMAINS) == 0


def test_query_parameters_are_checked(sandbox: Sandbox) -> None:
    for query, code in {
        "pageSize=0": "invalid.query.param.value",
        "pageSize=101": "invalid.query.param.value",
        "expand=all": "invalid.query.param.value",
        "page=1": "bad.request",
        "filter=a&filter=b": "bad.request",
    }.items():
        refused = sandbox.call("GET", f"{DOMAINS}?{query}")
        assert (refused.status_code, refused.json()["code"]) == (400, code), query
