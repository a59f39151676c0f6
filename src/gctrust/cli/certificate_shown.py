"""How the judgement of a certificate is shown: its candidate paths one certificate a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ..findings import Finding
from .findings_shown import findings_blocks
from .output import Block, Heading, visible_line

if TYPE_CHECKING:
    from ..adapters.tls.certificate_check import Looked
    from ..certs.path import CandidatePath
    from ..certs.report import CertificateReport, LeafFacts

MOST_PATHS, MOST_REPAIRS = 8, 12


@dataclass(frozen=True, slots=True)
class FlawShown:
    """Why a path is refused: a word for it, the certificate, the sentence."""

    kind: str
    certificate: str
    detail: str


@dataclass(frozen=True, slots=True)
class PathShown:
    """A candidate path, leaf first; `ends` says where it stops."""

    certificates: tuple[str, ...]
    ends: str
    good: bool
    flaws: tuple[FlawShown, ...]

    @classmethod
    def of(cls, path: CandidatePath) -> PathShown:
        return cls(
            tuple(one.label for one in path.certificates),
            path.ends,
            path.good,
            tuple(FlawShown(flaw.kind, flaw.where, flaw.detail) for flaw in path.flaws),
        )


@dataclass(frozen=True, slots=True)
class CertificateChecked:
    """`accepted` is the path's verdict, `reason` why not; `bundle` the repaired chain as PEM.

    `changes` says what differs from the certificate of --diff, `gathered` what was fetched or at
    hand beside the files. `answers_from` names the sandbox whose DNS was asked, when it was one's.
    """

    accepted: bool
    reason: str
    leaf: LeafFacts | None
    paths: tuple[PathShown, ...]
    repairs: tuple[str, ...]
    bundle: str
    findings: tuple[Finding, ...]
    not_judged: tuple[str, ...]
    changes: tuple[str, ...]
    gathered: tuple[str, ...]
    answers_from: str = ""

    @classmethod
    def of(cls, looked: Looked, changes: tuple[str, ...], source: str = "") -> CertificateChecked:
        report = looked.report
        repaired = report.repaired_chain
        return cls(
            report.path.accepted,
            _reason(report),
            report.leaf,
            tuple(PathShown.of(path) for path in report.path.tried[:MOST_PATHS]),
            repaired.changes if repaired else (),
            repaired.pem if repaired else "",
            report.findings,
            report.not_judged,
            changes,
            looked.gathered,
            source,
        )


def _reason(report: CertificateReport) -> str:
    """The first flaw of the path that went furthest says more than the verifier's own words."""
    path = report.path
    flaw = next((flaw for tried in path.tried[:1] for flaw in tried.flaws), None)
    if path.accepted or path.reason == "revoked" or flaw is None:
        return path.reason
    return f"{flaw.where}: {flaw.detail}"


def certificate_blocks(title: str, shown: CertificateChecked) -> Iterator[Block]:
    """What the certificates say of themselves cannot pass for a line of ours."""
    for block in _blocks(title, shown):
        yield visible_line(block) if isinstance(block, str) else block


def _blocks(title: str, shown: CertificateChecked) -> Iterator[Block]:
    if shown.answers_from:
        yield f"answers from {shown.answers_from}"
    accepted = "a path to a root is accepted" if shown.accepted else f"refused: {shown.reason}"
    yield Heading(f"{title}  {accepted}")
    if shown.leaf is not None:
        leaf = shown.leaf
        yield f"  subject {leaf.subject}, issuer {leaf.issuer}"
        yield f"  valid {_date(leaf.not_before)} to {_date(leaf.not_after)}"
        yield f"  sha256 {leaf.sha256}, key {leaf.spki_sha256}"
    for number, path in enumerate(shown.paths, 1):
        yield from _path_lines(number, path)
    yield from (f"  repaired: {change}" for change in shown.repairs[:MOST_REPAIRS])
    if len(shown.repairs) > MOST_REPAIRS:
        yield f"  repaired: {len(shown.repairs) - MOST_REPAIRS} more like these (--json has all)"
    yield from (f"  against the old one: {change}" for change in shown.changes)
    yield from (f"  {line}" for line in shown.gathered)
    yield from findings_blocks(shown.findings, shown.not_judged)


def _path_lines(number: int, path: PathShown) -> Iterator[str]:
    """Each flaw under the certificate it is about."""
    yield f"  path {number}: {'good' if path.good else 'refused'}, ends: {path.ends}"
    left = list(path.flaws)
    for depth, label in enumerate(path.certificates):
        yield f"    {'  ' * depth}{'signed by ' if depth else ''}{label}"
        here = [flaw for flaw in left if flaw.certificate == label]
        left = [flaw for flaw in left if flaw.certificate != label]
        yield from (f"    {'  ' * depth}  ! {flaw.detail}" for flaw in here)
    yield from (f"      ! {flaw.certificate}: {flaw.detail}" for flaw in left)


def _date(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z" if moment else "a time that cannot be read"
