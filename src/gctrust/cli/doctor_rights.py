"""What `gctrust doctor` says of rights and limits in the published dialect: permissions, held
through roles, and how many domains and requests the organisation may have."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..errors import Problem

if TYPE_CHECKING:
    from ..adapters.genesys.inquiry import Inquiry

NAMESPACES: Final = ("platform.api", "email")
ROLE_NAME: Final = "Trust keeper"


@dataclass(frozen=True, slots=True)
class Rights:
    """`role` is the role to create, as the body of POST /api/v2/authorization/roles; "" where the
    client holds all. `missing` is empty where no journey is barred, or the platform tells nothing.
    """

    seen: str
    roles: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    role: str = ""

    @property
    def fix(self) -> str:
        return (
            f"Create the role below, or give a role of the OAuth client {', '.join(self.missing)},"
            " in the division of its domains."
        )


async def token_owner(inquiry: Inquiry) -> str:
    """ "of the client NAME in ORGANISATION"; empty where the platform does not tell it."""
    from ..adapters.genesys.published import Published

    if inquiry.dialect != "platform":
        return ""
    try:
        owner = await Published(inquiry).owner()
    except Problem as problem:
        if not _untold(problem):
            raise
        return ""
    return f" of the client {owner.client!r} in the organisation {owner.organisation!r}"


async def permissions_held(inquiry: Inquiry) -> Rights:
    """Of every permission that a call of the published dialect needs. Only a journey that is barred
    is a problem; what else could be done with more rights is told."""
    from ..adapters.genesys.dialects import JOURNEYS, permissions_by_use
    from ..adapters.genesys.published import Published

    uses = permissions_by_use()
    needed = tuple(dict.fromkeys(one for some in uses.values() for one in some))
    role = role_body(needed)
    try:
        held = await Published(inquiry).grants()
    except Problem as problem:
        if not _untold(problem):
            raise
        return Rights(
            f"the platform does not tell them; a role needs: {', '.join(needed)}", role=role
        )
    if not held.permissions:
        seen = f"the platform tells none of this client's; a role needs: {', '.join(needed)}"
        return Rights(seen, role=role)
    missing = tuple(one for one in needed if not held.allow(one))
    if not missing:
        told = f"all permissions that are used, {', '.join(needed)}"
        return Rights(f"{told}, by the roles {', '.join(held.roles)}")
    lacking = {use: [one for one in some if one in missing] for use, some in uses.items()}
    told = "; ".join(f"{use} needs {', '.join(some)}" for use, some in lacking.items() if some)
    if any(lacking[use] for use in JOURNEYS):
        return Rights(f"lacking: {told}", held.roles, missing, role)
    return Rights(
        f"the journeys' permissions, by the roles {', '.join(held.roles)}. Not held: {told}",
        role=role,
    )


def role_body(permissions: Iterable[str]) -> str:
    """The role with exactly these permissions, as the published API creates one: its model
    DomainOrganizationRoleCreate, actions gathered by entity."""
    actions: dict[tuple[str, str], list[str]] = {}
    for permission in permissions:
        domain, entity, action = permission.split(":")
        actions.setdefault((domain, entity), []).append(action)
    policies = [
        {"domain": domain, "entityName": entity, "actionSet": some}
        for (domain, entity), some in actions.items()
    ]
    told = "What gctrust needs to keep domains, certificates and secrets in order."
    return json.dumps({"name": ROLE_NAME, "description": told, "permissionPolicies": policies})


async def organisation_limits(inquiry: Inquiry) -> list[str]:
    """ "key value" of each limit that matters; none where the platform tells none."""
    from ..adapters.genesys.published import Published

    if inquiry.dialect != "platform":
        return []
    told = []
    for namespace in NAMESPACES:
        try:
            limits = await Published(inquiry).limits(namespace)
        except Problem as problem:
            if not _untold(problem):
                raise
            continue
        told += [f"{one.key} {one.value}" for one in limits]
    return told


def _untold(problem: Problem) -> bool:
    """Whether the call is not there, or not for this client: that is no trouble of its own."""
    return problem.code in ("genesys.not-found", "genesys.forbidden", "genesys.bad-request")
