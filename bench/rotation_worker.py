"""The process that carries a plan out, and gets killed: the full pipeline, or a naive one.

    python rotation_worker.py PLAN HOME [EFFECTS]

EFFECTS is a pattern of effect names: the process kills itself once before and once after each
effect that it fits, before the outcome is stored. The naive plans use the very effects of the full
one; only their order, and their waits, differ.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gctrust.app import App, build_app
from gctrust.pipelines.effects import CertificateFiles, Pipeline, do
from gctrust.pipelines.journeys import journeys
from gctrust.pipelines.orders import PinRotationOrder, RunEnd
from gctrust.pipelines.pin_effects import (
    ClientTarget,
    ComputePins,
    PinsOfFiles,
    ReadPins,
    SwitchClient,
    WritePins,
)
from gctrust.ports import Performer
from gctrust.runner.codec import Codec
from gctrust.runner.means import Patience
from gctrust.runner.runner import Runner
from gctrust.settings import environment, load_settings

OLD, NEW, BACKUP = "old", "new", "backup"
PLANS = {
    "replace-first": "replace the pin first",
    "switch-first": "switch clients first",
    "no-wait": "overlap without waiting",
    "full": "full plan",
}


def order_for(home: Path, client: str, clients: int, sample: int = 303) -> PinRotationOrder:
    """Waits as the harness needs them: replicas take 40 s at most, clients reload within 30 s."""
    targets = tuple(
        ClientTarget(f"app{n}", str(home / f"app{n}.pem"), str(home / f"app{n}.key"))
        for n in range(clients)
    )
    return PinRotationOrder(
        client,
        "svc",
        CertificateFiles(str(home / f"{NEW}.pem"), str(home / f"{NEW}.key")),
        CertificateFiles(str(home / f"{OLD}.pem"), str(home / f"{OLD}.key")),
        str(home / f"{BACKUP}.pem"),
        soak=80.0,
        drain=90.0,
        confirm=30.0,
        target_rate=0.05 ** (1.0 / sample),  # what so many clean handshakes just prove
        handshakes=sample,
        targets=targets,
        switch="files",
        propagation=40.0,
        client_reload=30.0,
        expiry="none",
    )


def store_order(home: Path, order: PinRotationOrder) -> None:
    (home / "order.json").write_text(json.dumps(Codec().encode(order)))


class Naive:
    """What the naive plans share: what is read first, and the two things one can do."""

    def __init__(self, order: PinRotationOrder) -> None:
        self.order, self.etag = order, ""
        self.files: PinsOfFiles | None = None

    def begin(self) -> Pipeline[None]:
        order = self.order
        self.etag = (yield from do(ReadPins(order.client_id))).etag
        self.files = yield from do(ComputePins(order.new, order.old, order.backup, order.kind))

    def pins(self, *roles: str) -> Pipeline[None]:
        order = self.order
        slots = [getattr(self.files, role) for role in roles] + ["", ""]
        write = WritePins(
            order.client_id, self.etag, order.service_id, order.kind,
            slots[0], slots[1], slots[2], order.new.certificate,
        )  # fmt: skip
        self.etag = (yield from do(write)).etag

    def clients(self) -> Pipeline[None]:
        assert self.files is not None
        for target in self.order.targets:
            yield from do(SwitchClient(target, self.order.new, self.files.new, self.order.kind))


def replace_first(order: PinRotationOrder) -> Pipeline[RunEnd]:
    plan = Naive(order)
    yield from plan.begin()
    yield from plan.pins(NEW, BACKUP)
    yield from plan.clients()
    return RunEnd("succeeded")


def switch_first(order: PinRotationOrder) -> Pipeline[RunEnd]:
    plan = Naive(order)
    yield from plan.begin()
    yield from plan.clients()
    yield from plan.pins(NEW, BACKUP)
    return RunEnd("succeeded")


def no_wait(order: PinRotationOrder) -> Pipeline[RunEnd]:
    plan = Naive(order)
    yield from plan.begin()
    yield from plan.pins(NEW, OLD, BACKUP)
    yield from plan.clients()
    yield from plan.pins(NEW, BACKUP)
    return RunEnd("succeeded")


NAIVE: dict[str, Callable[[Any], Pipeline[RunEnd]]] = {
    "replace-first": replace_first,
    "switch-first": switch_first,
    "no-wait": no_wait,
}


class Mortal:
    """A performer whose process dies before and after each effect, once each (kill -9)."""

    def __init__(self, perform: Performer, names: str, home: Path) -> None:
        self.perform, self.names, self.codec = perform, re.compile(names), Codec()
        self.deaths = home / "deaths"

    async def __call__(self, effect: Any) -> object:
        self._die(effect, "before")
        outcome = await self.perform(effect)
        self._die(effect, "after")
        return outcome

    def _die(self, effect: Any, when: str) -> None:
        point = f"{type(effect).__name__} {self.codec.digest(effect)[:12]} {when}\n"
        if not self.names.search(point):
            return
        with self.deaths.open("a+") as died:
            died.seek(0)
            if point in died:
                return
            died.write(point)
            died.flush()
            os.fsync(died.fileno())
        os.kill(os.getpid(), signal.SIGKILL)


def runner_of(app: App, plan: str, deaths: str, home: Path) -> Runner:
    """The product's own runner; only the pipeline is another one."""
    return Runner(
        pipelines={"pin-rotation": NAIVE.get(plan, journeys()["pin-rotation"])},
        performer=Mortal(app._performers(), deaths, home) if deaths else app._performers(),
        clock=app.clock,
        store=app.store,
        outbox=app.outbox,
        executor="bench",
        patience=Patience(base=1.0, cap=5.0),
    )


async def work(plan: str, home: Path, deaths: str = "") -> None:
    order = Codec().decode(json.loads((home / "order.json").read_text()), PinRotationOrder)
    async with build_app(load_settings({}, environment(), home, home)) as app:
        runner = runner_of(app, plan, deaths, home)
        await runner.start()
        try:
            begun = [run for run in runner.list_runs() if run.identity == order.identity]
            run = begun[0].id if begun else runner.submit(order)
            end = await runner.await_end(run)
        finally:
            await runner.close()
        print(end.status if end else "open")


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:4]))
