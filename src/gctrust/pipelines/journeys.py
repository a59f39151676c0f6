"""Every pipeline by the name that runs, orders and the command line use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .client_secret import client_secret
from .custom_domain import custom_domain
from .data_actions import data_actions
from .effect import Pipeline
from .email_domain import email_domain
from .many import many
from .orders import RunEnd
from .pin_rotation import pin_rotation
from .platform_trust import platform_trust
from .scheduled_check import scheduled_check


def journeys() -> Mapping[str, Callable[[Any], Pipeline[RunEnd]]]:
    return {
        "email-domain": email_domain,
        "custom-domain": custom_domain,
        "pin-rotation": pin_rotation,
        "many": many,
        "platform-trust": platform_trust,
        "data-actions": data_actions,
        "client-secret": client_secret,
        "check": scheduled_check,
    }
