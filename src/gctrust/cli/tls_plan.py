"""What one deployment would do, looked at and not done: for the plans of `gctrust tls`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bulk import Looked

if TYPE_CHECKING:
    from .. import app as composition
    from ..findings import Finding
    from ..pipelines.deploy_plan import DeploymentPlan
    from ..pipelines.orders import CustomDomainOrder


async def planned_of(
    app: composition.App, order: CustomDomainOrder
) -> tuple[DeploymentPlan, tuple[Finding, ...], bool]:
    """What an order would do, what was found, and whether nothing would be sent."""
    from ..pipelines.deploy_plan import DeploymentPlan, plan_deployment, refusal, with_history
    from ..pipelines.effects import AssessFiles, ReadCertificate

    domains = app.custom_domains
    judged = await domains.assess(AssessFiles(order.files, order.domain, order.profile))
    refused = refusal(order, judged)
    if refused is not None:
        return DeploymentPlan("nothing"), refused + judged.findings, True
    held = await domains.read(ReadCertificate(order.domain))
    return plan_deployment(order, judged, held), with_history(judged, held).findings, False


async def looked(app: composition.App, order: CustomDomainOrder) -> Looked:
    """The same for one of many."""
    plan, found, refused = await planned_of(app, order)
    if refused:
        return Looked(plan.action, found, refused=True)
    hazards = tuple(one.rule for one in plan.forbidden(order.allow))
    return Looked(plan.action, plan.hazards, hazards)
