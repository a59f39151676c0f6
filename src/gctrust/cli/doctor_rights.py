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
    from ..adapters.genesys.wire_platform import Grants

NAMESPACES: Final = ("platform.api", "email")
ROLE_NAME: Final = "Trust keeper"


@dataclass(frozen=True, slots=True)
class Rights:
    """`role` is the role to create, as the body of POST /api/v2/authorization/roles; "" where the
    client holds what it needs. `missing` is empty also where the platform does not tell."""

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
    from ..adapters.genesys.dialects import ROLE_PERMISSIONS
    from ..adapters.genesys.published import Published

    needed = ", ".join(ROLE_PERMISSIONS)
    role = role_body(ROLE_PERMISSIONS)
    try:
        held = await Published(inquiry).grants()
    except Problem as problem:
        if not _untold(problem):
            raise
        return Rights(f"the platform does not tell them; a role needs: {needed}", role=role)
    if not held.permissions:
        seen = f"the platform tells none of this client's; a role needs: {needed}"
        return Rights(seen, role=role)
    if missing := tuple(one for one in ROLE_PERMISSIONS if not held.allow(one)):
        return Rights(f"lacking: {', '.join(missing)}", held.roles, missing, role)
    return Rights(f"the permissions {needed}, by the roles {', '.join(held.roles)}{_less(held)}")


def _less(held: Grants) -> str:
    """What else gctrust could do with more rights."""
    from ..adapters.genesys.dialects import MORE_PERMISSIONS

    lacking = {
        use: [one for one in permissions if not held.allow(one)]
        for use, permissions in MORE_PERMISSIONS.items()
    }
    told = "; ".join(f"{use} needs {', '.join(some)}" for use, some in lacking.items() if some)
    return f". Not held: {told}" if told else ""


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
    told = "What gctrust needs to keep email domains and data-action certificates in order."
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
