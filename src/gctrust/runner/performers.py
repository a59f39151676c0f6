"""Performs effects: each class of effect goes to the one method that knows how."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ..adapters.mail.check import MailCheck
from ..pipelines import check_effects as cx
from ..pipelines import effects as fx
from ..pipelines import many_effects as mx
from ..pipelines import pin_effects as px
from .perform_check import CheckPerformer
from .perform_custom_domain import CustomDomainPerformer
from .perform_email_domain import EmailDomainPerformer
from .perform_many import ManyPerformer
from .perform_pin_rotation import PinRotationPerformer
from .perform_platform import PlatformPerformers

Perform = Callable[[Any], Awaitable[object]]


class Performers:
    """The Performer of the ports. Now, Wait, Stage and Record are the driver's own."""

    def __init__(
        self,
        email: EmailDomainPerformer,
        custom: CustomDomainPerformer,
        pins: PinRotationPerformer,
        mail: MailCheck,
        many: ManyPerformer,
        platform: PlatformPerformers,
        checks: CheckPerformer,
    ) -> None:
        self._by_effect: Mapping[type, Perform] = {
            fx.FindEmailDomain: email.find,
            fx.RegisterEmailDomain: email.register,
            fx.ReadEmailDomain: email.read,
            fx.RequestVerification: email.verify,
            fx.AssessMail: mail.perform,
            fx.AssessFiles: custom.assess,
            fx.ReadCertificate: custom.read,
            fx.UploadCertificate: custom.upload,
            fx.KeepKey: custom.keep,
            fx.ForgetKeys: custom.forget,
            fx.ReadAudit: custom.audit,
            fx.ProbeEdges: custom.probe,
            cx.LookAt: checks.look,
            cx.KeepLook: checks.keep,
            mx.StartRuns: many.start,
            mx.ReadRuns: many.read,
            px.ReadPins: pins.read,
            px.ComputePins: pins.compute,
            px.WritePins: pins.write,
            px.ProbePins: pins.probe,
            px.SwitchClient: pins.switch,
            px.ReadPinUse: pins.use,
            **platform.by_effect(),
        }

    async def __call__(self, effect: fx.Effect[Any]) -> object:
        return await self._by_effect[type(effect)](effect)
