"""What the handlers of both dialects work on: clock, state, DNS, and the edges behind doors."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from .action_certificates import DataActions
from .clock import VirtualClock
from .journal import Journal
from .mail_look import MailLook
from .oauth import Tokens
from .seed import Seed
from .state import AuditEntry, OAuthClient, State
from .upload import Upload
from .zone.data import Record

Deploy = Callable[[str, Upload, float], None]  # domain, upload, instant it is served from
Withdraw = Callable[[str], None]
DeployFailed = Callable[[str], bool]
SetPins = Callable[[OAuthClient], None]
Publish = Callable[[Sequence[Record]], None]  # records of the vendor's own zones
TemplateOf = Callable[[str, str], str]  # method and path, to the path's template


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
    publish: Publish
    template_of: TemplateOf
    journal: Journal
    tokens: Tokens
    roots_pem: str
    data_actions: DataActions
    ses_key: str = ""  # the public half of SES's DKIM key, made when first needed

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
