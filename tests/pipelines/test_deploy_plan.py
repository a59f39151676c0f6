from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gctrust.pipelines.deploy_plan import plan_deployment, refusal, with_history
from gctrust.pipelines.effects import CertificateAssessment, CertificateFiles, CertificateHeld
from gctrust.pipelines.orders import CustomDomainOrder

sys.path.insert(0, str(Path(__file__).parents[1] / "certs"))

from authority import NOW, Authority

HOST = "www.plan.example"
CA = Authority("Plan CA")
ORDER = CustomDomainOrder(HOST, CertificateFiles("cert.pem", "key.pem"))


def issued(*, began=0.0, days=90.0, names=(HOST,), key=None):
    return CA.issue(*names, start=NOW + timedelta(days=began), days=days, key=key)


def judged(leaf, digest="new"):
    pem = leaf.pem.decode()
    return CertificateAssessment(
        (), (), True, "", 0.0, 0.0, digest, "", certificate=pem, with_key=True
    )


def held(leaf, *, kept=True):
    return CertificateHeld("cd-1", "active", "old", (), leaf.pem.decode(), kept)


def plan(old, new, *, kept=True, order=ORDER):
    return plan_deployment(order, judged(new), held(old, kept=kept))


def hazards(seen):
    return [one.rule for one in seen.hazards]


def test_a_domain_that_nobody_knows_is_created():
    seen = plan_deployment(ORDER, judged(issued()), CertificateHeld(""))
    assert (seen.action, seen.hazards) == ("create", ())


def test_a_renewal_is_told_in_plain_words():
    old = issued(began=-60, names=(HOST, "old.plan.example"))
    seen = plan(old, issued(names=(HOST, "new.plan.example"), key=old.key))
    assert (seen.action, hazards(seen)) == ("renew", [])
    assert "name lost: old.plan.example" in seen.changes
    assert "name gained: new.plan.example" in seen.changes
    assert "the key stays the same" in seen.changes


def test_what_is_held_already_is_left_alone():
    old = issued()
    seen = plan_deployment(ORDER, judged(old, "old"), held(old, kept=False))
    assert (seen.action, seen.hazards) == ("nothing", ())
    longer = replace(judged(old, "old"), chain_sha256=("11" * 32,))
    seen = plan_deployment(ORDER, longer, held(old, kept=False))
    assert (seen.action, seen.hazards) == ("complete the chain", ())


@pytest.mark.parametrize(
    ("began", "days", "expected"),
    [
        (-200, 190, ["tls.older-certificate"]),  # last year's file
        (-200, 400, []),  # older, yet it lasts longer
        (-1, 47, []),  # newer and shorter: lifetimes shrink
        (-30.01, 89, []),  # of the same batch
    ],
)
def test_an_older_certificate_is_a_hazard(began, days, expected):
    old, new = issued(began=-30, days=90), issued(began=began, days=days)
    assert hazards(plan(old, new)) == expected
    assert hazards(plan(old, new, order=replace(ORDER, rollback=True))) == []


def test_what_cannot_be_restored_is_a_hazard_that_can_be_allowed_by_name():
    seen = plan(issued(began=-60), issued(), kept=False)
    assert hazards(seen) == ["tls.no-rollback"]
    assert seen.forbidden(()) == seen.hazards
    assert seen.forbidden(("tls.no-rollback",)) == ()


@pytest.mark.parametrize(
    "text", ["", "no certificate", "\ud800", "-----BEGIN CERTIFICATE-----\nAAAA"]
)
def test_what_the_platform_holds_may_be_unreadable(text):
    seen = plan_deployment(ORDER, judged(issued()), CertificateHeld("cd-1", "active", "", (), text))
    assert (seen.action, hazards(seen)) == ("renew", ["tls.no-rollback"])


def test_nothing_is_sent_without_the_key_or_a_path():
    good = judged(issued())
    assert refusal(ORDER, good) is None
    assert refusal(ORDER, replace(good, accepted=False)) == ()
    assert [one.rule for one in refusal(ORDER, replace(good, with_key=False))] == ["tls.no-key"]


def test_what_the_platform_holds_tells_whether_the_key_was_reused():
    old = issued(began=-60)
    waiting = ("KEY-14: the certificate that serves now was not given", "NAME-10: no hosts")

    def told(new, before):
        seen = with_history(replace(judged(new), not_judged=waiting), before)
        return [one.rule for one in seen.findings], seen.not_judged

    assert told(issued(key=old.key), held(old)) == (["cert.key-reused"], waiting[1:])
    assert told(issued(), held(old)) == ([], waiting[1:])
    assert told(issued(), CertificateHeld("")) == ([], waiting[1:])
    unread = CertificateHeld("cd-1", "active", "", (), "no certificate")
    assert told(issued(), unread) == ([], waiting)
