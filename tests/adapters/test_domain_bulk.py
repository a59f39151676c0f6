"""Lists of domains: read in bounded memory, checked side by side, taken up again after a kill."""

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import dns.rcode
import pytest

from gctrust.adapters.dns.lane import Pace
from gctrust.adapters.dns.resolver import Resolver
from gctrust.adapters.dns.silence import Patience
from gctrust.adapters.domain_list import Entry, Journal, entries
from gctrust.adapters.mail.bulk import NO_SERVER, Checked, StandardsCheck, check_all
from gctrust.adapters.mail.check import BAD_NAME
from gctrust.cli.check_bulk import line_of
from gctrust.cli.output import plain
from gctrust.errors import Problem
from gctrust.findings import Finding, Report, Severity

from .dns_server import Clock, Server, answer, resolver

HASTY = Patience(first=0.05, tries=3, deadline=0.4, dead_after=0.1)


def listed(text: bytes) -> list[tuple[int, str]]:
    return [(entry.number, entry.text) for entry in entries(io.BytesIO(text))]


def test_lines_keep_their_number_and_lose_comments() -> None:
    text = b"\xef\xbb\xbfa.example\r\n\n# all\n b.example # own\nc.example"
    assert listed(text) == [(1, "a.example"), (4, "b.example"), (5, "c.example")]


def test_bytes_that_are_no_text_and_endless_lines_are_entries_too() -> None:
    read = listed(b"\xff\xfe\x00.example\n" + b"x" * 3_000_000 + b"\nlast.example\n")
    assert [number for number, _ in read] == [1, 2, 3]
    assert len(read[1][1]) == 4096
    assert read[2][1] == "last.example"


def test_reading_takes_no_memory() -> None:
    def lines():
        for n in range(30_000):
            yield b"n%d.example\n" % n

    class Endless(io.RawIOBase):
        def __init__(self):
            self.lines = lines()

        def readable(self):
            return True

        def readinto(self, buffer):
            line = next(self.lines, b"")
            buffer[: len(line)] = line
            return len(line)

    tracemalloc.start()
    assert sum(1 for _ in entries(io.BufferedReader(Endless()))) == 30_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000


def done(number: int, text: str) -> bytes:
    return line_of(Checked(Entry(number, text), Report(text)), "")


def test_a_journal_is_taken_up_where_its_last_whole_line_ends(tmp_path) -> None:
    path = tmp_path / "out.jsonl"
    first = Journal(path)
    first.write(done(1, "a.example"))
    first.write(done(3, 'ä"\\.example'))
    first.close()
    with path.open("ab") as stream:
        stream.write(done(4, "torn.example")[:90])
    again = Journal(path, resume=True)
    assert again.count == 2
    assert again.is_done(Entry(1, "a.example"), "a.example")
    assert again.is_done(Entry(3, 'ä"\\.example'), 'ä\\"\\\\.example')
    assert not again.is_done(Entry(4, "torn.example"), "torn.example")
    assert not again.is_done(Entry(9_999_999, "far.example"), "far.example")
    again.write(done(4, "torn.example"))
    again.close()
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [line["line"] for line in lines] == [1, 3, 4]


def test_results_are_never_overwritten_unasked(tmp_path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(done(1, "a.example"))
    with pytest.raises(Problem) as refused:
        Journal(path)
    assert refused.value.code == "bulk.output-exists"
    assert path.read_text().count("\n") == 1


@pytest.mark.parametrize(
    "other", ['{"schema": "x"}\n', '[1, {"a": 2}\n{"b": 1}\n', "notes\n", "notes", "{}"]
)
@pytest.mark.parametrize("resume", [False, True])
def test_another_file_is_left_alone(tmp_path, other: str, resume: bool) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(other)
    with pytest.raises(Problem):
        Journal(path, resume=resume)
    assert path.read_text() == other


def test_another_list_is_noticed(tmp_path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(done(1, "a.example"))
    journal = Journal(path, resume=True)
    with pytest.raises(Problem) as refused:
        journal.is_done(Entry(1, "b.example"), "b.example")
    assert refused.value.code == "bulk.other-file"


def test_one_run_at_a_time_writes_a_file(tmp_path) -> None:
    path = tmp_path / "out.jsonl"
    first = Journal(path)
    first.write(done(1, "a.example"))
    for resume in (False, True):
        with pytest.raises(Problem) as refused:
            Journal(path, resume=resume)
        assert refused.value.code == "bulk.output-busy"
    first.close()
    Journal(path, resume=True).close()
    assert path.read_bytes() == done(1, "a.example")


def failed(number: int, text: str) -> bytes:
    return line_of(Checked(Entry(number, text), Report(text), failed=2), "")


def lost(number: int, text: str) -> bytes:
    return line_of(Checked(Entry(number, text), problem=Problem(NO_SERVER)), "problem")


def test_what_failed_is_dropped_on_a_resumption_and_the_rest_is_kept(tmp_path) -> None:
    path, link = tmp_path / "out.jsonl", tmp_path / "link"
    kept = done(1, "a.example") + done(4, "d.example")
    path.write_bytes(failed(2, "b.example") + kept + lost(3, "c.example") + b'{"schema": "gct')
    path.chmod(0o640)
    link.symlink_to(path)
    journal = Journal(link, resume=True)
    assert (journal.count, journal.failed, journal.worst) == (2, 2, {""})
    assert [
        journal.is_done(Entry(n, f"{c}.example"), f"{c}.example")
        for n, c in ((1, "a"), (2, "b"), (3, "c"))
    ] == [True, False, False]
    with pytest.raises(Problem):  # the copy that took its place is locked as well
        Journal(path, resume=True)
    journal.write(done(2, "b.example"))
    journal.close()
    assert path.read_bytes() == kept + done(2, "b.example")
    assert path.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["link", "out.jsonl"]


def test_names_that_are_none_are_not_asked_again(tmp_path) -> None:
    path = tmp_path / "out.jsonl"
    bad = Checked(Entry(1, "no name"), problem=Problem(BAD_NAME, {"seen": "no name"}))
    path.write_bytes(line_of(bad, "usage"))
    journal = Journal(path, resume=True)
    assert (journal.count, journal.failed) == (1, 0)
    journal.close()


async def test_look_ups_that_failed_are_counted_for_their_own_domain() -> None:
    """SERVFAIL and silence; a name that does not exist is an answer."""

    def reply(query, _):
        name = query.question[0].name.to_text()
        if name.startswith("silent"):
            return []
        code = {"fails": "SERVFAIL", "void": "NXDOMAIN"}.get(name.partition(".")[0], "NOERROR")
        found = [f'{name} 60 TXT "v=spf1 -all"'] if code == "NOERROR" else []
        return [answer(query, *found, rcode=dns.rcode.from_text(code))]

    given: list[Checked] = []
    names = [f"{kind}.example" for kind in ("silent", "good", "fails", "void")]
    async with Server(reply) as server, Resolver([server.name], Clock(), patience=HASTY) as dns_:
        check = StandardsCheck(dns_, ("spf",)).check
        await check_all([Entry(n, name) for n, name in enumerate(names)], check, given.append, dns_)
    counted = {one.entry.text: one.failed for one in given}
    assert counted == {
        "silent.example": 1,
        "good.example": 0,
        "fails.example": 1,
        "void.example": 0,
    }
    (line,) = [line_of(one, "") for one in given if one.entry.text == "fails.example"]
    assert json.loads(line)["failed_lookups"] == 1


async def test_a_resumption_asks_again_what_failed(tmp_path) -> None:
    """The server fails for one domain, then is well: two runs of the command, one good file."""
    well, asked = False, set()

    def reply(query, _):
        name = query.question[0].name.to_text()
        if well:
            asked.add(name)
        if name.startswith("n3.") and not well:
            return [answer(query, rcode=dns.rcode.SERVFAIL)]
        return [answer(query, f'{name} 60 TXT "v=spf1 ip4:192.0.2.1 -all"')]

    source, out = tmp_path / "list", tmp_path / "out.jsonl"
    source.write_text("\n".join(f"n{n}.example" for n in range(6)))
    env = {**os.environ, "HOME": str(tmp_path), "GCTRUST_HOME": str(tmp_path / "home")}
    async with Server(reply) as server:
        for told_of, counts in ((b"6 domains", 1), (b"1 are asked again", 0)):
            line = command(
                "--from", str(source), "--output", str(out), "--resume", server=server.name
            )
            process = await asyncio.create_subprocess_exec(*line, env=env, stderr=subprocess.PIPE)
            _, told = await process.communicate()
            assert told_of in told
            assert out.read_bytes().count(b"failed_lookups") == counts
            well = True
    lines = [json.loads(one) for one in out.read_text("utf-8").splitlines()]
    assert sorted(one["domain"] for one in lines) == [f"n{n}.example" for n in range(6)]
    assert asked == {"n3.example."}


def test_a_line_says_what_the_report_says() -> None:
    found = Finding("spf.x", Severity.WARN, "a.example", "It is so.", {"n": 1}, "Do it.", "RFC 1")
    report = Report("a.example", (found,), ("the rest",))
    line = json.loads(line_of(Checked(Entry(7, "a.example"), report), "warn"))
    assert (line["line"], line["domain"], line["worst"]) == (7, "a.example", "warn")
    assert line["findings"] == plain(report)["findings"]
    assert line["not_judged"] == ["the rest"]


async def test_each_result_is_given_when_it_is_there_and_a_bad_name_stops_nothing() -> None:
    def reply(query, _):
        name = query.question[0].name.to_text()
        return [answer(query, f'{name} 60 TXT "v=spf1 -all"')]

    given: list[Checked] = []
    names = ["a.example", "no name..", "b.example", "x" * 300, "c.example"]
    async with Server(reply) as server, resolver(server) as dns_:
        check = StandardsCheck(dns_, ("spf",)).check
        todo = [Entry(n, name) for n, name in enumerate(names, 1)]
        await check_all(todo, check, given.append, dns_, at_once=2)
    by_line = {one.entry.number: one for one in given}
    assert sorted(by_line) == [1, 2, 3, 4, 5]
    assert {n: one.problem.code for n, one in by_line.items() if one.problem} == {
        2: "mail.bad-name",
        4: "mail.bad-name",
    }
    assert by_line[5].report.subject == "c.example"
    assert by_line[5].report.not_judged[-1] == "all but spf"


async def test_a_defect_ends_the_check_with_its_own_error() -> None:
    async def check(name: str) -> Report:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    async with Server(lambda q, _: []) as server, resolver(server) as dns_:
        with pytest.raises(ZeroDivisionError):
            await check_all([Entry(1, "a"), Entry(2, "b")], check, print, dns_, at_once=2)


async def test_a_list_of_silent_domains_does_not_take_forever() -> None:
    given: list[Checked] = []
    async with Server(lambda q, _: []) as server:
        async with resolver(server, pace=Pace(at_once=50)) as dns_:
            check = StandardsCheck(dns_, ("spf", "dmarc", "mx")).check
            started = time.monotonic()
            todo = [Entry(n, f"n{n}.example") for n in range(40)]
            await check_all(todo, check, given.append, dns_)
    assert time.monotonic() - started < 4
    assert len(given) == 40
    assert all(one.report.not_judged for one in given)


def command(*arguments: str, server: str) -> list[str]:
    end = ["--only", "spf", "--nameserver", server]
    return [sys.executable, "-m", "gctrust", "check", "domain", *arguments, *end]


async def test_after_a_kill_only_what_is_missing_is_asked(tmp_path) -> None:
    """A real process is killed with -9 in the middle, twice; every line is there once."""

    def reply(query, _):
        name = query.question[0].name.to_text()
        return [answer(query, f'{name} 60 TXT "v=spf1 ip4:192.0.2.1 -all"')]

    names = [f"n{n}.example" for n in range(600)]
    source, out = tmp_path / "list", tmp_path / "out.jsonl"
    source.write_text("\n".join(names))
    env = {**os.environ, "HOME": str(tmp_path), "GCTRUST_HOME": str(tmp_path / "home")}
    async with Server(reply) as server:
        line = command("--from", str(source), "--output", str(out), "--resume", server=server.name)
        for at_least in (50, 250):
            process = await asyncio.create_subprocess_exec(
                *line, "--rate", "400", env=env, stderr=subprocess.DEVNULL
            )
            async with asyncio.timeout(60):
                while not out.exists() or out.read_bytes().count(b"\n") < at_least:
                    await asyncio.sleep(0.02)
            process.send_signal(signal.SIGKILL)
            await process.wait()
        await asyncio.sleep(0.2)  # what the killed one had sent arrives
        before = len(server.seen)
        kept = out.read_bytes().count(b"\n")
        process = await asyncio.create_subprocess_exec(*line, env=env, stderr=subprocess.PIPE)
        _, told = await process.communicate()
    lines = [json.loads(one) for one in out.read_text("utf-8").splitlines()]
    assert process.returncode == 0, told
    assert sorted(one["line"] for one in lines) == list(range(1, 601))
    asked = {query.question[0].name for _, query in server.seen[before:]}
    assert len(asked) == 600 - kept
    assert f"{kept} done before" in told.decode()


async def test_the_exit_code_is_that_of_the_worst_line(tmp_path) -> None:
    def reply(query, _):
        return [answer(query, f'{query.question[0].name} 60 TXT "v=spf1 bad! -all"')]

    source, out = tmp_path / "list", tmp_path / "out.jsonl"
    env = {**os.environ, "HOME": str(tmp_path), "GCTRUST_HOME": str(tmp_path / "home")}
    async with Server(reply) as server:
        for text, code in (("a.example\n", 10), ("a.example\nno name\n", 2)):
            source.write_text(text)
            line = command("--from", str(source), "--json", server=server.name)
            process = await asyncio.create_subprocess_exec(*line, env=env, stdout=subprocess.PIPE)
            told, _ = await process.communicate()
            assert process.returncode == code
            assert len(told.splitlines()) == text.count("\n")
            assert all(json.loads(one)["version"] == 1 for one in told.splitlines())
    assert not out.exists()


async def test_several_processes_do_each_line_once(tmp_path) -> None:
    def reply(query, _):
        name = query.question[0].name.to_text()
        return [answer(query, f'{name} 60 TXT "v=spf1 ip4:192.0.2.1 -all"')]

    source, out = tmp_path / "list", tmp_path / "out.jsonl"
    source.write_text("\n".join(["ä b..", *(f"n{n}.example" for n in range(60))]))
    env = {**os.environ, "HOME": str(tmp_path), "GCTRUST_HOME": str(tmp_path / "home")}
    async with Server(reply) as server:
        line = command("--from", str(source), "--output", str(out), server=server.name)
        process = await asyncio.create_subprocess_exec(
            *line, "--processes", "2", env=env, stderr=subprocess.PIPE
        )
        _, told = await process.communicate()
        assert process.returncode == 2, told
    lines = [json.loads(one) for one in out.read_text("utf-8").splitlines()]
    assert sorted(one["line"] for one in lines) == list(range(1, 62))
    assert {one["worst"] for one in lines if "problem" not in one} == {"info"}
    assert len(server.seen) == 60


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="children are told by /proc")
async def test_a_worker_that_is_killed_ends_the_check_and_a_resumption_does_the_rest(
    tmp_path,
) -> None:
    def reply(query, _):
        name = query.question[0].name.to_text()
        return [answer(query, f'{name} 60 TXT "v=spf1 ip4:192.0.2.1 -all"')]

    source, out = tmp_path / "list", tmp_path / "out.jsonl"
    source.write_text("\n".join(f"n{n}.example" for n in range(400)))
    env = {**os.environ, "HOME": str(tmp_path), "GCTRUST_HOME": str(tmp_path / "home")}
    async with Server(reply) as server:
        line = command("--from", str(source), "--output", str(out), "--resume", server=server.name)
        process = await asyncio.create_subprocess_exec(
            *line, "--processes", "2", "--rate", "100", env=env, stderr=subprocess.PIPE
        )
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        async with asyncio.timeout(60):
            while not out.exists() or not out.read_bytes():
                await asyncio.sleep(0.02)
            (worker,) = map(int, children.read_text().split())
        os.kill(worker, signal.SIGKILL)
        _, told = await process.communicate()
        assert process.returncode == 1
        assert b"bulk.worker-lost" in told
        assert 0 < out.read_bytes().count(b"\n") < 400
        again = await asyncio.create_subprocess_exec(*line, env=env, stderr=subprocess.DEVNULL)
        assert await again.wait() == 0
    lines = [json.loads(one) for one in out.read_text("utf-8").splitlines()]
    assert sorted(one["line"] for one in lines) == list(range(1, 401))


async def test_an_outage_stops_the_list_and_spoils_no_more_of_it() -> None:
    """The server goes silent for a while: what is begun then waits until it is back."""
    out = False

    def reply(query, _):
        name = query.question[0].name.to_text()
        return [] if out else [answer(query, f'{name} 60 TXT "v=spf1 ip4:192.0.2.1 -all"')]

    given: list[Checked] = []
    async with Server(reply) as server, Resolver([server.name], Clock(), patience=HASTY) as dns_:
        check = StandardsCheck(dns_, ("spf",)).check
        todo = [Entry(n, f"n{n}.example") for n in range(2000)]

        async def fail() -> None:
            nonlocal out
            while len(given) < 200:
                await asyncio.sleep(0.001)
            out = True
            await asyncio.sleep(1.2)
            out = False

        outage = asyncio.create_task(fail())
        await check_all(todo, check, given.append, dns_, at_once=20, patience=20)
        await outage
    spoilt = [one for one in given if any("timeout" in row for row in one.report.not_judged)]
    assert len(given) == 2000
    assert 0 < len(spoilt) < 200


async def test_a_lasting_outage_ends_the_list_with_a_problem() -> None:
    given: list[Checked] = []
    silent = Server(lambda q, _: [])
    async with silent as server, Resolver([server.name], Clock(), patience=HASTY) as dns_:
        check = StandardsCheck(dns_, ("spf",)).check
        todo = [Entry(n, f"n{n}.example") for n in range(500)]
        with pytest.raises(Problem) as ended:
            await check_all(todo, check, given.append, dns_, at_once=10, patience=0.5)
    assert ended.value.code == "bulk.no-server"
    assert ended.value.facts["servers"] == [server.name]
    assert len(given) < 100


@pytest.mark.parametrize("server", ["nonsense", "192.0.2.1:53"])
async def test_a_server_that_is_none_is_refused_before_anything_is_asked(server, tmp_path) -> None:
    source = tmp_path / "list"
    source.write_text("a.example\n")
    line = [sys.executable, "-m", "gctrust", "check", "domain", "--from", str(source)]
    process = await asyncio.create_subprocess_exec(
        *line, f"--nameserver={server}", stderr=subprocess.PIPE, cwd=tmp_path
    )
    _, told = await process.communicate()
    assert process.returncode == 2
    assert b"cli.bad-argument" in told
