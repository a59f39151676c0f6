"""MTA-STS policy files (RFC 8461 section 3.2): what senders take, and what covers an exchange."""

import pytest

from gctrust import check_record, parse_sts_policy

GOOD = "version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\nmax_age: 604800\n"


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.rstrip("\n"),
        GOOD.replace(": ", ":"),
        GOOD.replace("enforce", "enforce  "),
        GOOD + "other: any value = even; this\n",
        GOOD + "mode: none\n",  # all but the first of a repeated field are ignored
        "max_age: 0\nmode: none\nversion: STSv1",
        GOOD.replace("mail.example.com", "localhost"),
    ],
)
def test_valid(text: str) -> None:
    policy = parse_sts_policy(text)
    assert policy.faults == ()
    assert policy.mode in ("enforce", "none")


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD.replace("STSv1", "STSv2"),
        GOOD.replace("version", "Version"),
        GOOD.replace("enforce", "Enforce"),
        GOOD.replace("604800", "31557601"),
        GOOD.replace("604800", "-1"),
        GOOD.replace("604800", "1e3"),
        GOOD.replace("604800", "\u0661"),
        GOOD.replace("max_age: 604800\n", ""),
        "version: STSv1\nmode: enforce\nmax_age: 604800\n",
        GOOD.replace("*.example.net", "*.*.example.net"),
        GOOD.replace("*.example.net", ".example.net"),
        GOOD.replace("*.example.net", "mail.*.net"),
        GOOD.replace("mx: mail.example.com", "mx mail.example.com"),
        GOOD.replace("version: ", "version : "),
        "<html></html>",
        GOOD * 300,
    ],
)
def test_invalid(text: str) -> None:
    assert parse_sts_policy(text).faults


@pytest.mark.parametrize(
    ("exchange", "covered"),
    [
        ("mail.example.com", True),
        ("MAIL.example.com.", True),
        ("other.example.com", False),
        ("a.example.net", True),
        ("a.b.example.net", False),
        ("example.net", False),
    ],
)
def test_coverage(exchange: str, covered: bool) -> None:
    assert parse_sts_policy(GOOD).covers(exchange) is covered


@pytest.mark.parametrize(
    ("text", "usable"),
    [
        ("v=STSv1; id=20160831085700Z;", True),
        ("v=STSv1;id=1", True),
        ("v=STSv1; id=1; ext=some.value", True),
        ("v=STSv1; id=1; ext=a=b", False),
        ("v=STSv1; id=1; ext=a b", False),
        ("v=STSv1; id=", False),
        ("v=STSv1; id=" + "a" * 33, False),
        ("v=STSv1", False),
        ("v=stsv1; id=1", False),
        ("v=STSv1; id = 1", False),
        ("id=1; v=STSv1", False),
    ],
)
def test_record(text: str, usable: bool) -> None:
    assert check_record(text, "mta-sts").usable is usable
