"""`gctrust sandbox`: the stand-in Genesys Cloud, for as long as the command runs."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ..secret import Secret
from .exit_codes import ExitCode
from .output import Block, Heading, Table
from .sandbox_process import Addresses, sandbox_process
from .session import LocalOptions, settings_of


@dataclass(frozen=True, slots=True)
class SandboxShown:
    """`environment` is what to set to use it; the secrets lie in files of the owner's."""

    api: str
    control: str
    inbox: str
    nameservers: tuple[str, ...]
    edges: tuple[str, ...]
    mtls: tuple[str, ...]
    roots: str
    data_action_root: str
    client_id: str
    client_secret_file: str
    webhook_secret_file: str
    environment: dict[str, str]


def sandbox(
    *,
    seed: Path | None = None,
    faults: Path | None = None,
    dialect: Literal["both", "guide", "platform"] = "both",
    clock_rate: float = 1.0,
    api_port: int = 0,
    loose: Annotated[bool, Parameter(negative="")] = False,
    options: LocalOptions = LocalOptions(),  # noqa: B008 - frozen
) -> ExitCode:
    """Start the sandbox, print its addresses and the environment to paste; Ctrl-C ends it.

    Parameters
    ----------
    seed
        A JSON file of what it holds at its start.
    faults
        A JSON file of fault rules.
    dialect
        Which calls it serves: the guides', the published API's, or both.
    clock_rate
        Virtual seconds for each second.
    api_port
        The port of its API; 0 takes a free one.
    loose
        Pass over unknown fields, which are refused otherwise.
    """
    home = settings_of(options).home
    arguments = ["--clock-rate", str(clock_rate), "--api-port", str(api_port)]
    arguments += ["--dialect", dialect]
    arguments += ["--seed", str(seed)] if seed else []
    arguments += ["--faults", str(faults)] if faults else []
    arguments += ["--loose"] if loose else []

    async def serve() -> ExitCode:
        async with sandbox_process(home, arguments) as (addresses, process):
            kept = _keep_secrets(home, addresses)
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, process.terminate)
            try:
                shown = _shown(addresses, home, kept, dialect)
                options.out.answer("sandbox", shown, _blocks(shown))
                options.out.talk("the sandbox runs until Ctrl-C")
                return ExitCode.FINE if await process.wait() == 0 else ExitCode.FAILED
            finally:
                for secret in kept:
                    secret.unlink(missing_ok=True)

    return asyncio.run(serve())


def _keep_secrets(home: Path, addresses: Addresses) -> tuple[Path, Path]:
    """The client's and the webhook's, beside the sandbox's own note; they are never printed."""
    note = home / "sandboxes" / addresses.api.rpartition(":")[2]
    return (
        _keep(note.with_suffix(".secret"), addresses.client_secret),
        _keep(note.with_suffix(".webhook-secret"), addresses.webhook_secret),
    )


def _keep(path: Path, secret: Secret) -> Path:
    """In a file readable by its owner only."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret.reveal())
    return path


def _shown(addresses: Addresses, home: Path, kept: tuple[Path, Path], dialect: str) -> SandboxShown:
    secret, webhook = kept
    return SandboxShown(
        api=addresses.api,
        control=addresses.control,
        inbox=addresses.inbox,
        nameservers=addresses.nameservers,
        edges=addresses.edges,
        mtls=addresses.mtls,
        roots=addresses.roots,
        data_action_root=addresses.data_action_root,
        client_id=addresses.client_id,
        client_secret_file=str(secret),
        webhook_secret_file=str(webhook),
        environment={
            "GCTRUST_HOME": str(home),
            "GENESYS_ENV_URL": addresses.api,
            "GENESYS_CLIENT_ID": addresses.client_id,
            "GENESYS_CLIENT_SECRET_FILE": str(secret),
            "WEBHOOK_URL": f"{addresses.inbox}/hook",
            "WEBHOOK_SECRET_FILE": str(webhook),
            **({"GCTRUST_DIALECT": dialect} if dialect == "platform" else {}),
        },
    )


def _blocks(shown: SandboxShown) -> list[Block]:
    rows = (
        ("API", shown.api),
        ("control", shown.control),
        ("webhook inbox", shown.inbox),
        ("name servers", ", ".join(shown.nameservers)),
        ("TLS edges", ", ".join(shown.edges)),
        ("mTLS edges", ", ".join(shown.mtls)),
        ("roots", shown.roots),
        ("regional root", shown.data_action_root),
    )
    exports = [f"export {name}='{value}'" for name, value in shown.environment.items()]
    return [Table(("what", "where"), rows), "", Heading("environment to paste"), *exports]
