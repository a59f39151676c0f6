"""gctrust keeps the trust of a Genesys Cloud organisation in order.

Mail domains that authenticate, TLS certificates that serve, client-certificate pins that rotate.
What stands in `__all__` is the public library (docs/reference/library.md); it is loaded when used.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers take it for True; importing typing would cost 10 ms
if TYPE_CHECKING:
    from .adapters.mail.live import MailChecker as MailChecker
    from .certs.library import check_certificate as check_certificate
    from .certs.report import CertificateReport as CertificateReport
    from .findings import Finding as Finding
    from .findings import Report as Report
    from .findings import Severity as Severity
    from .mailauth.assess import DomainReport as DomainReport
    from .mailauth.bimi import parse_bimi as parse_bimi
    from .mailauth.dkim_record import parse_dkim_key as parse_dkim_key
    from .mailauth.dmarc import MailStream as MailStream
    from .mailauth.dmarc_record import parse_dmarc as parse_dmarc
    from .mailauth.library import check_domain as check_domain
    from .mailauth.mta_sts import parse_sts_record as parse_sts_record
    from .mailauth.mta_sts_policy import parse_sts_policy as parse_sts_policy
    from .mailauth.parts import Part as Part
    from .mailauth.questions import Answer as Answer
    from .mailauth.questions import Question as Question
    from .mailauth.questions import Status as Status
    from .mailauth.record_check import RecordReport as RecordReport
    from .mailauth.record_check import check_record as check_record
    from .mailauth.record_text import RequiredRecord as RequiredRecord
    from .mailauth.spf_library import check_spf as check_spf
    from .mailauth.spf_library import spf_tree as spf_tree
    from .mailauth.spf_library import what_if as what_if
    from .mailauth.spf_lint import SpfSender as SpfSender
    from .mailauth.spf_record import parse_spf as parse_spf
    from .mailauth.spf_result import SpfResult as SpfResult
    from .mailauth.spf_result import SpfVerdict as SpfVerdict
    from .mailauth.tls_rpt import parse_tls_rpt as parse_tls_rpt
    from .mailauth.zone import DictZone as DictZone
    from .names import BadName as BadName

# Public name -> the module that holds it. The block above tells type checkers the same.
_HOME = {
    "Answer": "mailauth.questions",
    "BadName": "names",
    "CertificateReport": "certs.report",
    "DictZone": "mailauth.zone",
    "DomainReport": "mailauth.assess",
    "Finding": "findings",
    "MailChecker": "adapters.mail.live",
    "MailStream": "mailauth.dmarc",
    "Part": "mailauth.parts",
    "Question": "mailauth.questions",
    "RecordReport": "mailauth.record_check",
    "Report": "findings",
    "RequiredRecord": "mailauth.record_text",
    "Severity": "findings",
    "SpfResult": "mailauth.spf_result",
    "SpfSender": "mailauth.spf_lint",
    "SpfVerdict": "mailauth.spf_result",
    "Status": "mailauth.questions",
    "check_certificate": "certs.library",
    "check_domain": "mailauth.library",
    "check_record": "mailauth.record_check",
    "check_spf": "mailauth.spf_library",
    "parse_bimi": "mailauth.bimi",
    "parse_dkim_key": "mailauth.dkim_record",
    "parse_dmarc": "mailauth.dmarc_record",
    "parse_spf": "mailauth.spf_record",
    "parse_sts_policy": "mailauth.mta_sts_policy",
    "parse_sts_record": "mailauth.mta_sts",
    "parse_tls_rpt": "mailauth.tls_rpt",
    "spf_tree": "mailauth.spf_library",
    "what_if": "mailauth.spf_library",
}
__all__ = tuple(_HOME)


def __getattr__(name: str) -> object:
    """PEP 562: a public name is imported when it is first used."""
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
