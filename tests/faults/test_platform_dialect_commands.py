"""`gctrust domain` and `gctrust doctor` on the published API, as a user types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from arena import Arena, arena

MAIL, NEWS = "mail.demo.example", "news.demo.example"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with arena(tmp_path_factory.mktemp("published"), "--dialect", "platform") as made:
        yield made


def gctrust(house: Arena, command: str, **more: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("GENESYS", "GCTRUST"))}
    environ = clean | {
        "HOME": str(house.home),
        "GCTRUST_HOME": str(house.home),
        "GCTRUST_DIALECT": "platform",
        "GENESYS_ENV_URL": house.addresses["api"],
        "GENESYS_CLIENT_ID": house.addresses["client_id"],
        "GENESYS_CLIENT_SECRET": house.addresses["client_secret"],
    }
    done = subprocess.run(
        [sys.executable, "-m", "gctrust", *command.split()],
        env=environ | more, capture_output=True, text=True, timeout=60, cwd=house.home,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done


def test_the_plan_says_what_will_be_registered(house: Arena) -> None:
    campaign = gctrust(house, f"domain verify {NEWS} --outbound")
    assert campaign.returncode == 11
    assert f"register for campaigns {NEWS}" in campaign.stdout
    assert f"gctrust domain verify {NEWS} --outbound --yes" in campaign.stdout
    bounce = gctrust(house, f"domain verify {MAIL} --mail-from bounce.{MAIL}").stdout
    assert f"set its MAIL FROM domain to bounce.{MAIL}" in bounce
    assert house.writes() == []


@pytest.mark.parametrize(
    ("command", "dialect", "code", "said"),
    [
        ("domain verify demo.example --outbound --yes", "platform", 2, "no sub-domain"),
        (f"domain verify {MAIL} --mail-from {MAIL} --yes", "platform", 2, "no sub-domain"),
        (f"domain verify {NEWS} --outbound --yes", "guide", 2, "GCTRUST_DIALECT=platform"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_ordered(
    house: Arena, command: str, dialect: str, code: int, said: str
) -> None:
    done = gctrust(house, command, GCTRUST_DIALECT=dialect)
    assert done.returncode == code
    assert said in done.stderr
    assert house.writes() == []


def test_a_campaign_domain_is_ordered_shown_and_listed(house: Arena) -> None:
    ordered = gctrust(house, f"domain verify {NEWS} --outbound --yes --wait 2")
    assert ordered.returncode == 8, ordered.stderr
    records = gctrust(house, f"domain records {NEWS} --outbound --format zone").stdout
    assert f"bounces.{NEWS}" in records
    assert "CNAME" in records
    status = json.loads(gctrust(house, f"domain status {NEWS} --outbound --json").stdout)
    assert status["status"] == "pending"
    assert "bounce CNAME Pending" in status["said"]
    assert status["dns"] is not None
    absent = json.loads(gctrust(house, f"domain status {NEWS} --json").stdout)
    assert absent["status"] == "not-registered"  # as an inbound domain
    house.advance(60)  # a list lags behind what was made
    elsewhere = str(house.home / "elsewhere")  # a machine that has ordered nothing
    for home, run in ((str(house.home), "open"), (elsewhere, "none")):
        told = json.loads(gctrust(house, f"domain list --json --home {home}").stdout)["domains"]
        assert told == [{"domain": f"outbound/{NEWS}", "run": run, "platform": "pending"}]
    hidden = f"/api/v2/routing/email/outbound/domains/{NEWS}/activation"
    house.faults({"kind": "status", "status": 404, "path": hidden})
    told = json.loads(gctrust(house, "domain list --json").stdout)["domains"]
    house.faults()
    assert [one["platform"] for one in told] == ["not-shown"]


def test_records_leave_everybodys_mail_alone(house: Arena) -> None:
    own = {"name": MAIL, "type": "MX", "value": "10 mx.corporate.example", "ttl": 60}
    house.control("PUT", "/zones", {"records": [own]})
    gctrust(house, f"domain verify {MAIL} --yes --wait 2")
    shown = gctrust(house, f"domain records {MAIL} --format zone")
    assert "_amazonses" in shown.stdout
    assert "inbound-smtp" not in shown.stdout
    assert "mx.corporate.example" in shown.stderr


@pytest.mark.skipif(os.environ.get("GCTRUST_LONG") != "1", reason="GCTRUST_LONG=1 runs it")
def test_a_test_connection_is_told_in_plain_words(house: Arena) -> None:
    gctrust(house, f"domain verify {MAIL} --yes --wait 2")
    house.advance(60)
    told = gctrust(house, f"domain test {MAIL} --json")
    assert told.returncode == 10
    assert json.loads(told.stdout)["code"] == "email.error.integration.connection"
    assert "not verified to send yet" in json.loads(told.stdout)["said"]
    sends = f"domain test {MAIL} --from a@{MAIL} --to b@demo.example"
    before = len(house.writes())
    assert gctrust(house, sends).returncode == 11
    assert len(house.writes()) == before
    assert gctrust(house, f"domain test {MAIL} --to b").returncode == 2
    assert gctrust(house, f"domain test {MAIL}", GCTRUST_DIALECT="guide").returncode == 2


@pytest.mark.skipif(os.environ.get("GCTRUST_LONG") != "1", reason="GCTRUST_LONG=1 runs it")
def test_the_published_commands_plan_before_they_act(house: Arena) -> None:
    before = len([w for w in house.writes() if "details" not in w["path"]])
    root = house.addresses["roots"]
    plan = gctrust(house, f"tls rotate edges --cert {root} --name sbc --json")
    assert plan.returncode == 11, plan.stderr
    assert json.loads(plan.stdout)["findings"] == []
    assert gctrust(house, f"tls rotate nobody --cert {root}").returncode == 2
    assert gctrust(house, "tls trusted").returncode == 0
    watch = gctrust(house, "pins watch --bundle t.pem --pins p.txt --reload nonsense")
    assert watch.returncode == 2
    assert "JSON list" in watch.stderr
    pair = house.issue("www", "www.demo.example", profile="server")
    files = f"--cert {pair.certificate} --key {pair.key} --profile private"
    deploy = gctrust(house, f"tls deploy www.demo.example {files}")
    assert deploy.returncode == 2
    assert "GCTRUST_FRONT_CERTIFICATE" in deploy.stderr + deploy.stdout
    secret = gctrust(house, f"secret status {house.addresses['client_id']} --json")
    assert json.loads(secret.stdout)["state"] == "active"
    assert len([w for w in house.writes() if "details" not in w["path"]]) == before


def lines_of(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, str]]:
    return {line["what"]: line for line in json.loads(done.stdout)["lines"]}


def test_the_doctor_tells_rights_limits_and_dialect(house: Arena) -> None:
    done = gctrust(house, "doctor --json")
    lines = lines_of(done)
    assert {line["verdict"] for line in lines.values()} == {"ok"}, lines
    assert "routing:email:manage" in lines["scopes"]["seen"]
    assert "Email Administrator" in lines["scopes"]["seen"]
    assert "in the organisation 'Sandbox'" in lines["credentials"]["seen"]
    assert "outbound.domains.count 15" in lines["budget"]["seen"]
    assert lines["dialect"]["seen"].startswith("platform (GET ")
    other = lines_of(gctrust(house, "doctor --json", GCTRUST_DIALECT="guide"))
    assert "GCTRUST_DIALECT=platform" in other["dialect"]["fix"]


def test_the_doctor_names_the_role_that_is_missing(house: Arena) -> None:
    reader = {"id": "reader", "secret": "s", "permissions": ["routing:email:view"], "roles": []}
    house.control("PUT", "/clients", reader | {"roles": ["API Client Admin"]})
    done = gctrust(house, "doctor --json", GENESYS_CLIENT_ID="reader", GENESYS_CLIENT_SECRET="s")
    assert done.returncode == 4
    scopes = lines_of(done)["scopes"]
    assert scopes["code"] == "genesys.forbidden"
    for permission in ("routing:email:manage", "integrations:actionCertificate:view"):
        assert permission in scopes["fix"]


@pytest.mark.skipif(os.environ.get("GCTRUST_LONG") != "1", reason="GCTRUST_LONG=1 runs it")
@pytest.mark.parametrize(
    ("rule", "secret", "what", "fix", "code"),
    [
        (None, "wrong", "credentials", "Check the client id", 4),
        ({"kind": "skew", "skew": 300, "path": "/api/*"}, "", "clock", "NTP", 10),
        (
            {"kind": "status", "status": 429, "path": "/api/v2/organizations/*",
             "headers": {"Retry-After": "600"}},
            "", "budget", "Wait", 1,
        ),
    ],
)  # fmt: skip
def test_the_doctor_has_the_right_line_and_fix(
    house: Arena, rule: dict[str, object] | None, secret: str, what: str, fix: str, code: int
) -> None:
    house.faults(*([rule] if rule else []))
    wrong = {"GENESYS_CLIENT_SECRET": secret} if secret else {}
    done = gctrust(house, "doctor --json", **wrong)
    house.faults()
    bad = [line for line in lines_of(done).values() if line["verdict"] == "problem"]
    assert [line["what"] for line in bad] == [what]
    assert fix in bad[0]["fix"]
    assert done.returncode == code
