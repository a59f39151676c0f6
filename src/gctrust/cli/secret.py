"""`gctrust secret`: an OAuth client's secret, replaced through a second client without a gap."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from ..pipelines.events import CLIENT_SECRET
from .attached import RunShown, order_and_follow
from .change_reason import Why
from .exit_codes import ExitCode
from .plan import Planned, ledger_step, platform_of, show
from .published_runs import absolute, argument_vector, not_below, refuse_other_dialect, take_back
from .session import Options, kept_runs, with_app

if TYPE_CHECKING:
    from .. import app as composition
    from ..pipelines.orders import SecretOrder

app = App(name="secret", help="OAuth client secrets: replaced through a second client.")

DAY = 86_400.0
ATTACHED = 60.0


@dataclass(frozen=True, slots=True)
class ClientShown:
    """`state` is the platform's; `rotation` the client's last one."""

    client_id: str
    name: str
    grant: str
    state: str
    rotation: RunShown | None


@app.command
def status(client: str, /, *, options: Options = Options()) -> ExitCode:  # noqa: B008 - frozen
    """The client's state at the platform, and where its rotation stands.

    Parameters
    ----------
    client
        The OAuth client's id.
    """

    async def body(app: composition.App) -> ExitCode:
        from ..pipelines.secret_effects import ReadClient

        refuse_other_dialect(app.settled, "client.get")
        seen = await app.published.secrets.read(ReadClient(client))
        runs = kept_runs(app).all()
        row = next((one for one in runs if one.identity == f"client-secret:{client}"), None)
        rotation = RunShown.of(row) if row else None
        shown = ClientShown(seen.id, seen.name, seen.grant, seen.state, rotation)
        lines = [f"{shown.client_id}  {shown.name}: {shown.state}, {shown.grant}"]
        lines += (
            [f"  rotation {rotation.run}: {rotation.status}, {rotation.note}"] if rotation else []
        )
        options.out.answer("secret.status", shown, lines)
        return ExitCode.FINE

    return with_app(options, body)


@app.command
def rotate(
    client: str,
    /,
    *,
    file: Path,
    reload: str = "",
    soak: float = 600.0,
    keep: float = DAY,
    yes: Annotated[bool, Parameter(negative="")] = False,
    wait: float = ATTACHED,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Make a second client, switch its consumer over, disable the old one, and remove it later.

    Parameters
    ----------
    client
        The id of the OAuth client whose secret is to go.
    file
        Where its consumer reads GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET; written mode 0600.
    reload
        The consumer's reload command, a JSON list: no shell reads it.
    soak
        Seconds in which both clients live.
    keep
        Seconds in which the old client is inactive, and can be brought back.
    yes
        Do it; without it the plan is printed.
    wait
        Seconds to stay attached; then exit code 8, and the run goes on with `runs resume`.
    """

    async def body(app: composition.App) -> ExitCode:
        from ..pipelines.orders import SecretOrder

        refuse_other_dialect(app.settled, "client.create")
        times = not_below("--soak", soak, 0.0), not_below("--keep", keep, 0.0)
        horizon = sum(times) + 7 * DAY
        command = argument_vector(reload)
        order = SecretOrder(client, absolute(file), command, *times, horizon)
        if not yes:
            return await _planned(app, options, order)
        return await order_and_follow(app, options.out, order, wait)

    return with_app(options, body, **why.settings)


@app.command
def rollback(
    client: str,
    /,
    *,
    wait: float = 60.0,
    why: Why = Why(),  # noqa: B008 - frozen
    options: Options = Options(),  # noqa: B008 - frozen
) -> ExitCode:
    """Until the old client is removed: it lives again, its file is put back, the new one goes.

    Parameters
    ----------
    client
        The OAuth client as `secret rotate` was given it.
    wait
        Seconds to stay attached.
    """

    async def body(app: composition.App) -> ExitCode:
        refuse_other_dialect(app.settled, "client.create")
        return await take_back(app, options.out, f"client-secret:{client}", wait)

    return with_app(options, body, **why.settings)


async def _planned(app: composition.App, options: Options, order: SecretOrder) -> ExitCode:
    from ..pipelines.client_secret import judge
    from ..pipelines.secret_effects import ReadClient
    from ..runner.perform_client_secret import successor_name

    old = await app.published.secrets.read(ReadClient(order.client_id))
    told = Planned(
        journey="client-secret",
        subject=f"{old.name} ({old.id})",
        platform=platform_of(app.settings),
        steps=(
            f"make {successor_name(old.name)}, with the same roles; its secret is sealed",
            "prove it by a token",
            f"write {order.file} (mode 0600)" + (", reload its consumer" if order.reload else ""),
            f"both live for {order.soak:g} s, then {old.name} is inactive",
            f"{order.keep:g} s later it is removed",
            ledger_step(app, CLIENT_SECRET),
        ),
        hazards=(),
        findings=judge(old),
        perform=f"gctrust secret rotate {old.id} --file {order.file} --soak {order.soak:g}"
        f" --keep {order.keep:g} --yes",
    )
    return show(options.out, told, refused=bool(told.findings))
