"""What `gctrust doctor` says of rights and limits in the published dialect: permissions, held
through roles, and how many domains and requests the organisation may have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..errors import Problem

if TYPE_CHECKING:
    from .. import app as composition

NAMESPACES: Final = ("platform.api", "email")


async def token_owner(app: composition.App) -> str:
    """ "of the client NAME in ORGANISATION"; empty where the platform does not tell it."""
    from ..adapters.genesys.published import Published

    if app.settings.dialect != "platform":
        return ""
    try:
        owner = await Published(app.inquiry).owner()
    except Problem as problem:
        if not _untold(problem):
            raise
        return ""
    return f" of the client {owner.client!r} in the organisation {owner.organisation!r}"


async def permissions_held(app: composition.App) -> str:
    """Raises Problem genesys.forbidden with the role to create, where permissions are missing."""
    from ..adapters.genesys.dialects import ROLE_PERMISSIONS
    from ..adapters.genesys.problems import FORBIDDEN
    from ..adapters.genesys.published import Published

    needed = ", ".join(ROLE_PERMISSIONS)
    try:
        held = await Published(app.inquiry).grants()
    except Problem as problem:
        if not _untold(problem):
            raise
        return f"the platform does not tell them; a role needs: {needed}"
    if not held.permissions:
        return f"the platform tells none of this client's; a role needs: {needed}"
    missing = [one for one in ROLE_PERMISSIONS if not held.allow(one)]
    if not missing:
        return f"the permissions {needed}, by the roles {', '.join(held.roles)}"
    facts = {"missing": missing, "roles": list(held.roles)}
    raise Problem(
        FORBIDDEN,
        facts,
        f"Create a role, for instance 'Trust keeper', with exactly these permissions: {needed};"
        f" give it to the OAuth client, in the division of its domains. Missing now:"
        f" {', '.join(missing)}.",
    )


async def organisation_limits(app: composition.App) -> list[str]:
    """ "key value" of each limit that matters; none where the platform tells none."""
    from ..adapters.genesys.published import Published

    if app.settings.dialect != "platform":
        return []
    told = []
    for namespace in NAMESPACES:
        try:
            limits = await Published(app.inquiry).limits(namespace)
        except Problem as problem:
            if not _untold(problem):
                raise
            continue
        told += [f"{one.key} {one.value}" for one in limits]
    return told


def _untold(problem: Problem) -> bool:
    """Whether the call is not there, or not for this client: that is no trouble of its own."""
    return problem.code in ("genesys.not-found", "genesys.forbidden", "genesys.bad-request")
