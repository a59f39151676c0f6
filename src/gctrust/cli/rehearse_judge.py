"""Whether a rehearsed run ended right, judged from outside alone: the sandbox's journal, its
webhook inbox, its state, and the exit code of `gctrust audit verify`. No row of the run is read."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections.abc import Awaitable, Callable, Mapping

from ..settings import environment
from .rehearse_world import CLIENTS, CUSTOM, MAIL, Case, World

ONCE, NEVER = range(1, 2), range(1)
# Every outward change of a journey, and how often it is made. A verification need not be asked for
# when the platform has come to it by itself.
CHANGES: Mapping[str, Mapping[str, range]] = {
    "email-domain": {f"POST {MAIL}": ONCE, f"POST {MAIL}/*/verification": range(2)},
    "custom-domain": {f"POST {CUSTOM}": ONCE},
    "pin-rotation": {f"PATCH {CLIENTS}/*": range(2, 3)},  # published once, retired once
}


async def judge(world: World, case: Case) -> tuple[str, ...]:
    """What is wrong, a sentence each; empty when everything is right."""
    wrong = [*await _changes(world, case), *await _webhook(world, case)]
    await world.control.send("DELETE", "/faults")
    wrong += await _STATES[case.journey](world, case)
    return (*wrong, *await _ledger(world))


async def _changes(world: World, case: Case) -> list[str]:
    wanted, made = CHANGES[case.journey], await world.changes()
    return [
        f"{change} was done {made[change]} times"
        for change in sorted({*wanted, *made})
        if made[change] not in wanted.get(change, NEVER)
    ]


async def _webhook(world: World, case: Case) -> list[str]:
    """One closing event: one id and one body, however often it came, and accepted in the end."""
    deliveries = await world.deliveries()
    if not deliveries:
        return ["no webhook came"]
    wrong = []
    for what, seen in (
        ("id", {d["headers"]["webhook-id"] for d in deliveries}),
        ("body", {d["body"] for d in deliveries}),
    ):
        if len(seen) != 1:
            wrong.append(f"webhooks of more than one {what}: {len(seen)}")
    if not all(d["verified"] for d in deliveries):
        wrong.append("a webhook's signature does not verify")
    if not any(d["status"] == 200 for d in deliveries):
        wrong.append("no webhook was accepted")
    subject = json.loads(deliveries[0]["body"])["subject"]
    return wrong if subject == case.subject else [*wrong, f"the webhook is about {subject}"]


async def _verified(world: World, case: Case) -> list[str]:
    found = await world.email_domain(case.subject)
    status = found["status"] if found else "not registered"
    return [] if status == "verified" else [f"the email domain is {status}"]


async def _deployed(world: World, case: Case) -> list[str]:
    found = await world.custom_domain(case.subject)
    status = found["status"] if found else "not there"
    wrong = [] if status == "active" else [f"the custom domain is {status}"]
    assert case.serves is not None
    leaf = ssl.PEM_cert_to_DER_cert(await asyncio.to_thread(case.serves.read_text))
    edges = world.addresses.edges
    served = await asyncio.gather(*(_served(edge, case.subject) for edge in edges))
    behind = [edge for edge, shown in zip(edges, served, strict=True) if shown != leaf]
    return [*wrong, *(f"edge {edge} does not serve the certificate" for edge in behind)]


async def _served(edge: str, name: str) -> bytes | None:
    """The leaf an edge shows. Whom it is signed by is not this question."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    host, _, port = edge.rpartition(":")
    try:
        _, writer = await asyncio.open_connection(
            host, int(port), ssl=context, server_hostname=name
        )
    except OSError:
        return None
    try:
        der: bytes | None = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return der
    finally:
        writer.close()


async def _rotated(world: World, case: Case) -> list[str]:
    shown = await world.oauth_client(case.subject)
    live = {shown[slot] for slot in ("primaryPin", "fallbackPin", "backupPin")} - {None, ""}
    return [] if live == case.pins else [f"the pins are {', '.join(sorted(live))}"]


async def _ledger(world: World) -> list[str]:
    ours = ("GCTRUST_", "GENESYS_", "WEBHOOK_")
    kept = {n: v for n, v in environment().items() if not n.startswith(ours)}
    verify = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gctrust", "audit", "verify", "--json", cwd=world.home,
        env=kept | world.environ,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    code = await verify.wait()
    return [] if code == 0 else [f"gctrust audit verify exits with {code}"]


_STATES: Mapping[str, Callable[[World, Case], Awaitable[list[str]]]] = {
    "email-domain": _verified,
    "custom-domain": _deployed,
    "pin-rotation": _rotated,
}
