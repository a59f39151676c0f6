"""What the handlers of the guide dialect work on: clock, state, DNS, and the edges behind doors."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from .clock import VirtualClock
from .mail_look import MailLook
from .seed import Seed
from .state import AuditEntry, OAuthClient, State
from .upload import Upload

Deploy = Callable[[str, Upload, float], None]  # domain, upload, instant it is served from
Withdraw = Callable[[str], None]
DeployFailed = Callable[[str], bool]
SetPins = Callable[[OAuthClient], None]


@dataclass(slots=True)
class Platform:
    clock: VirtualClock
    seed: Seed
    state: State
    look: MailLook
    strict: bool
    deploy: Deploy
    withdraw: Withdraw
    deploy_failed: DeployFailed
    set_pins: SetPins

    def instant(self, seconds: float) -> str:
        """RFC 3339, UTC, milliseconds, as the platform writes dates."""
        moment = datetime.fromtimestamp(seconds, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def audit(self, actor: str, event_type: str, target_id: str) -> AuditEntry:
        """A `customdomain.update` entry, readable once the audit lag has passed."""
        now = self.clock.now()
        return AuditEntry(
            id=new_id(),
            event_id="customdomain.update",
            event_type=event_type,
            entity_type="customdomain",
            timestamp=now,
            visible_at=now + self.seed.hostile.audit_lag_seconds,
            actor_id=actor,
            target_id=target_id,
            status="SUCCESS",
        )


def new_id() -> str:
    return str(uuid.uuid4())
