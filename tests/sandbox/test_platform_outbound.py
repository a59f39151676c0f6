"""Campaign domains of the published dialect, their two enumerations, and pages by number."""

from __future__ import annotations

from typing import Any

from .conftest import Sandbox

DOMAINS = "/api/v2/routing/email/outbound/domains"
INBOUND = "/api/v2/routing/email/domains"
NAME = "news.example.com"
ONE = f"{DOMAINS}/{NAME}"


def create(sandbox: Sandbox, name: str = NAME, path: str = DOMAINS) -> dict[str, Any]:
    made = sandbox.call("POST", path, {"id": name, "name": name})
    assert made.status_code == 202, made.text
    return dict(made.json())


def publish(sandbox: Sandbox, told: dict[str, Any]) -> None:
    bounce, key = told["dnsCnameBounceRecord"], told["dnsTxtSendingRecord"]
    records = [
        {"name": bounce["host"], "type": "CNAME", "value": bounce["recordContents"]},
        {"name": key["host"], "type": "TXT", "value": key["recordContents"]},
    ]
    sandbox.publish(records)


def shown(told: dict[str, Any]) -> tuple[str, str]:
    return (
        told["dnsCnameBounceRecord"]["verificationStatus"],
        told["dnsTxtSendingRecord"]["verificationStatus"],
    )


def test_activation_is_asked_for_and_looks_at_dns(sandbox: Sandbox) -> None:
    made = create(sandbox)
    assert made["senderStatus"] == "RequestReceived"
    assert shown(made) == ("Pending", "Pending")
    sandbox.advance(3)
    waiting = sandbox.call("GET", f"{ONE}/activation").json()
    assert waiting["senderStatus"] == "ProvisionRequestSentVendor"
    early = sandbox.call("PUT", f"{ONE}/activation")
    assert (early.status_code, early.json()["code"]) == (400, "postino.invalid.domain.activation")
    sandbox.advance(3)
    publish(sandbox, made)
    assert shown(sandbox.call("GET", f"{ONE}/activation").json()) == ("Pending", "Pending")
    done = sandbox.call("PUT", f"{ONE}/activation").json()
    assert (shown(done), done["senderStatus"]) == (("Verified", "Verified"), "Provisioned")
    one = sandbox.call("GET", ONE).json()
    assert one["cnameVerificationResult"]["status"] == "VERIFIED"
    assert one["dkimVerificationResult"]["records"][0]["type"] == "TXT"


def test_another_key_or_another_target_is_not_enough(sandbox: Sandbox) -> None:
    made = create(sandbox)
    made["dnsTxtSendingRecord"]["recordContents"] = "v=DKIM1; k=rsa; p=AAAA"
    sandbox.advance(6)
    publish(sandbox, made)
    assert shown(sandbox.call("PUT", f"{ONE}/activation").json()) == ("Verified", "Pending")


def test_it_fails_after_72_hours_and_restarts(sandbox: Sandbox) -> None:
    made = create(sandbox)
    sandbox.advance(73 * 3600)
    assert shown(sandbox.call("PUT", f"{ONE}/activation").json()) == ("Failed", "Failed")
    assert sandbox.call("GET", ONE).json()["dkimVerificationResult"]["status"] == "FAILED"
    assert shown(sandbox.call("PUT", f"{ONE}/activation").json()) == ("Pending", "Pending")
    publish(sandbox, made)
    assert shown(sandbox.call("PUT", f"{ONE}/activation").json()) == ("Verified", "Verified")


def test_which_names_are_refused(sandbox: Sandbox) -> None:
    sandbox.call("POST", INBOUND, {"id": "mail.example.com"})
    create(sandbox)
    for name, code in {
        "example.com": "postino.invalid.domain.name",
        "co.uk": "postino.invalid.domain.name",
        "mail.example.com": "postino.domain.exists",
        NAME: "postino.domain.exists",
    }.items():
        refused = sandbox.call("POST", DOMAINS, {"id": name, "name": name})
        assert (refused.status_code, refused.json()["code"]) == (400, code), name
    taken = sandbox.call("POST", INBOUND, {"id": NAME}).json()
    assert taken["code"] == "postino.domain.exists"


def test_a_simulated_domain_is_active_at_once(sandbox: Sandbox) -> None:
    made = create(sandbox, path=f"{DOMAINS}/simulated")
    assert (shown(made), made["senderType"]) == (("Verified", "Verified"), "MockEmailDomain")


def test_it_is_deleted_slowly_and_says_so(sandbox: Sandbox) -> None:
    create(sandbox)
    sandbox.advance(4)
    sandbox.control("POST", "/clock", {"freeze": True})
    assert sandbox.call("DELETE", ONE).status_code == 204
    leaving = sandbox.call("GET", f"{ONE}/activation").json()
    assert leaving["senderStatus"] == "Deprovisioned"
    sandbox.advance(3)
    assert sandbox.call("GET", ONE).status_code == 404


def test_pages_lead_to_one_another(sandbox: Sandbox) -> None:
    names = [f"news{n}.example.com" for n in range(5)]
    for name in names:
        create(sandbox, name, f"{DOMAINS}/simulated")
    sandbox.advance(4)
    page = sandbox.call("GET", f"{DOMAINS}?pageSize=2&filter=news").json()
    assert (page["total"], page["pageCount"], page["pageNumber"]) == (5, 3, 1)
    assert "previousUri" not in page
    seen = [one["id"] for one in page["entities"]]
    while "nextUri" in page:
        page = sandbox.call("GET", page["nextUri"]).json()
        seen += [one["id"] for one in page["entities"]]
    assert seen == names
    assert page["selfUri"] == page["lastUri"]
    back = sandbox.call("GET", page["previousUri"]).json()
    assert [one["id"] for one in back["entities"]] == names[2:4]
    beyond = sandbox.call("GET", f"{DOMAINS}?pageSize=2&pageNumber=9").json()
    assert beyond["entities"] == []
