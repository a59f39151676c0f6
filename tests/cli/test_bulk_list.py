"""Lists of orders: what is read of them, and that every bad line is told, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from gctrust.cli.bulk import Waves, many_order
from gctrust.cli.bulk_list import Listed, read_orders
from gctrust.cli.bulk_orders import (
    CERTIFICATES,
    EMAIL_DOMAINS,
    PINS,
    certificates,
    email_domains,
    rotations,
)
from gctrust.errors import Problem
from gctrust.pipelines.effects import CertificateFiles
from gctrust.pipelines.orders import CustomDomainOrder, EmailDomainOrder, PinRotationOrder

LIKE = EmailDomainOrder("", selectors=("usual",))


def domains(folder: Path, text: str | bytes, name: str = "list.csv") -> Listed:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_orders(str(path), None, EMAIL_DOMAINS, email_domains(LIKE))


def told(listed: Listed) -> list[str]:
    return [str(one) for one in listed.bad]


CSV = "domain,selectors\nA.Example.,\nb.example,one two\n\n"
YAML = "# all\n- domain: a.example\n- domain: b.example\n  selectors: [one, two]\n"


@pytest.mark.parametrize(
    ("name", "text"), [("l.csv", CSV), ("l.yaml", YAML), ("l.csv", "\ufeff" + CSV)]
)
def test_both_forms_make_the_same_orders(tmp_path: Path, name: str, text: str) -> None:
    listed = domains(tmp_path, text, name)
    assert told(listed) == []
    assert listed.items == (
        EmailDomainOrder("a.example", ("usual",)),
        EmailDomainOrder("b.example", ("one", "two")),
    )


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("l.csv", "domain;selectors\na", "line 1: 'domain;selectors' is no column; its first"),
        ("l.csv", "domain,domain\na", "line 1: 'domain' is named twice; its first line"),
        ("l.csv", "selectors\na", "line 1: the column domain is missing; its first line"),
        ("l.csv", "domain\na.example,b", "line 2: has 2 fields; the first line names 1 columns"),
        ("l.csv", 'domain\n"a.example', "line 2: is no CSV"),
        ("l.csv", "domain\n\x00", "line 2, domain: '\\x00' is no name"),
        ("l.csv", "domain,selectors\n,a", "line 2, domain: is empty; every line needs it"),
        ("l.csv", "domain\na_b c\n", "line 2, domain: 'a_b c' is no name: "),
        ("l.csv", "domain\na.example\nA.example.", "line 3, domain: 'A.example.' is there twice, "),
        ("l.csv", "domain,selectors\na.example,a b@", "line 2, selectors: 'b@' is no name"),
        ("l.yaml", "domain: a", "line 1: is no list; write a list of mappings"),
        ("l.yaml", "- a.example\n", "line 1: is no mapping"),
        ("l.yaml", "- domain: a.example\n  dom: x", "line 2: 'dom' is no key of an order; keys"),
        ("l.yaml", "- domain: [[a]]", "line 1, domain: is no text"),
        ("l.yaml", "- domain:\n", "line 1, domain: is empty"),
        ("l.yaml", "- domain: a.example\n- domain: 'b", "line 2, column 13: is no YAML"),
        ("l.yaml", "[" * 5000, "line 1"),
        ("l.yaml", "- domain: &a a.example\n- domain: *a\n", "line 2, domain: 'a.example' is ther"),
    ],
)
def test_a_bad_line_is_told_with_its_place_and_the_next_step(
    tmp_path: Path, name: str, text: str, line: str
) -> None:
    listed = domains(tmp_path, text, name)
    assert told(listed)[0].startswith(line)
    with pytest.raises(Problem) as refused:
        listed.usable("l", skip_bad=False)
    assert refused.value.code == "bulk.bad-list"


def test_all_bad_lines_are_told_at_once_and_may_be_left_out(tmp_path: Path) -> None:
    listed = domains(tmp_path, "domain\na.example\n-\nb.example\n+\n")
    with pytest.raises(Problem) as refused:
        listed.usable("list.csv", skip_bad=False)
    assert refused.value.facts["bad"] == 2
    assert [one[:15] for one in refused.value.facts["lines"]] == [
        "line 3, domain:",
        "line 5, domain:",
    ]
    kept = listed.usable("list.csv", skip_bad=True)
    assert [one.identity for one in kept] == ["email-domain:a.example", "email-domain:b.example"]


@pytest.mark.parametrize("text", ["", "domain\n", b"\xff\xfe"])
def test_a_list_of_nothing_is_refused_even_without_bad_lines(
    tmp_path: Path, text: str | bytes
) -> None:
    with pytest.raises(Problem) as refused:
        domains(tmp_path, text).usable("l", skip_bad=True)
    assert refused.value.code == "bulk.bad-list"


def test_files_are_read_beside_the_list_and_what_is_missing_is_told(tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_text("x")
    (tmp_path / "k.pem").write_text("x")
    (tmp_path / "l.csv").write_text(
        "domain,certificate,key,chain\na.example,c.pem,k.pem,\nb.example,c.pem,none.pem,\n"
        "c.example,c.pem,,\nd.example,.,k.pem,\n"
    )
    like = CustomDomainOrder("", CertificateFiles(""), "private")
    source = str(tmp_path / "l.csv")
    listed = read_orders(source, None, CERTIFICATES, certificates(like, tmp_path))
    files = CertificateFiles(*(str((tmp_path / n).resolve()) for n in ("c.pem", "k.pem")))
    assert listed.items == (CustomDomainOrder("a.example", files, "private"),)
    assert [one.partition(";")[0] for one in told(listed)] == [
        "line 3, key: 'none.pem' cannot be read: No such file or directory",
        "line 4, key: is empty",
        "line 5, certificate: '.' cannot be read: it is a directory",
    ]


def test_rotations_name_a_client_its_service_and_its_pairs(tmp_path: Path) -> None:
    for name in ("n.pem", "n.key", "o.pem", "b.pem"):
        (tmp_path / name).write_text("x")
    head = "client_id,service_id,new_cert,new_key,old_cert,backup_cert\n"
    (tmp_path / "l.csv").write_text(f"{head}one,svc,n.pem,n.key,o.pem,b.pem\n")
    like = PinRotationOrder("", "", CertificateFiles(""), CertificateFiles(""), soak=5.0)
    order = rotations(like, tmp_path)
    (item,) = read_orders(str(tmp_path / "l.csv"), None, PINS, order).items
    assert isinstance(item, PinRotationOrder)
    assert (item.identity, item.service_id, item.soak) == ("pin-rotation:one", "svc", 5.0)
    assert item.old == CertificateFiles(str((tmp_path / "o.pem").resolve()))
    assert item.backup == str((tmp_path / "b.pem").resolve())


@pytest.mark.parametrize(
    ("waves", "option"),
    [
        (Waves(wave_size=0), "--wave-size"),
        (Waves(canary=-1), "--canary"),
        (Waves(stop_at=1.5), "--stop-at"),
        (Waves(stop_at=float("nan")), "--stop-at"),
        (Waves(window=("at night",)), "--window"),
        (Waves(freeze=("2026-12-20..2026-12-01",)), "--freeze"),
    ],
)
def test_waves_that_make_no_sense_are_usage(waves: Waves, option: str) -> None:
    with pytest.raises(Problem) as refused:
        waves.check()
    assert refused.value.code == "bulk.bad-option"
    assert refused.value.facts["option"] == option


def test_a_list_and_one_name_are_not_both_ordered() -> None:
    with pytest.raises(Problem) as refused:
        Waves(source="l.csv").check("", "a.example")
    assert refused.value.facts["option"] == "--from"


def test_the_same_list_is_the_same_order(tmp_path: Path) -> None:
    one, two = (many_order(domains(tmp_path, CSV).items, Waves()) for _ in range(2))
    assert one.identity == two.identity
    other = many_order(domains(tmp_path, CSV).items[:1], Waves())
    assert other.identity != one.identity
