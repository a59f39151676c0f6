"""`gctrust rehearse`: a sample of each matrix; GCTRUST_LONG=1 rehearses all of both stores."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from shell import bare_environ

from gctrust.cli.rehearse_rounds import Plan, points_of, rehearse_all

LONG = os.environ.get("GCTRUST_LONG") == "1"
CRASH = str(Path(__file__).parents[1] / "crash")


def rehearsal(home: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "gctrust", "rehearse", *arguments, "--json"]
    pipe = subprocess.PIPE
    environ = bare_environ(home)
    return subprocess.Popen(command, env=environ, cwd=home, stdout=pipe, stderr=pipe, text=True)


def told(process: subprocess.Popen[str], seconds: float = 400.0) -> dict[str, Any]:
    out, err = process.communicate(timeout=seconds)
    assert process.returncode == 0, out + err
    assert err == "", "progress is for terminals"
    last: dict[str, Any] = json.loads(out.splitlines()[-1])
    assert (last["schema"], last["version"]) == ("gctrust.rehearsal", 1)
    return last


def databases(url: str) -> set[str]:
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        names = connection.exec_driver_sql("SELECT datname FROM pg_database").scalars().all()
    engine.dispose()
    return set(names)


@pytest.fixture(scope="module")
def on_postgresql(
    tmp_path_factory: pytest.TempPathFactory, postgres: str
) -> Iterator[tuple[subprocess.Popen[str], set[str]]]:
    """Begun first: it mostly waits for leases to run out."""
    before = databases(postgres)
    arguments = ("pin-rotation", "--at", "9 WritePins", "--no-faults", "--store", postgres)
    process = rehearsal(tmp_path_factory.mktemp("shared"), *arguments)
    yield process, before
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_every_effect_has_a_point_before_and_one_after() -> None:
    assert points_of(["1 Now", "2 Wait"]) == (
        "before 1 Now", "after 1 Now", "before 2 Wait", "after 2 Wait"
    )  # fmt: skip


def test_a_sample_is_the_same_for_the_same_seed_and_keeps_the_order() -> None:
    points = points_of([f"{n} Now" for n in range(40)])
    one, same, other = (Plan("email-domain", "", 9, seed).of(points) for seed in (1, 1, 2))
    assert one == same != other
    assert len(set(one)) == 9
    assert sorted(one, key=points.index) == list(one)
    assert Plan("email-domain", "after 3 ", 9).of(points) == ("after 3 Now",)


@pytest.mark.usefixtures("on_postgresql")
def test_a_sample_ends_right(tmp_path: Path) -> None:
    seen = told(rehearsal(tmp_path, "email-domain", "--points", "2", "--seed", "5"))
    assert (seen["journey"], seen["store"], seen["wrong"]) == ("email-domain", "sqlite", [])
    assert seen["points"] == seen["right"] == len(seen["names"]) == 2
    failed = seen["faults"]
    assert failed["points"] == failed["right"] == len(failed["names"]) == 2
    assert seen["steps"] > 15


@pytest.mark.skipif(
    not LONG, reason="GCTRUST_LONG=1 rehearses around each change, half a minute each"
)
@pytest.mark.parametrize(
    ("journey", "at"), [("custom-domain", " UploadCertificate"), ("pin-rotation", "33 WritePins")]
)
def test_around_a_change_it_ends_right(journey: str, at: str) -> None:
    done = asyncio.run(rehearse_all(Plan(journey, at, 2, faults=False), None))
    assert [one.reasons for one in done.kills] == [(), ()]


def test_a_sample_ends_right_on_postgresql_in_databases_of_its_own(
    on_postgresql: tuple[subprocess.Popen[str], set[str]], postgres: str
) -> None:
    process, before = on_postgresql
    seen = told(process)
    assert seen["points"] == seen["right"] == 2
    assert seen["store"].startswith("postgresql://")
    assert databases(postgres) == before


def test_without_a_look_before_the_change_it_is_made_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(CRASH)  # where the build that does not look is
    plan = Plan("pin-rotation", "after 9 WritePins", 1, faults=False, build="blind:build_app")
    done = asyncio.run(rehearse_all(plan, None))
    assert done.undisturbed.right
    assert [one.reasons for one in done.kills] == [
        ("PATCH /api/v2/oauth/clients/* was done 3 times",)
    ]


def test_a_store_that_is_none_is_refused(tmp_path: Path) -> None:
    process = rehearsal(tmp_path, "email-domain", "--store", "mysql://u:hidden@127.0.0.1/x")
    out, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "cli.rehearsal-database" in err
    assert "hidden" not in out + err


@pytest.mark.skipif(not LONG, reason="GCTRUST_LONG=1 rehearses every point of every journey")
@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
@pytest.mark.parametrize("journey", ["email-domain", "custom-domain", "pin-rotation"])
def test_every_point_ends_right(
    tmp_path: Path, request: pytest.FixtureRequest, journey: str, store: str
) -> None:
    place = ["--store", request.getfixturevalue("postgres")] if store == "postgresql" else []
    seen = told(rehearsal(tmp_path, journey, *place), seconds=1800.0)
    assert seen["right"] == seen["points"] == 2 * seen["steps"]
    assert seen["faults"]["right"] == seen["faults"]["points"]
