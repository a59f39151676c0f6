"""Refused handshakes of a whole rotation: the full plan, and the three naive ones, side by side.

Each run has a sandbox of its own with replicas that take a change of pins after a delay, six
clients that reload their files at their own pace and keep shaking hands, API faults, and a process
that is killed (kill -9) at random moments while it carries the plan out. All seeded.

    python bench/rotation.py [--runs N] [--handshakes N] [--plan NAME] [--seed N]
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import hashlib
import json
import os
import random
import ssl
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

from rotation_worker import BACKUP, NEW, OLD, PLANS, order_for, store_order

from gctrust.sandbox.fleet import Fleet, FleetClient, FleetReport
from gctrust.sandbox.seed import parse_client
from gctrust.sandbox.world import Options, World

CLIENT = "5d1c7f3e-2b60-4f0f-9a2e-8c4d6e7f1a23"
WORKER = str(Path(__file__).with_name("rotation_worker.py"))
RATE = 30.0  # virtual seconds a second, unless told
NAIVE_RATE = 8.0  # slower: what a naive plan breaks must not pass between two steps of ours
CLIENTS = 6
SAMPLE = 303  # handshakes of one observation: 99 % by the lower bound
PATIENCE = 120.0  # seconds until a run counts as stuck
AFTERMATH = 60.0  # virtual seconds in which a bad plan may still show what it did
PAUSE = 0.015  # seconds of a client between two handshakes: the sandbox shares the processor
PATH = "/api/v2/oauth/clients/*"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run, as its clients met it."""

    status: str
    handshakes: int
    refused: int
    unreachable: int
    kills: int
    faults: int
    seconds: float


class Arena:
    """A sandbox in this process, with the fleet; the rotation runs in another one."""

    def __init__(
        self, home: Path, plan: str, seed: int, rate: float = RATE, sample: int = SAMPLE
    ) -> None:
        self.home, self.plan, self.sample = home, plan, sample
        self.chance = random.Random(f"{plan} {seed}")
        self.world = World(Options(clock_rate=rate), home)

    async def prepare(self) -> None:
        """Certificates, the OAuth client, the note that tells the worker where everything is."""
        world = self.world
        for role in (OLD, NEW, BACKUP):
            issued = world.servers.authority.issue([f"{role}.client.test"], profile="client")
            self._keep(self.home / role, issued.certificate_pem + issued.chain_pem, issued)
        client = parse_client(
            {
                "id": CLIENT,
                "mtlsRequired": True,
                "serviceId": "svc",
                "pinKind": "certificate",
                "certificateChain": (self.home / f"{OLD}.pem").read_text(),
                "pins": [self._pin(OLD), "", self._pin(BACKUP)],
            }
        )
        world.state.put_client(client)
        world.set_pins(client)
        delays = {replica: self.chance.uniform(20.0, 40.0) for replica in (1, 2)}
        world.servers.mtls.set_delays(delays)
        notes = self.home / "sandboxes"
        notes.mkdir(mode=0o700)
        note = notes / f"{world.api_listener.port}.json"
        note.touch(0o600)
        note.write_text(json.dumps({"addresses": world.addresses()}))
        store_order(self.home, order_for(self.home, CLIENT, CLIENTS, self.sample))
        self._faults()

    def _keep(self, stem: Path, certificate: str, issued: object) -> None:
        key = str(getattr(issued, "private_key_pem", ""))
        stem.with_suffix(".pem").write_text(certificate)
        stem.with_suffix(".key").write_text(key)
        if stem.name == OLD:
            for number in range(CLIENTS):
                (self.home / f"app{number}.pem").write_text(certificate)
                (self.home / f"app{number}.key").write_text(key)

    def _pin(self, role: str) -> str:
        pem = (self.home / f"{role}.pem").read_text().partition("-----END CERTIFICATE-----")
        der = ssl.PEM_cert_to_DER_cert(pem[0] + pem[1] + "\n")
        return base64.b64encode(hashlib.sha256(der).digest()).decode()

    def _faults(self) -> None:
        """Every fifth call goes wrong: refused, reset, or done with its answer lost."""
        seed = self.chance.randrange(1 << 30)
        kinds = (
            {"kind": "status", "status": 503, "probability": 0.08},
            {"kind": "status", "status": 429, "probability": 0.04, "headers": {"Retry-After": "1"}},
            {"kind": "reset", "probability": 0.05},
            {"kind": "lost", "method": "PATCH", "probability": 0.3},
        )
        from gctrust.sandbox.faults import parse_rules

        rules = [{"path": PATH, "seed": seed + n, **kind} for n, kind in enumerate(kinds)]
        self.world.faults.replace(parse_rules(rules))

    def fleet(self) -> Fleet:
        clients = [
            FleetClient(
                f"app{number}",
                self.home / f"app{number}.pem",
                self.home / f"app{number}.key",
                reload_every=self.chance.uniform(2.0, 30.0),
            )
            for number in range(CLIENTS)
        ]
        roots = self.world.servers.authority.roots_pem
        return Fleet(self.world.clock, self.world.servers.mtls.addresses, clients, roots)

    async def worker(self, deaths: str = "") -> asyncio.subprocess.Process:
        known = ("PATH", "HOME", "LANG", "VIRTUAL_ENV", "PYTHONPATH")
        environ = {name: os.environ[name] for name in known if name in os.environ}
        addresses = self.world.addresses()
        environ |= {
            "GCTRUST_HOME": str(self.home),
            "GENESYS_ENV_URL": str(addresses["api"]),
            "GENESYS_CLIENT_ID": str(addresses["client_id"]),
            "GENESYS_CLIENT_SECRET": str(addresses["client_secret"]),
        }
        return await asyncio.create_subprocess_exec(
            sys.executable, WORKER, self.plan, str(self.home), deaths,
            env=environ, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip

    async def carried_out(self, kills: int) -> tuple[str, int]:
        """The plan's end, and how many processes were killed on the way to it."""
        killed, end = 0, time.monotonic() + PATIENCE
        while True:
            process = await self.worker()
            assert process.stdout is not None
            left = end - time.monotonic()
            moment = self.chance.uniform(1.0, 6.0) if killed < kills else left
            try:
                told = await asyncio.wait_for(process.stdout.read(), max(0.1, min(moment, left)))
            except TimeoutError:
                process.kill()
                await process.wait()
                if time.monotonic() >= end:
                    return "stuck", killed
                killed += 1
                continue
            await process.wait()
            return told.decode().strip() or "crashed", killed


@contextlib.asynccontextmanager
async def arena(
    plan: str, seed: int, rate: float = RATE, sample: int = SAMPLE
) -> AsyncIterator[Arena]:
    with tempfile.TemporaryDirectory(prefix="gctrust-rotation-") as folder:
        made = Arena(Path(folder), plan, seed, rate, sample)
        await made.world.start()
        try:
            await made.prepare()
            yield made
        finally:
            await made.world.stop()


@dataclass(frozen=True, slots=True)
class Load:
    """`handshakes` at least, `pause` real seconds between two of a client, `rate` of the clock."""

    handshakes: int
    kills: int
    rate: float = RATE
    sample: int = SAMPLE
    pause: float = PAUSE


async def run(plan: str, seed: int, wanted: Load) -> Outcome:
    """One rotation under load, its clients going on until they have made enough handshakes."""
    began = time.monotonic()
    async with arena(plan, seed, wanted.rate, wanted.sample) as made:
        fleet, stop = made.fleet(), asyncio.Event()
        load = asyncio.create_task(fleet.run(1_000_000, stop=stop, pause=wanted.pause))
        status, killed = await made.carried_out(wanted.kills)
        await made.world.clock.sleep(AFTERMATH)
        report = await enough(fleet, load, stop, wanted.handshakes)
        faults = sum(int(str(rule["fired"])) for rule in made.world.faults.counts())
        return Outcome(
            status, report.handshakes, report.refused, report.unreachable, killed, faults,
            time.monotonic() - began,
        )  # fmt: skip


async def enough(
    fleet: Fleet, load: asyncio.Task[FleetReport], stop: asyncio.Event, handshakes: int
) -> FleetReport:
    """The fleet's report once it has made that many handshakes."""
    while fleet.report().handshakes < handshakes and not load.done():  # noqa: ASYNC110 - a count
        await asyncio.sleep(0.05)
    stop.set()
    return await load


def line(plan: str, outcomes: list[Outcome]) -> str:
    total, refused = sum(o.handshakes for o in outcomes), sum(o.refused for o in outcomes)
    kills, faults = sum(o.kills for o in outcomes), sum(o.faults for o in outcomes)
    ends = ", ".join(sorted({o.status for o in outcomes}))
    seconds = sum(o.seconds for o in outcomes)
    return (
        f"{PLANS[plan]:<24} {total:>7,} handshakes, {refused:,} refused"
        f"   ({len(outcomes)} runs {ends}; {kills} kills, {faults} API faults; {seconds:.0f} s)"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of the full plan")
    parser.add_argument("--handshakes", type=int, default=2100, help="at least, of each full run")
    parser.add_argument("--kills", type=int, default=3, help="in each run")
    parser.add_argument("--plan", choices=PLANS, action="append", help="only these")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sample", type=int, default=SAMPLE, help="handshakes observed at once")
    parser.add_argument("--pause", type=float, default=PAUSE, help="of a client, in seconds")
    parser.add_argument("--naive-rate", type=float, default=NAIVE_RATE)
    parser.add_argument("--rate", type=float, default=RATE, help="of the sandbox's clock")
    args = parser.parse_args()
    sound = True
    for plan in args.plan or PLANS:
        full = plan == "full"
        wanted = Load(args.handshakes, args.kills, args.rate, args.sample, args.pause)
        if not full:
            wanted = replace(wanted, handshakes=0, kills=0, rate=args.naive_rate)
        seeds = range(args.seed, args.seed + (args.runs if full else 1))
        outcomes = [asyncio.run(run(plan, seed, wanted)) for seed in seeds]
        sys.stdout.write(line(plan, outcomes) + "\n")
        sys.stdout.flush()
        clean = not any(o.refused or o.unreachable for o in outcomes)
        ended = all(o.status == "succeeded" for o in outcomes)
        sound &= ended and (clean if full else sum(o.refused for o in outcomes) > 0)
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
