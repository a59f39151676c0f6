"""Records what the steps of the three journeys answered, for test_recorded.py to replay for ever.

PYTHONPATH=tests/crash:tests/faults python tests/runner/record_journeys.py NAME: writes
recorded/NAME/*.json. To be run for a release, never over the recordings of an earlier one: those
are the histories that its users have.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import sys
from pathlib import Path

from arena import arena
from voyage import voyage

from gctrust.runner.codec import Codec

HERE = Path(__file__).parent
HOME = Path("/tmp/gctrust-recorded")  # it is in the orders: the same wherever it is recorded


async def record(folder: Path) -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir()
    with arena(HOME) as house:
        for journey in ("email-domain", "custom-domain", "pin-rotation"):
            order = house.order(journey, 1)
            async with voyage(house) as trip:
                run = await trip.ended(order)
                assert run.status == "succeeded", run
                store = trip.app.store.name
            steps = answers(store, run.id)
            told = {"order": Codec().encode(order), "end": Codec().encode(run.end), "steps": steps}
            text = json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False)
            (folder / f"{journey}.json").write_text(text + "\n", "utf-8")
    shutil.rmtree(HOME)


def answers(store: str, run: str) -> list[dict[str, object]]:
    """Each step's name and answer, as the engine keeps them."""
    query = (
        "SELECT function_name, output FROM operation_outputs "
        "WHERE workflow_uuid = ? ORDER BY function_id"
    )
    with sqlite3.connect(store) as connection:
        rows = connection.execute(query, (run,)).fetchall()
    return [{"name": name, "answer": json.loads(output)} for name, output in rows]


if __name__ == "__main__":
    place = HERE / "recorded" / sys.argv[1]
    place.mkdir(parents=True)
    asyncio.run(record(place))
