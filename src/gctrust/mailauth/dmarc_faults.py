"""The finding for each fault of a DMARC record's text."""

from __future__ import annotations

from ..findings import Finding, finding
from . import dmarc_rules as rules
from .dmarc_record import DmarcRecord, Fault, FaultKind

_RULE_OF_FAULT = {
    FaultKind.SYNTAX: rules.SYNTAX,
    FaultKind.UNKNOWN_TAG: rules.UNKNOWN_TAG,
    FaultKind.DUPLICATE: rules.DUPLICATE_TAG,
    FaultKind.HISTORIC: rules.HISTORIC,
    FaultKind.POLICY: rules.BAD_POLICY,
    FaultKind.SUB_POLICY: rules.BAD_SUB_POLICY,
    FaultKind.MODE: rules.BAD_MODE,
    FaultKind.PSD: rules.BAD_PSD,
    FaultKind.TESTING: rules.BAD_TESTING,
    FaultKind.FAILURE_OPTIONS: rules.FAILURE_OPTIONS,
    FaultKind.URI: rules.BAD_URI,
    FaultKind.URI_SIZE: rules.URI_SIZE,
}


def fault_finding(fault: Fault, name: str, record: DmarcRecord) -> Finding:
    effect = "act as for p=none" if record.applies else "do no DMARC processing"
    return finding(
        _RULE_OF_FAULT[fault.kind],
        name,
        tag=fault.tag,
        value=fault.value,
        reason=fault.reason,
        effect=effect,
    )
