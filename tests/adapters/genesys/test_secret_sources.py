"""Secrets by reference: environment, file, standard input."""

import io

import pytest

from gctrust.adapters.system import RandomIds, SecretSources
from gctrust.errors import Problem


def sources(typed="typed-in\n", **environ):
    return SecretSources(environ, io.StringIO(typed))


def test_each_source(tmp_path):
    path = tmp_path / "key.pem"
    path.write_text("in a file\n")
    assert sources(NAME="in env").read("env:NAME").reveal() == "in env"
    assert sources().read(f"file:{path}").reveal() == "in a file\n"
    assert sources().read(str(path)).reveal() == "in a file\n"
    assert sources().read("stdin:").reveal() == "typed-in"


def test_standard_input_is_read_once_and_kept():
    asked = sources()
    assert asked.read("-").reveal() == asked.read("stdin:").reveal() == "typed-in"


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("env:GONE", "config.missing"),
        ("file:/gone/for/good", "config.unreadable-file"),
        ("~nobody-of-that-name/x", "config.unreadable-file"),
        ("keyring:x", "config.bad-value"),
        ("-", "config.missing"),
    ],
)
def test_what_is_not_there_is_a_problem(reference, code):
    with pytest.raises(Problem) as caught:
        sources(typed="\n").read(reference)
    assert caught.value.code == code


def test_a_file_that_is_no_text_is_not_quoted(tmp_path):
    path = tmp_path / "key.der"
    path.write_bytes(b"\x30\x82tell-tale\xff")
    with pytest.raises(Problem) as caught:
        sources().read(str(path))
    assert "tell-tale" not in f"{caught.value}{caught.value.next_step}"


def test_ids_differ():
    assert len({RandomIds().new() for _ in range(100)}) == 100
