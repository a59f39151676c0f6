"""`gctrust pins rotate --from FILE`: the pins of many clients, each a rotation of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bulk import Looked, Waves, order_list
from .bulk_list import folder_of
from .bulk_orders import PINS, rotations
from .exit_codes import ExitCode
from .pins_order import NO_BACKUP, Clients, Declared, Files, Pace, order_like
from .pins_plan import flags_of, pin_of
from .session import Options

if TYPE_CHECKING:
    from .. import app as composition
    from ..pipelines.orders import Item

Given = tuple[Files, Clients, Pace, Declared]


async def rotate_list(
    app: composition.App,
    options: Options,
    waves: Waves,
    given: Given,
    *,
    yes: bool,
    wait: float | None,
) -> ExitCode:
    """Raises Problem bulk.*, cli.*."""
    files, clients, pace, declared = given
    one_client = (*files.settings().values(), files.old_key, files.backup_key, files.expect_pin)
    waves.check(*map(str, filter(None, (*one_client, clients.clients))))
    like = order_like(app, clients, pace, declared)
    listed = waves.read(PINS, rotations(like, folder_of(waves.source)))
    command = f"gctrust pins rotate{flags_of(clients, pace, declared)}"
    attached = like.soak + like.drain + like.confirm + 180.0 if wait is None else wait
    allowed = not any(_hazards(item) for item in listed.items)
    return await order_list(
        app, options, waves, listed, command, yes=yes and allowed, wait=attached, look=_looked
    )


def _hazards(item: Item) -> tuple[str, ...]:
    from ..pipelines.orders import PinRotationOrder

    assert isinstance(item, PinRotationOrder)
    return () if item.backup or NO_BACKUP in item.allow else (NO_BACKUP,)


async def _looked(item: Item) -> Looked:
    """Raises Problem file.*."""
    from ..pipelines.orders import PinRotationOrder

    assert isinstance(item, PinRotationOrder)
    new, old = pin_of(item.new, item.kind), pin_of(item.old, item.kind)
    return Looked(f"publish {new} beside {old}", hazards=_hazards(item))
