"""What a careless or a hostile user does, each with the refusal that names it."""

from __future__ import annotations

import json
import re

import pytest
from shell import Shell

LOGIN = {"GENESYS_CLIENT_SECRET": "not-the-secret"}


@pytest.fixture(scope="module")
def files(shell: Shell) -> dict[str, str]:
    return shell.pin_files() | shell.web_files("a.example.com")


@pytest.mark.parametrize(
    "command",
    [
        "gctrust domain status a.example.com",
        "gctrust domain verify --yes a.example.com",
        "gctrust tls status a.example.com",
        "gctrust tls deploy --yes a.example.com",
        "gctrust pins check leaf.pem --client-id c",
        "gctrust pins rotate --yes",
    ],
)
def test_wrong_credentials_exit_4(shell: Shell, files: dict[str, str], command: str) -> None:
    done = shell.run(command, **files, **LOGIN)
    assert done.returncode == 4, done.stdout + done.stderr
    assert "genesys.bad-credentials" in done.stdout + done.stderr
    assert LOGIN["GENESYS_CLIENT_SECRET"] not in done.stdout + done.stderr


def test_nothing_was_ordered(shell: Shell) -> None:
    """Runs can be looked at without any credentials."""
    assert shell.answer("gctrust runs list", GENESYS_CLIENT_SECRET="")["runs"] == []


def test_wrong_credentials_are_refused_also_while_another_process_leads(shell: Shell) -> None:
    leader = shell.start("gctrust domain verify --yes led.example.com")
    try:
        while not shell.answer("gctrust runs list")["runs"]:
            assert leader.poll() is None
        done = shell.run("gctrust domain verify --yes second.example.com", **LOGIN)
        assert done.returncode == 4, done.stdout + done.stderr
        runs = shell.answer("gctrust runs list")["runs"]
        assert [r["run"] for r in runs] == ["email-domain:led.example.com@1"]
    finally:
        leader.terminate()
        leader.communicate()


@pytest.mark.parametrize("name", ["1.2.3.4", "localhost", "a.localhost"])
def test_no_plan_for_what_is_no_public_domain(shell: Shell, name: str) -> None:
    done = shell.run(f"gctrust domain verify {name}")
    assert done.returncode == 2
    assert "config.bad-value" in done.stderr
    assert name in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("--seed /nope.json", "/nope.json"),
        ("--seed seed.json", "seed.json"),
        ("--faults faults.json", "faults.json"),
        ("--clock-rate nan", "clock-rate"),
        ("--api-port 99999", "api-port"),
    ],
)
def test_a_sandbox_that_cannot_be_is_refused_by_name(
    shell: Shell, arguments: str, named: str
) -> None:
    shell.write(seed_json='{"nope": 1}', faults_json='[{"nope": 1}]')
    done = shell.run(f"gctrust sandbox {arguments}")
    assert done.returncode == 2, done.stderr
    assert named in done.stderr
    assert done.stdout == ""


def test_user_info_of_a_url_is_never_shown(shell: Shell) -> None:
    url = "https://robot:hunter2@hooks.example.com/x"
    for command in ("gctrust config show --origin", "gctrust domain verify a.example.com"):
        done = shell.run(command, WEBHOOK_URL=url)
        assert "hooks.example.com/x" in done.stdout
        assert "hunter2" not in done.stdout + done.stderr
    bad = shell.run("gctrust config show", WEBHOOK_URL="ftp://robot:hunter2@hooks.example.com")
    assert bad.returncode == 2
    assert "hunter2" not in bad.stdout + bad.stderr


def test_settings_are_named_as_they_were_given(shell: Shell, files: dict[str, str]) -> None:
    typed = shell.run("gctrust domain verify not_a..name")
    assert "origin: argument NAME" in typed.stderr
    set_ = shell.run("gctrust domain verify", TARGET_DOMAIN="not_a..name")
    assert "origin: environment TARGET_DOMAIN" in set_.stderr
    flag = shell.run("gctrust pins status --client-id a/b")
    assert "origin: flag --client-id" in flag.stderr
    missing = shell.run("gctrust pins rotate", **{**files, "NEW_CERT_PATH": ""})
    assert "new_cert_path (--new-cert or NEW_CERT_PATH)" in missing.stderr


def test_lists_are_told_without_brackets(shell: Shell) -> None:
    done = shell.run(
        "gctrust domain verify a.example.com", GENESYS_CLIENT_ID="", GENESYS_ENV_URL=""
    )
    assert done.returncode == 2
    assert "settings: platform\n" in done.stderr
    both = shell.run("gctrust config show", GENESYS_API_KEY="another-id")
    assert "names: environment GENESYS_CLIENT_ID, environment GENESYS_API_KEY\n" in both.stderr


def test_what_a_run_waits_for_reads_as_a_sentence(shell: Shell) -> None:
    done = shell.run("gctrust domain verify --yes --wait 1 reads.example.com")
    assert done.returncode == 8
    assert "waiting for DNS lacks" not in done.stdout
    assert ": DNS lacks " in done.stdout or "dns  " in done.stdout


FORMATS = ["table", "zone", "csv", "route53", "terraform-aws", "terraform-cloudflare", "octodns"]


@pytest.fixture(scope="module")
def registered(shell: Shell) -> str:
    """A domain that waits for its records."""
    domain = "records.example.com"
    assert shell.run(f"gctrust domain verify --yes --wait 0.5 {domain}").returncode == 8
    while shell.run(f"gctrust domain status {domain} --json").stdout.count('"pending"') == 0:
        pass  # a platform lists late what is new
    return domain


def bare(text: str) -> str:
    """Without what formats quote and split with."""
    return re.sub(r'[\\" ]', "", text)


@pytest.mark.parametrize("form", FORMATS)
def test_records_in_every_format(shell: Shell, registered: str, form: str) -> None:
    done = shell.run(f"gctrust domain records {registered} --format {form}")
    assert done.returncode == 0, done.stderr
    wanted = shell.answer(f"gctrust domain records {registered}")["records"]
    text = bare(done.stdout)
    for record in wanted:
        assert record["type"] in text
        assert bare(record["value"].rpartition(" ")[2].rstrip(".")) in text
    if form == "route53":
        changes = json.loads(done.stdout)["Changes"]
        assert len(changes) == len({(r["name"], r["type"]) for r in wanted})


def test_an_unknown_format_is_refused_with_the_known_ones(shell: Shell, registered: str) -> None:
    done = shell.run(f"gctrust domain records {registered} --format bind")
    assert done.returncode == 2
    assert all(form in done.stderr for form in FORMATS)


def test_domain_list_tells_runs_and_the_platform(shell: Shell, registered: str) -> None:
    told = shell.answer("gctrust domain list")["domains"]
    row = next(d for d in told if d["domain"] == registered)
    assert (row["run"], row["platform"]) == ("open", "pending")
    blind = shell.answer("gctrust domain list", GENESYS_CLIENT_SECRET="")["domains"]
    assert next(d for d in blind if d["domain"] == registered)["platform"] is None


def test_an_answer_that_cannot_be_written_is_refused(shell: Shell) -> None:
    done = shell.run("gctrust config show --output /nope/x")
    assert done.returncode == 2
    assert "/nope/x" in done.stderr
