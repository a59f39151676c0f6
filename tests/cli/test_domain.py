"""`gctrust domain`: what is shown of a domain, and what the plan promises."""

from __future__ import annotations

from shell import Shell

DOMAIN = "lagging.example.com"


def test_a_list_that_lags_is_no_absence(shell: Shell) -> None:
    """The sandbox's first list after a registration shows what stood before it."""
    ordered = shell.run(f"gctrust domain verify {DOMAIN} --yes --wait 1")
    assert ordered.returncode == 8
    assert shell.run(f"gctrust domain records {DOMAIN}").returncode == 0
    assert shell.answer(f"gctrust domain status {DOMAIN}")["status"] == "pending"


def test_the_plan_says_whether_the_webhook_is_signed(shell: Shell) -> None:
    plain = shell.run(f"gctrust domain verify {DOMAIN}").stdout
    assert "an unsigned webhook to" in plain
    secret = "whsec_" + "A" * 32
    signed = shell.run(f"gctrust domain verify {DOMAIN}", WEBHOOK_SECRET=secret).stdout
    assert "a signed webhook to" in signed
    without = shell.run(f"gctrust domain verify {DOMAIN}", WEBHOOK_URL="").stdout
    assert "webhook" not in without


def test_help_has_no_flag_that_empties_a_list_and_no_empty_default(shell: Shell) -> None:
    for command in ("domain verify", "pins rotate", "check domain"):
        told = shell.run(f"gctrust {command} --help").stdout
        assert "--empty-" not in told
        common = told.partition("Output and settings")[2]
        assert "--json" in common
        assert "[default:" not in common
