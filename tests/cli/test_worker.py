"""`gctrust worker`: a process beside the others on PostgreSQL, nothing on SQLite."""

import signal
import time

import sqlalchemy as sa
from shell import Shell


def test_sqlite_has_no_workers(shell: Shell) -> None:
    done = shell.run("gctrust worker")
    assert done.returncode == 2
    assert "cli.store-not-shared" in done.stderr


def test_a_worker_ends_what_a_command_has_ordered(shell: Shell, postgres: str) -> None:
    url = sa.make_url(postgres).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE commands")
    engine.dispose()
    place = url.set(database="commands", password="not-shown").render_as_string(False)
    env = {"GCTRUST_STORE_URL": place}
    worker = shell.start("gctrust worker", **env)
    try:
        assert worker.stdout is not None
        told = worker.stdout.readline()
        assert "working on" in told
        assert "not-shown" not in told
        name = "worked.example.com"
        ordered = shell.run(f"gctrust domain verify {name} --yes --wait 2", **env)
        assert ordered.returncode == 8, ordered.stderr
        run = f"email-domain:{name}@1"
        records = shell.answer(f"gctrust domain records {name}", **env)["records"]
        rows = [{"ttl": 60, **{k: r[k] for k in ("name", "type", "value")}} for r in records]
        shell.control("PUT", "/zones", {"records": rows})
        deadline = time.monotonic() + 40
        while (seen := shell.run(f"gctrust runs show {run} --json", **env)).returncode == 8:
            assert time.monotonic() < deadline, seen.stdout
        assert seen.returncode == 0, seen.stdout
        assert shell.run("gctrust audit verify", **env).returncode == 0
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0
    finally:
        if worker.poll() is None:
            worker.kill()
            worker.wait()
    assert shell.effects().count("POST /api/v2/organization/emaildomains") == 1
