"""`gctrust doctor` against a real sandbox: each trouble is on its own line, with its fix."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gctrust.adapters.genesys.dialects import PLATFORM
from gctrust.adapters.genesys.inquiry import GUIDE_PATHS, PUBLISHED_PATHS, Seen, dialect_of, skew
from gctrust.app import build_app
from gctrust.cli.doctor import Line, diagnose
from gctrust.settings import load_settings

READER = {"id": "reader", "secret": "reads", "scopes": ["customdomain:read"]}
ORDER = [
    "python", "store", "dns", "ca bundle", "region", "clock", "credentials", "budget", "dialect",
    "scopes",
]  # fmt: skip


@dataclass
class Ward:
    """A sandbox, its home, and a doctor who can be called with other settings."""

    home: Path
    addresses: dict[str, Any]
    dialect: str = "guide"

    def control(self, method: str, path: str, body: object = None) -> None:
        with httpx2.Client(trust_env=False) as http:
            answer = http.request(method, self.addresses["control"] + path, json=body)
        assert answer.status_code < 300, answer.text

    def environment(self) -> dict[str, str]:
        return {
            "GCTRUST_HOME": str(self.home),
            "GENESYS_ENV_URL": self.addresses["api"],
            "GENESYS_CLIENT_ID": self.addresses["client_id"],
            "GENESYS_CLIENT_SECRET": self.addresses["client_secret"],
        }

    async def doctor(self, **settings: str) -> tuple[int, dict[str, Line]]:
        environ = self.environment() | settings
        async with build_app(load_settings({}, environ, self.home, self.home)) as app:
            diagnosis, code = await diagnose(app)
        lines = {line.what: line for line in diagnosis.lines}
        assert list(lines) == ORDER
        return code, lines

    def command(self, *tokens: str, **settings: str) -> tuple[int, str]:
        done = self.gctrust("doctor", *tokens, **settings)
        return done.returncode, done.stdout

    def gctrust(self, line: str, *more: str, **settings: str) -> subprocess.CompletedProcess[str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("GENESYS", "GCTRUST"))}
        done = subprocess.run(
            [sys.executable, "-m", "gctrust", *line.split(), *more],
            env={**clean, **self.environment(), "HOME": str(self.home), **settings},
            capture_output=True, text=True, timeout=60, cwd=self.home,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        assert self.addresses["client_secret"] not in done.stdout + done.stderr
        return done

    def changes(self) -> list[str]:
        """ "METHOD path" of every request that changed something."""
        with httpx2.Client(trust_env=False) as http:
            journal = http.get(self.addresses["control"] + "/journal").json()
        return [f"{one['method']} {one['path']}" for one in journal if one["effect"]]


@contextmanager
def opened(home: Path, *arguments: str, dialect: str = "guide") -> Iterator[Ward]:
    process = subprocess.Popen(
        [sys.executable, "-m", "gctrust.sandbox", "--home", str(home), *arguments],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    yield Ward(home, json.loads(process.stdout.readline())["addresses"], dialect)
    process.terminate()
    assert process.wait(10) == 0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    with opened(tmp_path_factory.mktemp("home"), "--clock-rate", "50") as ward:
        yield ward


@pytest.fixture(scope="module", params=["guide", "platform"])
def one_dialect(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Ward]:
    """A sandbox that has the calls of one dialect only."""
    home, dialect = tmp_path_factory.mktemp("home"), request.param
    with opened(home, "--dialect", dialect, dialect=dialect) as ward:
        yield ward


@pytest.fixture
def either(one_dialect: Ward) -> Ward:
    one_dialect.control("POST", "/reset")
    return one_dialect


@pytest.fixture
def ward(running: Ward) -> Ward:
    running.control("POST", "/reset")
    return running


def only_problem(lines: dict[str, Line]) -> Line:
    (bad,) = [line for line in lines.values() if line.verdict == "problem"]
    return bad


async def test_all_is_well_on_a_sandbox_whose_clock_runs_fast(ward: Ward) -> None:
    ward.control("POST", "/clock", {"advance": 1_000_000})  # followed, so no skew
    code, lines = await ward.doctor()
    assert {line.verdict for line in lines.values()} == {"ok"}
    assert code == 0
    assert lines["dialect"].seen.startswith("guide (GET ")
    assert "sandbox's own clock" in lines["clock"].seen
    assert "of 300 requests used" in lines["budget"].seen


def test_text_has_each_fix_under_its_line(ward: Ward) -> None:
    code, text = ward.command("--quiet", GENESYS_CLIENT_SECRET="wrong")
    assert code == 4
    lines = text.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("problem  credentials:"))
    assert lines[at + 1].startswith("         fix: Check the client id, the secret and the region")


async def test_wrong_credentials(ward: Ward) -> None:
    code, lines = await ward.doctor(GENESYS_CLIENT_SECRET="wrong")
    bad = only_problem(lines)
    assert (bad.what, bad.code) == ("credentials", "genesys.bad-credentials")
    assert "gctrust config show --origin" in bad.fix
    assert lines["dialect"].verdict == lines["scopes"].verdict == "skipped"
    assert code == 4


async def test_no_credentials_and_no_platform_are_no_problem(ward: Ward) -> None:
    code, lines = await ward.doctor(GENESYS_CLIENT_SECRET="")
    assert lines["credentials"].verdict == "skipped"
    assert "GENESYS_CLIENT_SECRET" in lines["credentials"].fix
    assert lines["clock"].verdict == "ok"
    assert code == 0
    code, lines = await ward.doctor(GENESYS_ENV_URL="", GCTRUST_NAMESERVERS=servers(ward))
    assert lines["region"].verdict == lines["clock"].verdict == "skipped"
    assert code == 0


def servers(ward: Ward) -> str:
    return " ".join(ward.addresses["nameservers"])


async def test_a_missing_scope_is_named(ward: Ward) -> None:
    ward.control("PUT", "/clients", READER)
    code, lines = await ward.doctor(GENESYS_CLIENT_ID="reader", GENESYS_CLIENT_SECRET="reads")
    scopes = lines["scopes"]
    assert scopes.code == "genesys.missing-scope"
    assert "organization:emaildomain:write" in scopes.fix
    assert "customdomain:read" not in scopes.fix
    assert lines["dialect"].seen.startswith("guide (")  # 403 shows that the route is there
    assert code == 4


@pytest.mark.parametrize(("seconds", "word"), [(-120, "ahead of"), (120, "behind")])
async def test_a_skewed_clock(ward: Ward, seconds: int, word: str) -> None:
    ward.control("PUT", "/faults", [{"kind": "skew", "skew": seconds, "path": "/api/*"}])
    code, lines = await ward.doctor()
    bad = only_problem(lines)
    assert bad.what == "clock"
    assert word in bad.seen
    told = int(bad.seen.partition(" is ")[2].split()[0])
    assert 50 < told <= 121  # a round trip takes virtual seconds at this rate
    assert "NTP" in bad.fix
    assert code == 10


async def test_a_small_skew_is_none(ward: Ward) -> None:
    ward.control("PUT", "/faults", [{"kind": "skew", "skew": 20}])
    assert (await ward.doctor())[1]["clock"].verdict == "ok"


async def test_throttled(ward: Ward) -> None:
    rule = {"kind": "status", "status": 429, "path": "/api/v2/*domains*", "delay": 0,
            "headers": {"Retry-After": "600"}}  # fmt: skip
    ward.control("PUT", "/faults", [rule])
    code, lines = await ward.doctor()
    bad = only_problem(lines)
    assert (bad.what, bad.code) == ("budget", "genesys.rate-limited")
    assert bad.fix.startswith("Wait")
    assert lines["dialect"].verdict == "skipped"
    assert code == 1


async def test_a_dead_dns_server_is_named(ward: Ward) -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as silent:
        silent.bind(("127.0.0.1", 0))  # takes questions, gives no answer, and listens on no TCP
        dead = f"127.0.0.1#{silent.getsockname()[1]}"
        code, lines = await ward.doctor(GCTRUST_NAMESERVERS=f"{servers(ward)} {dead}")
    bad = only_problem(lines)
    assert bad.what == "dns"
    assert f"{dead} over UDP: no answer in 2 s" in bad.seen
    assert f"{dead} over TCP: connection refused" in bad.seen
    assert f"Check that {dead} runs" in bad.fix
    assert servers(ward).split()[0] not in bad.fix
    assert code == 10


async def test_a_server_that_fails_is_told_from_a_silent_one(ward: Ward) -> None:
    trouble = {"name": "genesyscloud.com", "kind": "servfail", "server": 0}
    ward.control("PUT", "/zones/trouble", trouble)
    bad = only_problem((await ward.doctor())[1])
    first = ward.addresses["nameservers"][0]
    assert f"{first} over TCP: SERVFAIL" in bad.seen
    assert f"{first} refuses or fails" in bad.fix


async def test_a_published_organisation_is_told_from_the_guides(ward: Ward) -> None:
    absent = [{"kind": "status", "status": 404, "path": path} for path in GUIDE_PATHS]
    there: list[dict[str, object]] = [
        {"kind": "status", "status": 200, "path": path, "body": {}} for path in PUBLISHED_PATHS
    ]
    ward.control("PUT", "/faults", absent + there)
    code, lines = await ward.doctor()
    bad = only_problem(lines)
    assert bad.what == "dialect"
    assert bad.seen.startswith("platform, and guide is set")
    assert f"GET {GUIDE_PATHS[0]} 404 not.found; " in bad.seen
    assert "sandbox-fidelity.md" in bad.fix
    assert code == 10


async def test_a_platform_that_is_not_there(ward: Ward, tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
    code, lines = await ward.doctor(GENESYS_ENV_URL=nowhere, GCTRUST_NAMESERVERS=servers(ward))
    assert only_problem(lines).what == "region"
    assert lines["region"].code == "genesys.unreachable"
    assert "the sandbox runs" in lines["region"].fix
    assert lines["clock"].verdict == lines["credentials"].verdict == "skipped"
    assert code == 1


def test_a_region_that_does_not_exist(ward: Ward) -> None:
    code, told = ward.command("--json", GENESYS_ENV_URL="eu-west-9")
    (line,) = json.loads(told)["lines"]
    assert line["what"] == "settings"
    assert "did you mean" in line["fix"]
    assert code == 2


@pytest.mark.parametrize(
    ("guide", "published", "found"),
    [
        ((200, 403, 400), (404, 404), "guide"),
        ((404, 404, 404), (200, 403), "platform"),
        ((404, 404, 404), (404, 404), "unknown"),
        ((404, 200, 404), (200, 200), "unknown"),
        ((401, 401, 401), (401, 401), "unknown"),
        ((404, 503, 404), (200, 200), "unknown"),
        ((0, 0, 0), (0, 0), "unknown"),
        ((302, 302, 302), (302, 302), "unknown"),
        ((200, 200, 200), (200, 200), "guide"),
    ],
)
def test_the_dialect_follows_from_statuses(
    guide: tuple[int, ...], published: tuple[int, ...], found: str
) -> None:
    assert dialect_of([Seen("/g", s) for s in guide], [Seen("/p", s) for s in published]) == found


@pytest.mark.parametrize(
    ("date", "before", "after", "seconds"),
    [
        ("Thu, 01 Jan 1970 00:01:40 GMT", 100.0, 100.5, 0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 100.9, 101.2, 0),  # whole seconds, cut off
        ("Thu, 01 Jan 1970 00:01:40 GMT", 60.0, 61.0, 39),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 141.0, 142.0, -40),
        ("soon", 1.0, 2.0, None),
        (None, 1.0, 2.0, None),
    ],
)
def test_skew_is_what_the_round_trip_does_not_explain(
    date: str | None, before: float, after: float, seconds: float | None
) -> None:
    assert skew(date, before, after) == seconds


# --- a sandbox of either dialect, with the dialect named and found by asking

ASKED = pytest.mark.parametrize("asked", [False, True], ids=["named", "asked"])
LIMITED_CLIENT = {"id": "reader", "secret": "reads"}


async def seen_by(ward: Ward, asked: bool, **settings: str) -> tuple[int, dict[str, Line]]:
    return await ward.doctor(GCTRUST_DIALECT="auto" if asked else ward.dialect, **settings)


@ASKED
async def test_either_dialect_is_found_well(either: Ward, asked: bool) -> None:
    code, lines = await seen_by(either, asked)
    assert {line.verdict for line in lines.values()} == {"ok"}, lines
    assert lines["dialect"].seen.startswith(either.dialect)
    word = "permissions" if either.dialect == "platform" else "scopes"
    assert word in lines["scopes"].seen
    assert ("outbound.domains.count 15" in lines["budget"].seen) is (either.dialect == "platform")
    assert code == 0


@ASKED
async def test_either_dialect_wrong_credentials(either: Ward, asked: bool) -> None:
    code, lines = await seen_by(either, asked, GENESYS_CLIENT_SECRET="wrong")
    bad = only_problem(lines)
    assert (bad.what, bad.code, code) == ("credentials", "genesys.bad-credentials", 4)
    assert bad.fix.startswith("Check the client id, the secret and the region")
    assert lines["scopes"].verdict == lines["dialect"].verdict == "skipped"


@ASKED
async def test_either_dialect_missing_right(either: Ward, asked: bool) -> None:
    rights: dict[str, object] = {"scopes": ["customdomain:read"], "roles": ["API Client Admin"]}
    either.control("PUT", "/clients", LIMITED_CLIENT | rights)
    reader = {"GENESYS_CLIENT_ID": "reader", "GENESYS_CLIENT_SECRET": "reads"}
    code, lines = await seen_by(either, asked, **reader)
    bad = only_problem(lines)
    assert (bad.what, code) == ("scopes", 4)
    if either.dialect == "guide":
        assert "organization:emaildomain:write" in bad.fix
        return
    lacking = {
        "routing:email:manage", "integrations:actionCertificate:view", "sso:provider:view",
        "sso:provider:edit", "telephony:plugin:all", "audits:audit:view",
    }  # fmt: skip
    assert all(one in bad.fix for one in lacking), bad.fix
    assert "oauth:client" not in bad.fix  # it holds those
    oauth = {f"oauth:client:{one}" for one in ("view", "add", "edit", "delete")}
    assert permissions_of_role(bad.role) == lacking | oauth


def permissions_of_role(text: str) -> set[str]:
    return {
        f"{policy['domain']}:{policy['entityName']}:{action}"
        for policy in json.loads(text)["permissionPolicies"]
        for action in policy["actionSet"]
    }


async def test_a_client_with_the_role_printed_may_make_every_call(either: Ward) -> None:
    """By the sandbox's own table of what a call needs; without one of them some call is barred."""
    if either.dialect == "guide":
        return
    either.control("PUT", "/clients", LIMITED_CLIENT | {"roles": ["API Client Admin"]})
    reader = {"GENESYS_CLIENT_ID": "reader", "GENESYS_CLIENT_SECRET": "reads"}
    _, lines = await seen_by(either, False, **reader)
    given = sorted(permissions_of_role(lines["scopes"].role))
    assert len(given) == 10
    assert barred(either, given) == []
    assert all(barred(either, [one for one in given if one != gone]) for gone in given)


def barred(ward: Ward, permissions: list[str]) -> list[str]:
    """The operations that are answered 403 to a client with these permissions."""
    client = LIMITED_CLIENT | {"permissions": permissions, "roles": []}
    ward.control("PUT", "/clients", client)
    with httpx2.Client(trust_env=False, base_url=ward.addresses["api"]) as http:
        form = {"grant_type": "client_credentials"}
        login = http.post("/oauth/token", auth=("reader", "reads"), data=form).json()
        headers = {"Authorization": f"Bearer {login['access_token']}"}
        return [
            operation
            for operation, route in PLATFORM.routes.items()
            if http.request(
                route.method, route.template.format(id="x"), headers=headers, json={}
            ).status_code == 403
        ]  # fmt: skip


@ASKED
async def test_either_dialect_skewed_clock(either: Ward, asked: bool) -> None:
    either.control("PUT", "/faults", [{"kind": "skew", "skew": 300, "path": "/api/*"}])
    code, lines = await seen_by(either, asked)
    bad = only_problem(lines)
    assert (bad.what, code) == ("clock", 10)
    assert "behind the platform's Date" in bad.seen
    assert "NTP" in bad.fix


@ASKED
async def test_either_dialect_throttled(either: Ward, asked: bool) -> None:
    rule = {"kind": "status", "status": 429, "path": "/api/v2/*domains*", "delay": 0,
            "headers": {"Retry-After": "600"}}  # fmt: skip
    either.control("PUT", "/faults", [rule])
    code, lines = await seen_by(either, asked)
    bad = only_problem(lines)
    assert (bad.what, bad.code, code) == ("budget", "genesys.rate-limited", 1)
    assert bad.fix.startswith("Wait")
    assert lines["dialect"].verdict == "skipped"


def test_the_role_is_printed_to_be_pasted(either: Ward) -> None:
    either.control("PUT", "/clients", LIMITED_CLIENT | {"roles": ["API Client Admin"]})
    code, text = either.command(
        "--dialect", "platform", GENESYS_CLIENT_ID="reader", GENESYS_CLIENT_SECRET="reads"
    )
    if either.dialect == "guide":
        assert "platform is set" in text  # and nothing is said of a role
        return
    (role,) = [line for line in text.splitlines() if line.strip().startswith("role: ")]
    assert json.loads(role.partition("role: ")[2])["name"] == "Trust keeper"
    assert code == 4


def test_a_command_asks_for_the_dialect_once_and_speaks_it(either: Ward) -> None:
    """And the flag wins over the environment."""
    refused = either.gctrust("secret status some-client --dialect auto", GENESYS_DIALECT="guide")
    wanted = "genesys.not-in-dialect" if either.dialect == "guide" else "genesys.not-found"
    assert wanted in refused.stderr


def test_read_only_drives_no_run_and_sends_no_change(either: Ward) -> None:
    before = either.changes()
    done = either.gctrust("domain verify new.example --yes --read-only --dialect auto")
    assert "genesys.read-only" in done.stderr
    assert done.returncode == 2
    assert either.changes() == before


def test_no_dialect_is_guessed_where_the_answers_tell_none(ward: Ward) -> None:
    ward.control("PUT", "/faults", [{"kind": "status", "status": 503, "path": "/api/v2/*"}])
    done = ward.gctrust("domain list --dialect auto")
    assert "genesys.dialect-untold" in done.stderr
    assert "--dialect guide or platform" in done.stderr
