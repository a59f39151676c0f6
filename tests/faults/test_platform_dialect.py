"""Journey 1 against a sandbox that speaks the published API and nothing else."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from arena import Arena, arena
from voyage import JUMP, Voyage, told, voyage

from gctrust.pipelines.effects import (
    CertificateFiles,
    FindEmailDomain,
    ReadEmailDomain,
    RequiredRecord,
)
from gctrust.pipelines.orders import CustomDomainOrder, EmailDomainOrder
from gctrust.runner.runs import RunRow

LONG = pytest.mark.skipif(
    os.environ.get("GCTRUST_LONG") != "1", reason="takes seconds; GCTRUST_LONG=1 runs it"
)
DAY = 86_400.0
IN, OUT = "/api/v2/routing/email/domains", "/api/v2/routing/email/outbound/domains"
MAIL, BOUNCE, NEWS = "mail.demo.example", "bounce.mail.demo.example", "news.demo.example"
PUBLISHED = {"GCTRUST_DIALECT": "platform"}


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """Every answer has fields nobody knows."""
    home = tmp_path_factory.mktemp("published")
    (home / "seed.json").write_text(json.dumps({"hostile": {"strangeFields": 2}}))
    with arena(home, "--dialect", "platform", "--seed", str(home / "seed.json")) as made:
        yield made


@pytest.fixture
def house(organisation: Arena, tmp_path: Path) -> Arena:
    """The sandbox as it began, and a home without runs."""
    organisation.control("DELETE", "/faults")
    organisation.control("POST", "/reset", {})
    (tmp_path / "sandboxes").symlink_to(organisation.home / "sandboxes")
    return replace(organisation, home=tmp_path)


async def required(trip: Voyage, domain: str) -> tuple[RequiredRecord, ...]:
    """The records the platform asks for, read as the journey reads them."""
    found = await trip.app.perform(FindEmailDomain(domain))
    return (await trip.app.perform(ReadEmailDomain(found.id))).required if found.id else ()


def publish(house: Arena, records: tuple[RequiredRecord, ...]) -> None:
    rows = [{"name": r.name, "type": r.type, "value": r.value, "ttl": 60} for r in records]
    house.control("PUT", "/zones", {"records": rows})


async def until(
    trip: Voyage, run: str, stage: str = "no stage", *, jump: float = JUMP, seconds: float = 40.0
) -> RunRow:
    """Let the platform's time run on until the run is at the stage, or over."""
    end = time.monotonic() + seconds
    while (row := trip.runner.show(run)).status == "open" and row.stage != stage:
        assert time.monotonic() < end, (row.stage, row.note, row.waiting_for)
        await trip.pass_time(jump)
    return row


async def verified(
    trip: Voyage, order: EmailDomainOrder, without: tuple[str, ...] = ()
) -> tuple[RunRow, tuple[RequiredRecord, ...]]:
    """Order it, publish its records (but those of the names left out), see it to its end."""
    run = trip.runner.submit(order)
    assert (await until(trip, run, "dns")).status == "open", told(trip.runner.show(run))
    records = await required(trip, order.domain)
    publish(trip.house, tuple(r for r in records if f"{r.type} {r.name}" not in without))
    return await until(trip, run), records


def effects(house: Arena, method: str, path: str) -> int:
    return len(house.journal(method, path))


async def test_an_inbound_domain_with_its_mail_from(house: Arena) -> None:
    order = EmailDomainOrder(f"{MAIL}/mailfrom/{BOUNCE}", horizon=3 * DAY)
    async with voyage(house, **PUBLISHED) as trip:
        row, records = await verified(trip, order)
        entry = next(e for e in trip.app.ledger.entries(run=row.id) if "succeeded" in e.action)
    assert row.status == "succeeded", told(row)
    assert effects(house, "POST", IN) == 1
    assert effects(house, "POST", f"{IN}/{MAIL}/verification") == 0  # only what failed is restarted
    kinds = sorted((r.type, r.name.endswith(BOUNCE)) for r in records)
    assert kinds == [
        ("CNAME", False), ("CNAME", False), ("CNAME", False), ("MX", False), ("MX", True),
        ("TXT", False), ("TXT", True),
    ]  # fmt: skip
    assert row.end is not None
    assert row.end.summary["status"] == "verified"
    assert row.end.summary["domain"] == entry.entity == MAIL
    assert not any("MAIL FROM" in note for note in row.end.not_judged)


def calls(house: Arena, since: int = 0) -> list[str]:
    """ "METHOD path" of what was asked of the domains."""
    made = [f"{one['method']} {one['path']}" for one in house.control("GET", "/journal")]
    return [one for one in made[since:] if "/routing/email/" in one]


async def test_no_call_is_made_that_could_be_left_out(house: Arena) -> None:
    """docs/decisions/budget.md says what each is for."""
    async with voyage(house, **PUBLISHED) as trip:
        run = trip.runner.submit(EmailDomainOrder(MAIL, horizon=3 * DAY))
        await until(trip, run, "dns")
        told = [f"GET {IN}/{MAIL}", f"GET {OUT}/{MAIL}", f"POST {IN}"]
        both = [f"GET {IN}/{MAIL}/dkim", f"GET {IN}/{MAIL}/verification"]
        begun = calls(house)
        assert (begun[:3], sorted(begun[3:])) == (told, both)
        publish(house, await required(trip, MAIL))
        since = len(house.control("GET", "/journal"))
        assert (await until(trip, run)).status == "succeeded"
    rest = calls(house, since)
    assert rest.count(f"GET {IN}/{MAIL}") == 1
    assert [rest.count(one) for one in both] == [(len(rest) - 1) // 2] * 2


@LONG
async def test_without_a_mail_from_domain_spf_is_said_to_be_unjudged(house: Arena) -> None:
    async with voyage(house, **PUBLISHED) as trip:
        row, _ = await verified(trip, EmailDomainOrder(MAIL, horizon=3 * DAY))
    assert row.status == "succeeded", told(row)
    assert row.end is not None
    assert any("no MAIL FROM domain is set" in note for note in row.end.not_judged)
    assert not any(found.rule.startswith("spf.") for found in row.end.findings)


async def test_a_campaign_domain_is_provisioned_then_looked_at_when_asked(house: Arena) -> None:
    async with voyage(house, **PUBLISHED) as trip:
        row, records = await verified(trip, EmailDomainOrder(f"outbound/{NEWS}", horizon=3 * DAY))
    assert row.status == "succeeded", told(row)
    assert sorted(r.type for r in records) == ["CNAME", "TXT"]
    assert effects(house, "POST", OUT) == 1
    assert effects(house, "PUT", f"{OUT}/{NEWS}/activation") >= 1


async def test_a_domain_that_failed_is_restarted_with_a_new_horizon(house: Arena) -> None:
    """72 hours pass at the platform without records; the run has more time than that."""
    async with voyage(house, **PUBLISHED) as trip:
        run = trip.runner.submit(EmailDomainOrder(MAIL, horizon=30 * DAY))
        await until(trip, run, "dns")
        house.advance(3.1 * DAY)
        publish(house, ())
        failed = await trip.app.perform(ReadEmailDomain(f"inbound/{MAIL}"))
        failed = await trip.app.perform(ReadEmailDomain(f"inbound/{MAIL}"))
        assert failed.status == "failed"
        publish(house, failed.required)
        row = await until(trip, run)
    assert row.status == "succeeded", told(row)
    assert effects(house, "POST", f"{IN}/{MAIL}/verification") == 1
    assert effects(house, "POST", f"{IN}/{MAIL}/dkim") == 1


async def test_what_exists_is_adopted_and_made_once(house: Arena) -> None:
    """The answer to the creation is lost; then the new domain is refused as existing, and 404."""
    lost = {"kind": "lost", "name": "once", "method": "POST", "path": IN, "times": 1}
    house.faults(lost)
    async with voyage(house, **PUBLISHED) as trip:
        row, _ = await verified(trip, EmailDomainOrder(MAIL, horizon=3 * DAY))
    assert row.status == "succeeded", told(row)
    assert effects(house, "POST", IN) == 1
    assert house.fired() == [1]


async def test_everybodys_mail_stays_where_it_is(house: Arena) -> None:
    own = {"name": MAIL, "type": "MX", "value": "10 mx.corporate.example", "ttl": 60}
    house.control("PUT", "/zones", {"records": [own]})
    async with voyage(house, **PUBLISHED) as trip:
        row, records = await verified(
            trip, EmailDomainOrder(MAIL, horizon=3 * DAY), without=(f"MX {MAIL}",)
        )
    assert ("MX", MAIL) in {(r.type, r.name) for r in records}  # the platform asks for it
    assert row.status == "succeeded", told(row)
    assert row.end is not None
    assert "mx.corporate-mail" in {found.rule for found in row.end.findings}


@pytest.mark.parametrize(
    ("domain", "code"),
    [
        ("outbound/demo.example", "genesys.campaign-domain"),
        (f"{MAIL}/mailfrom/bounce.other.example", "genesys.mail-from"),
        (f"{MAIL}/mailfrom/{MAIL}", "genesys.mail-from"),
    ],
)
async def test_names_that_would_do_harm_are_refused_before_anything_is_made(
    house: Arena, domain: str, code: str
) -> None:
    async with voyage(house, **PUBLISHED) as trip:
        row = await until(trip, trip.runner.submit(EmailDomainOrder(domain)))
    assert row.problem is not None
    assert row.problem.code == code
    assert house.writes() == []


async def test_one_name_is_never_both_inbound_and_campaign(house: Arena) -> None:
    async with voyage(house, **PUBLISHED) as trip:
        await until(trip, trip.runner.submit(EmailDomainOrder(NEWS)), "dns")
        run = trip.runner.submit(EmailDomainOrder(f"outbound/{NEWS}"))
        row = await until(trip, run)
    assert row.problem is not None
    assert row.problem.code == "genesys.campaign-domain"
    assert effects(house, "POST", OUT) == 0


async def test_a_missing_permission_is_named(house: Arena) -> None:
    reader = {"id": "reader", "secret": "s", "permissions": ["routing:email:view"]}
    house.control("PUT", "/clients", reader)
    ids: dict[str, Any] = {"GENESYS_CLIENT_ID": "reader", "GENESYS_CLIENT_SECRET": "s"}
    async with voyage(house, **PUBLISHED, **ids) as trip:
        row = await until(trip, trip.runner.submit(EmailDomainOrder(MAIL)))
    assert row.problem is not None
    assert row.problem.code == "genesys.forbidden"
    assert row.problem.facts["permissions"] == ["routing:email:manage"]
    assert "routing:email:manage" in row.problem.next_step
    assert "s3" not in json.dumps(dict(row.problem.facts))
    assert house.writes()[0]["status"] == 403


@LONG
async def test_more_domains_than_the_organisation_may_have(house: Arena) -> None:
    async with voyage(house, **PUBLISHED) as trip:
        for name in ("one.demo.example", "two.demo.example"):
            await until(trip, trip.runner.submit(EmailDomainOrder(name)), "dns")
        run = trip.runner.submit(EmailDomainOrder("three.demo.example"))
        row = await until(trip, run)
    assert row.problem is not None
    assert row.problem.code == "genesys.limit-reached"


async def test_a_name_that_another_organisation_has_is_looked_for_and_never_made(
    house: Arena,
) -> None:
    taken = {"code": "postino.domain.exists", "message": "exists", "status": 400}
    rule = {"kind": "status", "status": 400, "method": "POST", "path": IN, "body": taken}
    house.faults(rule)
    async with voyage(house, **PUBLISHED) as trip:
        run = trip.runner.submit(EmailDomainOrder(MAIL, horizon=600.0))
        row = await until(trip, run, jump=300.0)
        assert "genesys.not-shown-yet" in trip.problems(run)
    assert row.problem is not None
    assert row.problem.code == "genesys.not-shown-yet"
    assert effects(house, "POST", IN) == 0


ONCE = {"times": 1}
FAULTS = [
    {"kind": "status", "status": 504, "path": f"{IN}/*", "method": "GET"},
    {"kind": "status", "status": 503, "path": IN, "method": "POST"},
    {"kind": "reset", "path": f"{IN}/*", "method": "GET"},
    {"kind": "malformed", "path": f"{IN}/*/dkim", "method": "GET"},
    {"kind": "truncate", "path": f"{IN}/*/verification", "method": "GET"},
    {
        "kind": "status", "status": 429, "path": f"{IN}/*", "method": "GET",
        "headers": {"Retry-After": "200"},
    },
    {
        "kind": "status", "status": 400, "path": "/oauth/token",
        "body": {"error": "invalid_request", "error_description": "rate limit exceeded; wait"},
    },
]  # fmt: skip


def named(fault: dict[str, Any]) -> str:
    return f"{fault['kind']} {fault.get('status', '')} {fault['path'].rpartition('/')[2]}"


@pytest.mark.parametrize(
    "fault",
    [*(pytest.param(one, marks=LONG) for one in FAULTS[:-1]), FAULTS[-1]],
    ids=[named(one) for one in FAULTS],
)
async def test_the_journey_gets_over_one_fault_and_makes_one_domain(
    house: Arena, fault: dict[str, object]
) -> None:
    house.faults(fault | ONCE)
    async with voyage(house, **PUBLISHED) as trip:
        row, _ = await verified(trip, EmailDomainOrder(MAIL, horizon=30 * DAY))
    assert row.status == "succeeded", told(row)
    assert effects(house, "POST", IN) == 1
    assert house.fired() == [1]


async def test_a_journey_without_an_endpoint_says_so_and_names_its_neighbours(
    house: Arena,
) -> None:
    made = house.issue("front", "www.demo.example", profile="server")
    files = CertificateFiles(made.certificate, made.key)
    order = CustomDomainOrder("www.demo.example", files, profile="private")
    async with voyage(house, **PUBLISHED) as trip:
        row = await until(trip, trip.runner.submit(order))
    assert row.problem is not None
    assert row.problem.code == "genesys.not-in-dialect"
    assert "/api/v2/identityproviders" in row.problem.next_step
    assert house.writes() == []
