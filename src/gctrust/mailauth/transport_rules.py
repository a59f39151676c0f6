"""The catalogue of records about mail in transit: MTA-STS, TLS reporting, DANE and CAA."""

from __future__ import annotations

from ..findings import Rule, Severity

# fmt: off
_INFO, _WARN, _ERROR, _ = Severity

STS_SEVERAL = Rule(
    "mta-sts.several", "STS-01", _ERROR,
    "{subject} has {count} MTA-STS records; senders then use none",
    "Mail is sent as if there were no policy.",
    "Keep one.", "RFC 8461 section 3.1", "two TXT records v=STSv1 at _mta-sts.example.com",
)
STS_MALFORMED = Rule(
    "mta-sts.malformed", "STS-01", _ERROR,
    "The MTA-STS record of {subject} is not valid: {reason}",
    "Senders ignore it, and mail is sent as if there were no policy.",
    'Publish "v=STSv1; id=<letters and digits>;".', "RFC 8461 section 3.1",
    "v=STSv1; id=2026-01-01",
)
RPT_SEVERAL = Rule(
    "tls-rpt.several", "RPT-01", _ERROR,
    "{subject} has {count} TLS reporting records; senders then use none",
    "No report about failed TLS arrives.",
    "Keep one, with all addresses in its rua.", "RFC 8460 section 3",
    "two TXT records v=TLSRPTv1 at _smtp._tls.example.com",
)
RPT_MALFORMED = Rule(
    "tls-rpt.malformed", "RPT-01", _ERROR,
    "The TLS reporting record of {subject} is not valid: {reason}",
    "Senders ignore it, and no report about failed TLS arrives.",
    'Publish "v=TLSRPTv1; rua=mailto:<address>".', "RFC 8460 section 3", "v=TLSRPTv1 without rua",
)
RPT_URI = Rule(
    "tls-rpt.bad-address", "RPT-01", _ERROR,
    "TLS reports of {subject} cannot be sent to {uri}: {reason}",
    "Reports go by mail or by HTTPS, nothing else.",
    "Write mailto:<address> or https://<host>/<path>.", "RFC 8460 section 3",
    "rua=tls@example.com",
)
RPT_MISSING = Rule(
    "tls-rpt.missing", "RPT-02", _INFO,
    "{subject} uses {policy} and has no TLS reporting record",
    "When senders cannot deliver because of the policy, nobody hears of it.",
    'Publish TXT "v=TLSRPTv1; rua=mailto:<address>" at _smtp._tls.', "RFC 8460 section 1",
    "_mta-sts.example.com without _smtp._tls.example.com",
)
DANE_USAGE = Rule(
    "dane.unusable-usage", "DANE-02", _ERROR,
    "A TLSA record at {subject} has the usage {usage}, which mail servers do not use",
    "For SMTP only 2 (an issuer) and 3 (the server's own key) count; others are ignored.",
    "Publish usage 3, selector 1, matching type 1.", "RFC 7672 section 3.1.3", "TLSA 1 1 1",
)
DANE_MALFORMED = Rule(
    "dane.malformed", "DANE-02", _ERROR,
    "A TLSA record at {subject} cannot match any certificate: {reason}",
    "Senders find no usable record, or refuse to deliver.",
    "Publish usage 3, selector 1, matching type 1 and the SHA-256 of the server's key.",
    "RFC 6698 section 2.1", "TLSA 3 1 1 with 20 octets",
)
CAA_MALFORMED = Rule(
    "caa.malformed", "DNS-01", _WARN,
    "The CAA record {tag} {value!r} of {subject} is not valid and so allows no issuer",
    "A certificate that is renewed by itself fails on the day it is due.",
    'Write the issuer\'s domain, then ";" and name=value parameters.', "RFC 8659 section 4.2",
    'issue "https://ca.example"',
)
CAA_CRITICAL = Rule(
    "caa.unknown-critical", "DNS-01", _WARN,
    "{subject} has a CAA record {tag} marked critical, which issuers do not know",
    "No issuer may give out a certificate then.",
    "Clear the critical flag (128), or correct the tag.", "RFC 8659 section 4.1",
    '128 isue "ca.example"',
)

TRANSPORT_RULES: tuple[Rule, ...] = (
    STS_SEVERAL, STS_MALFORMED, RPT_SEVERAL, RPT_MALFORMED, RPT_URI, RPT_MISSING, DANE_USAGE,
    DANE_MALFORMED, CAA_MALFORMED, CAA_CRITICAL,
)
