"""The catalogue of what can be wrong with a BIMI record."""

from __future__ import annotations

from ..findings import Rule, Severity

# fmt: off
_INFO, _ERROR = Severity.INFO, Severity.ERROR
_DRAFT = "draft-brand-indicators-for-message-identification section "

SEVERAL = Rule(
    "bimi.several", "BIMI-01", _ERROR,
    "{subject} has {count} BIMI records; receivers then use none",
    "No logo is shown.",
    "Keep one.", _DRAFT + "7.2", "two TXT records v=BIMI1 at default._bimi.example.com",
)
MALFORMED = Rule(
    "bimi.malformed", "BIMI-01", _ERROR,
    "The BIMI record of {subject} is not valid: {reason}",
    "Receivers pass it over, and no logo is shown.",
    'Publish "v=BIMI1; l=https://<host>/<logo>.svg; a=https://<host>/<certificate>.pem".',
    _DRAFT + "4.3", '"v=bimi1; l=https://example.com/logo.svg"',
)
LOCATION = Rule(
    "bimi.bad-location", "BIMI-01", _ERROR,
    "{tag}= in the BIMI record of {subject} is not usable: {reason}",
    "Logo and certificate are fetched by HTTPS only, and the logo has to be SVG.",
    "Write one https:// URI.", _DRAFT + "4.3", "l=http://example.com/logo.svg",
)
DECLINED = Rule(
    "bimi.declined", "BIMI-01", _INFO,
    "{subject} declines to take part in BIMI",
    "An empty l= says that no logo is to be shown for this name.",
    "Nothing to do, unless a logo is wanted.", _DRAFT + "4.3.1", '"v=BIMI1; l=; a="',
)
WEAK_DMARC = Rule(
    "bimi.weak-dmarc", "BIMI-02", _ERROR,
    "The DMARC policy of {subject} is too weak for BIMI: {reason}",
    "Receivers show a logo only for domains whose forgeries they refuse.",
    "Go to p=quarantine or p=reject, sub-domains included, without t=y.",
    _DRAFT + "7.1", "default._bimi.example.com beside p=none",
)

BIMI_RULES: tuple[Rule, ...] = (SEVERAL, MALFORMED, LOCATION, DECLINED, WEAK_DMARC)
