"""Audits of the platform: read whole by query and cursor, and joined with the ledger."""

import json
import re
from contextlib import closing
from dataclasses import dataclass, field, replace

import pytest

from gctrust.adapters.genesys.audit_join import SLACK, TRACES, findings, join, own_changes
from gctrust.adapters.genesys.audits import STRETCH, AuditMessage, Audits, stretches
from gctrust.adapters.genesys.client import GenesysClient
from gctrust.adapters.genesys.dialects import PLATFORM
from gctrust.adapters.genesys.oauth import Credentials
from gctrust.adapters.genesys.regions import PlatformAddress
from gctrust.adapters.store.platform_audits import KEPT, PlatformAudits, Span
from gctrust.adapters.store.store import Store
from gctrust.errors import Problem
from gctrust.pipelines import effects, secret_effects, trust_effects
from gctrust.secret import Secret

DAY = 86_400.0
T = 1_800_000_000.0
SERVICES = {
    "services": [
        {"name": "Emails", "entities": [{"name": "InboundDomain", "actions": ["Create"]}]},
        {"name": "Billing", "entities": [{"name": "Invoice", "actions": ["Pay"]}]},
    ]
}


def wire(id, **more):
    told = {
        "id": id,
        "eventDate": "2027-01-15T08:00:00.000Z",
        "entityType": "InboundDomain",
        "entity": {"id": "d.example", "name": "d.example"},
        "action": "Create",
        "client": {"id": "id"},
        "somethingNew": {"x": [1]},
    }
    return told | more


@pytest.fixture
async def audits(platform, clock):
    platform.scope = None
    address = PlatformAddress.parse(f"127.0.0.1:{platform.port}")
    credentials = Credentials("id", Secret("s3cret"))
    async with GenesysClient(
        address, credentials, clock, dialect=PLATFORM, read_only=True, fraction=lambda: 0.5
    ) as client:
        yield Audits(client, clock)


async def test_a_query_is_waited_for_and_read_by_cursor_to_its_end(audits, platform, reply):
    platform.script = [
        reply(body=SERVICES),
        reply(202, {"id": "q1", "state": "Queued"}),
        reply(202, {"id": "q1", "state": "NEW_STATE"}),  # nobody knows it: waited for
        reply(200, {"id": "q1", "state": "SUCCEEDED"}),
        reply(body={"entities": [wire("a"), wire("x", entityType="Invoice")], "cursor": "c2"}),
        reply(body={"entities": [wire("a"), wire("b", action="Conjure")]}),
    ]
    found = await audits.between(T, T + 60)
    assert list(found) == ["a", "b"]
    assert found["b"].action == "Conjure"
    assert found["a"] == AuditMessage.kept(found["a"].text)
    asked = json.loads(platform.calls[1].body)
    assert asked["serviceName"] == "Emails"
    assert asked["interval"] == "2027-01-15T08:00:00.000Z/2027-01-15T08:01:00.000Z"
    assert [call.method for call in platform.calls] == ["GET", "POST", "GET", "GET", "GET", "GET"]
    assert "cursor=c2" in platform.calls[5].path


@pytest.mark.parametrize("state", ["Failed", "Cancelled", "Queued"])
async def test_a_query_that_comes_to_nothing_is_a_problem_and_not_an_empty_answer(
    audits, platform, reply, state
):
    platform.script = [reply(body=SERVICES), reply(202, {"id": "q1", "state": state})]
    with pytest.raises(Problem) as caught:
        await audits.between(T, T + 60)
    assert caught.value.code == "genesys.audit-query"
    assert caught.value.facts["state"] == state


async def test_an_instant_that_is_none_is_no_message(audits, platform, reply):
    platform.script = [
        reply(body=SERVICES),
        reply(200, {"id": "q1", "state": "Succeeded"}),
        reply(body={"entities": [wire("a", eventDate="yesterday")]}),
    ]
    with pytest.raises(Problem) as caught:
        await audits.between(T, T + 60)
    assert caught.value.code == "genesys.answer-unreadable"


def test_a_long_time_is_asked_for_in_stretches_without_a_gap():
    parts = list(stretches(T, T + 2.5 * STRETCH))
    assert [last - first for first, last in parts] == [STRETCH, STRETCH, STRETCH / 2]
    assert [first for first, _ in parts[1:]] == [last for _, last in parts[:-1]]


# --- the join


@dataclass(frozen=True)
class Entry:
    seq: int
    time: str
    action: str
    entity: str
    run: str = "r"
    step: int = 3
    data: dict = field(default_factory=dict)


INTENDED = Entry(7, "2027-01-15T08:00:00.000Z", "register-email-domain.intended", "d.example")
DONE = replace(
    INTENDED, seq=8, time="2027-01-15T08:00:05.000Z", action="register-email-domain.done"
)
OURS = frozenset({"id"})


def message(id="m", at=T + 2, **more):
    known = {
        "service": "Emails", "entity_type": "InboundDomain", "entity": "d.example", "name": "",
        "action": "Create", "outcome": "SUCCESS", "client": "id", "user": "", "transaction": "",
        "correlation": "",
    }  # fmt: skip
    return AuditMessage(id, at, **{**known, **more})


def test_a_change_of_ours_is_explained_by_its_entry():
    assert join([message()], own_changes([INTENDED, DONE]), OURS).explained == {"m": 7}


@pytest.mark.parametrize(
    "other",
    [
        {"client": "somebody"},
        {"client": "", "user": "anna"},
        {"entity": "other.example"},
        {"action": "Delete"},
        {"entity_type": "OAuthClient"},
        {"at": T - SLACK - 1},
        {"at": T + 5 + SLACK + 1},
    ],
)
def test_whatever_differs_leaves_it_unexplained(other):
    joined = join([message(**other)], own_changes([INTENDED, DONE]), OURS)
    assert [one.id for one in joined.unexplained] == ["m"]
    (found,) = findings(joined.unexplained, OURS)
    mine = other.get("client", "id") == "id"
    assert found.rule == ("audit.own-client-unexplained" if mine else "audit.unexplained")


def test_a_correlation_id_that_both_have_is_enough():
    done = replace(DONE, data={"correlation_ids": ["c-8", "c-9"]})
    odd = message(client="former", at=T + 500, correlation="c-9")
    assert join([odd], own_changes([INTENDED, done]), OURS).explained == {"m": 7}


def test_all_of_one_transaction_are_explained_by_any_and_refused_attempts_changed_nothing():
    follows = message("n", entity="role-1", entity_type="InboundRoute", transaction="t")
    refused = message("f", client="somebody", outcome="FAILURE")
    odd = message("o", entity="z.example", outcome="NEVER_HEARD")
    joined = join(
        [follows, message(transaction="t"), refused, odd], own_changes([INTENDED, DONE]), OURS
    )
    assert joined.explained == {"m": 7, "n": 7}
    assert [one.id for one in joined.unexplained] == ["o"]


@pytest.mark.parametrize(
    ("what", "key", "told"),
    [
        ("register-email-domain", "outbound/n.example", ("OutboundDomain", "n.example", "Create")),
        ("request-verification", "inbound/d.example", ("InboundDomain", "d.example", "Verify")),
        ("register-email-domain", "d.example/mailfrom/b.d.example",
         ("InboundDomain", "d.example", "Update")),
        ("set-client-state", "c-1 inactive", ("OAuthClient", "c-1", "Update")),
        ("remove-client", "c-1", ("OAuthClient", "c-1", "Delete")),
        ("make-successor", "c-1", ("OAuthClient", "c-2", "Create")),
        ("change-trust", "provider/okta +0123 -1", ("IdentityProvider", "okta", "Update")),
    ],
)  # fmt: skip
def test_each_change_knows_its_traces(what, key, told):
    """And one that was never finished is over after a while, however often it was tried."""
    begun = [replace(INTENDED, action=f"{what}.intended", entity=key, seq=n) for n in (1, 4)]
    kind, entity, action = told
    seen = message(entity_type=kind, entity=entity, action=action, at=T + 300)
    changes = own_changes(begun)
    assert join([seen], changes, OURS).explained == {"m": 1}
    assert join([replace(seen, at=T + DAY)], changes, OURS).explained == {}


def test_the_traces_are_those_of_changes_that_runs_make():
    """By the words under which a run files its effects."""
    outward = {
        re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
        for module in (effects, secret_effects, trust_effects)
        for name, thing in vars(module).items()
        if isinstance(thing, type) and getattr(thing, "outward", False)
    }
    elsewhere = {"switch-consumer", "upload-certificate"}  # files of one's own
    assert outward - elsewhere == set(TRACES)


# --- what is kept


def test_messages_are_kept_once_and_the_span_grows_without_a_gap(tmp_path):
    with closing(Store(tmp_path / "s.db", "sandbox")) as store:
        kept = PlatformAudits(store, "a")
        assert kept.span() is None
        assert kept.keep({"1": (T, "one")}, Span(T - 10, T + 10)) == 1
        assert kept.keep({"1": (T, "one"), "2": (T + 15, "two")}, Span(T, T + 20)) == 1
        assert kept.span() == Span(T - 10, T + 20)
        assert kept.between(T - 10, T + 20) == ("one", "two")
        assert PlatformAudits(store, "b").span() is None
        kept.keep({}, Span(T, T + KEPT + 5))
        assert kept.between(0, T + KEPT) == ("two",)
        assert kept.span() == Span(T + 5, T + KEPT + 5)
