"""A client secret replaced through a second client, with a dictionary for a world."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gctrust.pipelines.client_secret import client_secret
from gctrust.pipelines.effects import Done, Effect
from gctrust.pipelines.platform_orders import SecretOrder
from gctrust.pipelines.secret_effects import (
    ClientSeen,
    MakeSuccessor,
    ProveSecret,
    ReadClient,
    RemoveClient,
    SetClientState,
    SwitchConsumer,
)

from .world import World

OLD = ClientSeen("1", "crm", "CLIENT-CREDENTIALS", "active")
NEW = ClientSeen("2", "crm (green)", "CLIENT-CREDENTIALS", "active")
ORDER = SecretOrder("1", "crm.env")
SENT = (MakeSuccessor, ProveSecret, SwitchConsumer, SetClientState, RemoveClient)


def world(old: ClientSeen = OLD, signals: dict[int, str] | None = None) -> World:
    answers = {ReadClient: old, MakeSuccessor: NEW, SetClientState: OLD}
    return World(
        answers | dict.fromkeys((ProveSecret, SwitchConsumer, RemoveClient), Done()), signals
    )


def sent(one: World) -> list[Effect[object]]:
    return [effect for effect in one.done if isinstance(effect, SENT)]


def test_nothing_goes_before_the_new_one_is_proved_and_in_use() -> None:
    one = world()
    assert one.run(client_secret(ORDER)).status == "succeeded"
    assert sent(one) == [
        MakeSuccessor("1"),
        ProveSecret("2"),
        SwitchConsumer("2", "crm.env"),
        SetClientState("1", "inactive"),
        RemoveClient("1", "crm.env"),
    ]
    assert one.now == 1_000_000.0 + 600.0 + 86_400.0


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize(
    ("word", "status"), [("roll-back", "rolled-back"), ("cancel", "cancelled")]
)
def test_the_way_back_leaves_one_client(number: int, word: str, status: str) -> None:
    one = world(signals={number: word})
    assert one.run(client_secret(ORDER)).status == status
    assert sent(one)[-4:] == [
        SetClientState("1", "active"),
        SwitchConsumer("1", "crm.env", back=True),
        SetClientState("2", "inactive"),
        RemoveClient("2"),
    ]


@pytest.mark.parametrize(
    ("old", "rule"),
    [
        (replace(OLD, grant="CODE"), "secret.other-grant"),
        (replace(OLD, state="inactive"), "secret.not-active"),
        (replace(OLD, own=True), "secret.own-client"),
    ],
)
def test_what_cannot_be_taken_over_is_left_alone(old: ClientSeen, rule: str) -> None:
    one = world(old)
    end = one.run(client_secret(ORDER))
    assert end.status == "refused"
    assert [found.rule for found in end.findings] == [rule]
    assert sent(one) == []
