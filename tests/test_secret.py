"""Nothing but reveal() gives a Secret out."""

import copy
import json
import pickle
import traceback
from dataclasses import asdict, dataclass

import pytest

from gctrust.secret import Secret

TEXT = "hunter2-very-secret"


@dataclass(frozen=True, slots=True)
class Holder:
    name: str
    secret: Secret


@pytest.mark.parametrize(
    "shown",
    [
        str, repr, "{}".format, "{:>40}".format, "{!r}".format,
        lambda s: f"{s}", lambda s: repr([s, {"a": s}]),
        lambda s: repr(Holder("x", s)), lambda s: repr(asdict(Holder("x", s))),
        lambda s: json.dumps({"s": s}, default=str),
    ],
)  # fmt: skip
def test_no_text_form_shows_it(shown):
    assert TEXT not in shown(Secret(TEXT))


def test_reveal_gives_it_out():
    assert Secret(TEXT).reveal() == TEXT


def test_shows_whether_it_is_set():
    assert str(Secret(TEXT)) != str(Secret(""))
    assert Secret(TEXT)
    assert not Secret("")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle_refuses(protocol):
    with pytest.raises(TypeError) as caught:
        pickle.dumps(Holder("x", Secret(TEXT)), protocol)
    assert TEXT not in str(caught.value)


def test_json_refuses():
    with pytest.raises(TypeError):
        json.dumps(Secret(TEXT))


def test_copies_are_the_same_secret():
    secret = Secret(TEXT)
    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret


def test_equality_compares_the_text_and_there_is_no_hash():
    assert Secret(TEXT) == Secret(TEXT)
    assert Secret(TEXT) != Secret("other")
    assert Secret(TEXT) != TEXT
    with pytest.raises(TypeError):
        hash(Secret(TEXT))


def test_an_error_about_it_does_not_show_it():
    try:
        Secret(TEXT) + "x"  # type: ignore[operator]
    except TypeError:
        assert TEXT not in traceback.format_exc()


def test_has_no_open_attribute():
    secret = Secret(TEXT)
    assert not hasattr(secret, "__dict__")
    with pytest.raises(TypeError):
        secret.__getstate__()
