from __future__ import annotations

from dataclasses import replace

import pytest

from gctrust.errors import Problem, ProblemType
from gctrust.findings import Finding, Severity
from gctrust.pipelines.custom_domain import custom_domain
from gctrust.pipelines.effects import (
    AssessFiles,
    AuditEntry,
    AuditSeen,
    CertificateAssessment,
    CertificateFiles,
    CertificateHeld,
    CustomDomainSeen,
    ForgetKeys,
    HandshakesSeen,
    KeepKey,
    KeysKept,
    ProbeEdges,
    ReadAudit,
    ReadCertificate,
    Record,
    Segment,
    UploadCertificate,
    Wait,
)
from gctrust.pipelines.orders import CustomDomainOrder

from .world import World

LEAF, OTHER = "ab" * 32, "cd" * 32
GOOD = CertificateAssessment((), (), True, "CN=x", 0.0, 9e9, LEAF, "ef" * 32, with_key=True)
SEEN = CustomDomainSeen("cd-1", "www.example", "active", LEAF, latency=0.25)
SERVED = HandshakesSeen(100, 100, 2.0, 3.0, 4.0, (("e1", LEAF), ("e2", LEAF)))
BEHIND = replace(SERVED, served=(("e1", LEAF), ("e2", OTHER)))
ENTRY = AuditEntry("a1", "customdomain.update", 5.0, "cd-1", "SUCCESS")
ORDER = CustomDomainOrder("www.example", CertificateFiles("cert.pem", "key.pem", "chain.pem"))


def world(judged: object = GOOD, served: object = SERVED, audit: object = None) -> World:
    return World(
        {
            AssessFiles: judged,
            ReadCertificate: CertificateHeld(""),
            UploadCertificate: SEEN,
            KeepKey: KeysKept(1),
            ForgetKeys: KeysKept(1),
            ReadAudit: audit or [AuditSeen((), 1), AuditSeen((ENTRY,), 2)],
            ProbeEdges: served,
        }
    )


def test_it_succeeds_only_when_every_edge_serves_the_uploaded_leaf():
    w = world(served=[BEHIND, BEHIND, SERVED])
    end = w.run(custom_domain(ORDER))
    assert end.status == "succeeded"
    assert len(w.of(ProbeEdges)) == 3
    assert end.summary["platform_audit_id"] == "a1"
    assert end.summary["handshake_success_rate"] == 1.0
    assert len(w.of(Record)) == 1


@pytest.mark.parametrize(
    "served",
    [
        BEHIND,
        replace(SERVED, succeeded=99),
        replace(SERVED, served=()),
        replace(SERVED, legacy_accepted=("TLSv1",)),
        HandshakesSeen(0, 0, 0.0, 0.0, 0.0, ()),
    ],
)
def test_an_edge_that_does_not_prove_it_ends_unverified(served):
    assert world(served=served).run(custom_domain(ORDER)).status == "unverified"


@pytest.mark.parametrize(
    "judged",
    [
        replace(GOOD, accepted=False),
        replace(GOOD, with_key=False),
        replace(GOOD, findings=(Finding("cert.key-mismatch", Severity.CRITICAL, "CN=x", "no"),)),
    ],
)
def test_a_broken_bundle_stops_before_anything_is_sent(judged):
    w = world(judged)
    end = w.run(custom_domain(ORDER))
    assert end.status == "refused"
    assert not w.of(UploadCertificate)
    assert w.of(Record)[0].action == "custom-domain.refused"


def test_a_platform_that_never_writes_its_audit_entry_does_not_block_the_proof():
    end = world(audit=AuditSeen((), 1)).run(custom_domain(ORDER))
    assert end.status == "succeeded"
    assert end.summary["platform_audit_id"] is None


@pytest.mark.parametrize(
    "effect", [AssessFiles, ReadCertificate, UploadCertificate, ReadAudit, ProbeEdges]
)
def test_a_problem_is_recorded_then_raised_so_that_the_run_can_be_resumed(effect):
    w = world()
    refused = w.answers[effect] = Problem(ProblemType("genesys.forbidden", "No.", "", ""))
    with pytest.raises(Problem) as raised:
        w.run(custom_domain(ORDER))
    assert raised.value is refused
    (entry,) = w.of(Record)
    assert (entry.action, entry.event) == ("custom-domain.failed", "custom_domain.deployed")
    assert "genesys.forbidden" in str(entry.fields["error"])


def test_a_wait_says_that_old_versions_are_what_stands_in_the_way():
    w = world(served=replace(SERVED, legacy_accepted=("TLSv1",)))
    w.run(custom_domain(ORDER))
    assert w.of(Wait)[-1].reason == "edges still accept TLSv1"


CHAIN = ("11" * 32, "22" * 32)
HELD = CertificateHeld("cd-1", "active", LEAF, CHAIN)


def test_what_the_platform_held_before_the_run_is_adopted_and_nothing_is_sent():
    w = world(replace(GOOD, chain_sha256=CHAIN))
    w.answers[ReadCertificate] = HELD
    end = w.run(custom_domain(ORDER))
    assert (end.status, end.summary["adopted"]) == ("succeeded", True)
    assert not w.of(UploadCertificate)
    assert not w.of(ReadAudit)


@pytest.mark.parametrize("chain", [(), CHAIN[:1], ("33" * 32, CHAIN[0])])
def test_the_same_leaf_with_a_chain_that_lacks_something_is_uploaded_again(chain):
    w = world(replace(GOOD, chain_sha256=CHAIN))
    w.answers[ReadCertificate] = replace(HELD, chain_sha256=chain)
    end = w.run(custom_domain(ORDER))
    assert len(w.of(UploadCertificate)) == 1
    assert (end.summary["adopted"], end.summary["platform_audit_id"]) == (False, "a1")


@pytest.mark.parametrize("chain", [None, (*CHAIN, "33" * 32), CHAIN[::-1]])
def test_a_chain_that_is_not_told_or_only_dressed_otherwise_is_left_alone(chain):
    w = world(replace(GOOD, chain_sha256=CHAIN))
    w.answers[ReadCertificate] = replace(HELD, chain_sha256=chain)
    w.run(custom_domain(ORDER))
    assert not w.of(UploadCertificate)


def test_a_resumed_run_has_its_horizon_anew_and_its_figures_from_its_first_start():
    pauses: list[float] = []
    w = world(served=BEHIND)

    def later(effect: object) -> AuditSeen:
        if not pauses:  # failed here on one day, taken up again five days later
            pauses.append(w.now)
            w.now += 5 * 86_400.0
            w.resumed, w.deadline = 1, w.now + ORDER.horizon
        return AuditSeen((), 1)

    w.answers[ReadAudit] = later
    end = w.run(custom_domain(ORDER))
    assert len(w.of(ReadAudit)) > 3, "the platform's entry is waited for anew"
    assert len(w.of(ProbeEdges)) > 3, "and so are the edges"
    assert w.now == w.deadline
    assert end.status == "unverified"
    assert (end.summary["resumed"], end.summary["latency_ms"]) == (1, (w.now - 1_000_000.0) * 1000)


def test_a_run_cut_at_every_segment_does_and_ends_the_same():
    whole, cut = world(served=[BEHIND] * 5 + [SERVED]), world(served=[BEHIND] * 5 + [SERVED])
    end = whole.run(custom_domain(ORDER))
    assert cut.cut(custom_domain, ORDER) == end
    assert [e for e in cut.done if type(e) is not Segment] == [
        e for e in whole.done if type(e) is not Segment
    ]
