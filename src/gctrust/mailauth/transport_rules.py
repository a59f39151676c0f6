"""The catalogue of mail in transit: MTA-STS, STARTTLS, TLS reporting, DANE and CAA."""

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
STS_UNAVAILABLE = Rule(
    "mta-sts.policy-unavailable", "STS-02", _ERROR,
    "The MTA-STS policy at {subject} cannot be had: {reason}",
    "Senders that know no policy yet deliver without one; the record promises what is not there.",
    "Serve it with status 200 and no redirect, under a certificate that is valid for the name.",
    "RFC 8461 section 3.3", "a redirect from mta-sts.example.com to www.example.com",
)
STS_MEDIA_TYPE = Rule(
    "mta-sts.media-type", "STS-02", _ERROR,
    "The MTA-STS policy at {subject} is served as {media_type!r}, not as text/plain",
    "Senders that guard against uploads by strangers refuse it.",
    "Serve it with Content-Type: text/plain.", "RFC 8461 section 3.2",
    "Content-Type: text/html",
)
STS_POLICY = Rule(
    "mta-sts.bad-policy", "STS-03", _ERROR,
    "The MTA-STS policy at {subject} is not valid: {reason}",
    "Senders take an invalid policy for none.",
    "Correct it; it needs version, mode, max_age and, unless mode is none, mx.",
    "RFC 8461 section 3.2", "mode: enforced",
)
STS_NOT_COVERED = Rule(
    "mta-sts.exchange-not-covered", "STS-04", _ERROR,
    "The MTA-STS policy (mode {mode}) at {subject} has no mx pattern for the exchange {exchange}",
    "With mode enforce, senders do not deliver to it at all.",
    "Add the exchange to the policy, then change the id of the record.",
    "RFC 8461 section 4.1", "mx: *.example.com and the exchange a.b.example.com",
)
STS_MODE = Rule(
    "mta-sts.not-enforced", "STS-05", _WARN,
    "The MTA-STS policy of {subject} has mode {mode}: it protects nothing",
    "testing only reports; none withdraws the policy.",
    "Once the reports show no failures, set mode: enforce and change the id.",
    "RFC 8461 section 5", "mode: testing",
)
STS_SHORT = Rule(
    "mta-sts.short-max-age", "STS-05", _WARN,
    "Senders forget the MTA-STS policy of {subject} after {seconds} seconds",
    "An attacker who can hold off one refresh is rid of the policy.",
    "Set max_age to weeks, such as 2592000.", "RFC 8461 section 3.2", "max_age: 3600",
)
STS_SAME_ID = Rule(
    "mta-sts.id-unchanged", "STS-05", _WARN,
    "The MTA-STS policy of {subject} changed, yet its id is still {id}",
    "Senders fetch a new policy only when the id differs from the one they know.",
    "Give the record a new id with every change of the policy.", "RFC 8461 section 3.1",
    "an exchange added to the policy under the old id",
)
NO_STARTTLS = Rule(
    "starttls.not-offered", "TLS-01", _WARN,
    "The exchange {exchange} of {subject} does not offer STARTTLS",
    "Mail to it crosses the network in the clear.",
    "Turn on TLS in its SMTP server.", "RFC 3207 section 4", "an EHLO answer without STARTTLS",
)
HANDSHAKE = Rule(
    "starttls.handshake-failed", "TLS-01", _WARN,
    "The exchange {exchange} of {subject} offers STARTTLS, and the handshake fails: {reason}",
    "Senders fall back to clear text, or keep the mail.",
    "Look at the server's TLS settings.", "RFC 3207 section 4.1",
    "a server that speaks only SSL 3",
)
OLD_TLS = Rule(
    "starttls.old-version", "TLS-01", _WARN,
    "The exchange {exchange} of {subject} speaks {version} only",
    "TLS 1.0 and 1.1 are withdrawn; senders refuse them more and more.",
    "Turn on TLS 1.2 and 1.3.", "RFC 8996 section 1", "a server that ends at TLS 1.1",
)
UNTRUSTED = Rule(
    "starttls.untrusted", "TLS-01", _WARN,
    "The certificate of the exchange {exchange} of {subject} does not verify: {reason}",
    "Without MTA-STS senders accept it; with an enforced policy they do not deliver.",
    "Install a certificate for the exchange's name that a public CA issued.",
    "RFC 8461 section 4.2", "a self-signed certificate",
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
DANE_INSECURE = Rule(
    "dane.insecure", "DANE-01", _ERROR,
    "TLSA records at {subject} do not count: {reason} not secured by DNSSEC",
    "Whoever can forge the MX or the address can forge the TLSA record too; senders ignore it.",
    "Sign the zones of the domain and of the exchange, with a DS record at each parent.",
    "RFC 7672 section 2.2", "TLSA in a signed zone, the MX in an unsigned one",
)
DANE_MISMATCH = Rule(
    "dane.mismatch", "DANE-03", _ERROR,
    "No TLSA record at {subject} matches the certificates that the exchange presents",
    "Senders that know DANE do not deliver to it.",
    "Publish the TLSA of the key in use.", "RFC 7672 section 3.2",
    "a certificate renewed with a new key",
)
DANE_NO_NEXT = Rule(
    "dane.no-next-key", "DANE-03", _INFO,
    "TLSA records at {subject} name one key only, the one in use",
    "A change of the key without its TLSA published days before stops the mail.",
    "Before the key changes, publish the next one's TLSA beside this one.",
    "RFC 7671 section 8.1", "a single TLSA 3 1 1",
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
    STS_SEVERAL, STS_MALFORMED, STS_UNAVAILABLE, STS_MEDIA_TYPE, STS_POLICY, STS_NOT_COVERED,
    STS_MODE, STS_SHORT, STS_SAME_ID, NO_STARTTLS, HANDSHAKE, OLD_TLS, UNTRUSTED, RPT_SEVERAL,
    RPT_MALFORMED, RPT_URI, RPT_MISSING, DANE_USAGE, DANE_MALFORMED, DANE_INSECURE, DANE_MISMATCH,
    DANE_NO_NEXT, CAA_MALFORMED, CAA_CRITICAL,
)
