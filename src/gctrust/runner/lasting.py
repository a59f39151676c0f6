"""A background job that outlives passing faults (a store that is full, locked or away) and its
own defects."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from sqlalchemy.exc import SQLAlchemyError

from ..errors import Problem

_LOG = logging.getLogger(__name__)
AGAIN = 1.0  # seconds until a job that was thrown out begins again


async def lasting(
    job: Callable[[], Awaitable[object]], passing: tuple[type[Exception], ...] = (SQLAlchemyError,)
) -> None:
    """Runs until it is cancelled. What is `passing` is not told."""
    faults: tuple[type[Exception], ...] = (Problem, *passing)
    while True:
        try:
            await job()
        except faults:
            pass
        except Exception as error:  # a defect of one job must not end it for good, nor quietly
            place = error.__traceback__ and error.__traceback__.tb_next
            line = place.tb_lineno if place else 0
            _LOG.error("%s in a background job, line %d", type(error).__name__, line)
        await asyncio.sleep(AGAIN)
