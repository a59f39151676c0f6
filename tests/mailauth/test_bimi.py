"""BIMI record texts: what receivers take, and what they pass over."""

import pytest

from gctrust import check_record, parse_bimi

LOGO, MARK = "https://example.com/logo.svg", "https://example.com/vmc.pem"


@pytest.mark.parametrize(
    "text",
    [
        f"v=BIMI1; l={LOGO}",
        f"v=BIMI1;l={LOGO};a={MARK};",
        f"v=BIMI1; a={MARK}; l={LOGO}; avp=brand; lps=a,b",
        "v=BIMI1; l=https://example.com/logo.svgz?v=2",
        "v=BIMI1; l=https://example.com/logo",
        "v=BIMI1; l=; a=;",
        "v=BIMI1; l=;",
    ],
)
def test_valid(text: str) -> None:
    assert parse_bimi(text).faults == ()


def test_a_declination_is_told_from_a_logo() -> None:
    assert parse_bimi("v=BIMI1; l=; a=").declines
    assert not parse_bimi(f"v=BIMI1; l={LOGO}").declines
    assert not parse_bimi("v=BIMI1;").declines


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (f"v=bimi1; l={LOGO}", "bimi.malformed"),
        (f"l={LOGO}; v=BIMI1", "bimi.malformed"),
        ("v=BIMI1;", "bimi.malformed"),
        (f"v=BIMI1; a={MARK}", "bimi.malformed"),
        (f"v=BIMI1; l={LOGO}; l={LOGO}", "bimi.malformed"),
        (f"v=BIMI1; l=; a={MARK}", "bimi.bad-location"),
        ("v=BIMI1; l=http://example.com/logo.svg", "bimi.bad-location"),
        ("v=BIMI1; l=https://example.com/logo.png", "bimi.bad-location"),
        ("v=BIMI1; l=https:///logo.svg", "bimi.bad-location"),
        (f"v=BIMI1; l={LOGO},{LOGO}", "bimi.bad-location"),
        ("v=BIMI1; l=https://[::1/logo.svg", "bimi.bad-location"),
    ],
)
def test_invalid(text: str, rule: str) -> None:
    report = check_record(text, "bimi")
    assert not report.usable
    assert rule in {finding.rule for finding in report.findings}
