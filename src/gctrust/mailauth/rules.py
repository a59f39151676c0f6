"""The catalogue of all mail rules, by id."""

from __future__ import annotations

from collections.abc import Mapping

from ..findings import Rule, rule_catalogue
from .bimi_rules import BIMI_RULES
from .delegation_rules import DELEGATION_RULES
from .dkim_rules import DKIM_RULES
from .dmarc_rules import DMARC_RULES
from .dnssec_rules import DNSSEC_RULES
from .mx_rules import MX_RULES
from .record_rules import RECORD_RULES
from .spf_rules import SPF_RULES
from .transport_rules import TRANSPORT_RULES

MAIL_RULES: Mapping[str, Rule] = rule_catalogue(
    (
        *SPF_RULES,
        *DKIM_RULES,
        *DMARC_RULES,
        *MX_RULES,
        *RECORD_RULES,
        *DELEGATION_RULES,
        *TRANSPORT_RULES,
        *BIMI_RULES,
        *DNSSEC_RULES,
    )
)
