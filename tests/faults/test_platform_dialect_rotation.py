"""The rotation radar against the sandbox's data-action certificates, through a whole switch."""

from __future__ import annotations

from pathlib import Path

from arena import Arena, arena

from gctrust.adapters.genesys.client import GenesysClient
from gctrust.adapters.genesys.regions import platform_address
from gctrust.adapters.system import clock_for
from gctrust.pipelines.platform_rotation import ENOUGH_LOOKS, Watch, step
from gctrust.runner.perform_platform_rotation import RotationRadar

DAY = 86_400.0


async def test_a_switch_is_seen_coming_and_ends_with_the_new_certificate_alone(
    tmp_path: Path,
) -> None:
    # The clock runs fast, so that the pauses between two reads are short.
    with arena(tmp_path, "--dialect", "platform", "--clock-rate", "100") as house:
        settings = house.settings(GCTRUST_DIALECT="platform")
        clock = clock_for(platform_address(settings))
        async with GenesysClient.of(settings, clock, read_only=True) as genesys:
            await through_a_switch(house, RotationRadar(genesys, clock, root(house)))
            stranger = house.issue("stranger", "stranger.example", profile="server")
            other = Path(stranger.certificate).read_text()
            seen = await RotationRadar(genesys, clock, other).look()
            assert [one.trusted for one in seen.shown] == [False] * len(seen.shown)
            assert step(Watch(), seen) == (Watch(), ())


async def through_a_switch(house: Arena, radar: RotationRadar) -> None:
    """30 days before each switch the next certificate is shown; the first is 45 days away."""
    watch, _ = step(Watch(), await radar.look())
    assert len(watch.held) == 1
    old = watch.current
    house.advance(16 * DAY)
    watch, changes = step(watch, await radar.look())
    assert [change.verb for change in changes] == ["hold"]
    new = changes[0].pin
    house.advance(29 * DAY + 60)  # the switch was just now: every other read is from before it
    unsettled = await radar.look()
    assert not unsettled.agreed
    assert step(watch, unsettled) == (watch, ())
    house.advance(DAY / 2)
    watch, changes = step(watch, await radar.look())
    assert (watch.current, changes) == (new, ())
    assert old in watch.held
    for _ in range(ENOUGH_LOOKS - 1):
        house.advance(DAY)
        watch, changes = step(watch, await radar.look())
    assert [(change.verb, change.pin) for change in changes] == [("release", old)]
    assert watch.held == (new,)


def root(house: Arena) -> str:
    return Path(house.addresses["data_action_root"]).read_text()
