"""Logs: JSON lines with the run they are about, and no secret wherever one is planted."""

import io
import json
import logging
from contextlib import redirect_stderr
from types import SimpleNamespace

import pytest

from gctrust.adapters.genesys.caller import calling_for
from gctrust.adapters.telemetry.logs import Redaction, start_logs

SECRET = "s3cr3t-of-the-client"
PLANTED = [
    f"the secret {SECRET} itself",
    "Authorization: Bearer abcDEF123456.token",
    "authorization: basic dXNlcjpwYXNzd29yZA==",
    "https://user:hunter22@host/path",
    "postgresql://gctrust:hunter22@db/gctrust",
    "signed with whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEhunter22\n-----END EC PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nMHcCAQEEhunter22 cut off",
    "grant_type=client_credentials&client_secret=hunter22&x=1",
    'client_secret: "hunter22"',
    "token eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl",
]
LEAKS = (SECRET, "hunter22", "abcDEF123456", "dXNlcjpw", "MfKQ9r8G", "eyJzdWIi")


@pytest.fixture
def told():
    """Starts logs of a form; gives what stands on stderr."""
    stream = io.StringIO()
    ours = logging.getLogger("gctrust")
    before = ours.handlers[:], ours.level, ours.propagate

    def start(form):
        with redirect_stderr(stream):
            start_logs(form, "info", (SECRET,))
        return stream.getvalue

    yield start
    ours.handlers[:], ours.level, ours.propagate = before


@pytest.fixture
def lines(told):
    seen = told("json")
    return lambda: [json.loads(line) for line in seen().splitlines()]


@pytest.mark.parametrize("text", PLANTED)
def test_a_secret_stands_nowhere_in_a_line(lines, text):
    log = logging.getLogger("gctrust.place")
    log.warning(text)
    log.warning("an event", extra={"body": text, "deep": {"headers": [text, {"k": text}]}})
    log.warning("an event of %s", text)
    log.warning("octets", extra={"raw": text.encode(), "error": ValueError(text)})
    log.warning("a thing", extra={"thing": SimpleNamespace(held=text)})
    told = json.dumps(lines())
    assert len(lines()) == 5
    assert [leak for leak in LEAKS if leak in told] == []
    assert "[redacted]" in told


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("text", PLANTED)
def test_a_secret_in_an_exception_stands_in_no_traceback(told, form, text):
    seen = told(form)
    local = text

    def fails():
        raise ValueError(local)

    try:
        try:
            fails()
        except ValueError as error:
            raise RuntimeError(f"because of {text}") from error
    except RuntimeError:
        logging.getLogger("gctrust.place").exception("it broke")
    assert [leak for leak in LEAKS if leak in seen()] == []
    assert "in fails" in seen(), "where it broke is told"
    assert "[redacted]" in seen()


def test_what_is_no_secret_stays():
    plain = "https://api.mypurecloud.com/api/v2/x?id=5 sent by bob@example.com in 5 s"
    assert Redaction((SECRET,)).text(plain) == plain


def test_a_line_names_its_event_level_time_and_run(lines):
    with calling_for("email-domain:x@1", "email-domain"):
        logging.getLogger("gctrust.place").info("call", extra={"status": 200})
    logging.getLogger("gctrust.place").debug("not at this level")
    (line,) = lines()
    assert line["event"] == "call"
    assert line["level"] == "info"
    assert line["run"] == "email-domain:x@1"
    assert line["status"] == 200
    assert line["timestamp"].endswith("Z")
