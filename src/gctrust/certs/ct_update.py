"""A newer CT log list, read from the JSON that Google publishes (log_list.json, version 3)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from .transparency import CtLog, LogList

MAX_BYTES = 8 << 20
_STATES = ("pending", "qualified", "usable", "readonly", "retired", "rejected")


def read_log_list(data: bytes) -> LogList:
    """Raises ValueError, in words fit for a user, when it is no log list or a damaged one."""
    if len(data) > MAX_BYTES:
        raise ValueError(f"a log list of {len(data)} octets is too big to be one")
    try:
        document = json.loads(data)
        operators = document["operators"]
        listed_at = _time(document.get("log_list_timestamp") or document["timestamp"])
        logs = [log for operator in operators for log in _logs(operator)]
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"it is no CT log list of version 3 ({error!r})"[:200]) from None
    except (ValueError, UnsupportedAlgorithm, OverflowError) as error:
        raise ValueError(f"the CT log list is damaged: {error}"[:200]) from None
    if not logs:
        raise ValueError("the CT log list names no log")
    return LogList(logs, listed_at)


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _logs(operator: dict[str, Any]) -> Iterator[CtLog]:
    for kind in ("logs", "tiled_logs"):
        for log in operator.get(kind) or ():
            yield _log(log, str(operator["name"]), tiled=kind == "tiled_logs")


def _log(log: dict[str, Any], operator: str, *, tiled: bool) -> CtLog:
    spki = base64.b64decode(log["key"], validate=True)
    load_der_public_key(spki)
    digest = hashlib.sha256(spki).digest()
    name = str(log.get("description") or log.get("name") or digest.hex()[:16])
    if base64.b64decode(log["log_id"]) != digest:
        raise ValueError(f"the id of {name} is not the digest of its key")
    state, since = _state(log)
    interval = log.get("temporal_interval") or {}
    former = ((str(o["name"]), _time(o["end_time"])) for o in log.get("previous_operators") or ())
    return CtLog(
        id=digest,
        name=name,
        operator=operator,
        spki=spki,
        tiled=tiled,
        state=state,
        since=since,
        starts=_time(interval["start_inclusive"]) if "start_inclusive" in interval else None,
        ends=_time(interval["end_exclusive"]) if "end_exclusive" in interval else None,
        former=tuple(sorted(former, key=lambda pair: pair[1])),
    )


def _state(log: dict[str, Any]) -> tuple[str, datetime]:
    states = log.get("state") or {}
    name = next((s for s in _STATES if s in states), "")
    if not name:
        return "pending", datetime(1970, 1, 1, tzinfo=UTC)
    return name, _time(states[name]["timestamp"])
