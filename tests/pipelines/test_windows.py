from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gctrust.pipelines.windows import BadWindow, Freeze, Window, next_open

WEEK = datetime(2026, 11, 16, tzinfo=UTC)  # a Monday


def at(day: int, clock: str) -> float:
    hours, minutes = map(int, clock.split(":"))
    return (WEEK + timedelta(days=day, hours=hours, minutes=minutes)).timestamp()


@pytest.mark.parametrize(
    ("windows", "now", "opens"),
    [
        ((), at(0, "12:00"), at(0, "12:00")),
        (("22:00-04:00",), at(0, "12:00"), at(0, "22:00")),
        (("22:00-04:00",), at(0, "23:59"), at(0, "23:59")),
        (("22:00-04:00",), at(1, "03:59"), at(1, "03:59")),
        (("22:00-04:00",), at(1, "04:00"), at(1, "22:00")),
        (("mon-fri 22:00-04:00",), at(5, "03:00"), at(5, "03:00")),  # Friday's, on Saturday
        (("mon-fri 22:00-04:00",), at(5, "04:00"), at(7, "22:00")),
        (("sat,sun 00:00-06:00",), at(0, "00:00"), at(5, "00:00")),
        (("fri-mon 10:00-11:00",), at(1, "10:30"), at(4, "10:00")),
        (("sun 23:00-01:00", "wed 12:00-13:00"), at(0, "00:30"), at(0, "00:30")),
        (("sun 23:00-01:00", "wed 12:00-13:00"), at(0, "01:00"), at(2, "12:00")),
        (("00:00-24:00",), at(3, "17:00"), at(3, "17:00")),
        (("tue 09:00-09:01",), at(1, "09:01"), at(8, "09:00")),
    ],
)
def test_when_the_next_wave_may_begin(windows, now, opens):
    assert next_open([Window.parse(text) for text in windows], now) == opens


@pytest.mark.parametrize(
    "text", ["", "22-04", "25:00-04:00", "22:61-04:00", "monday 22:00-04:00", "mon- 1:00-2:00", "x"]
)
def test_what_is_no_window(text):
    with pytest.raises(BadWindow):
        Window.parse(text)


@pytest.mark.parametrize(
    ("windows", "freezes", "now", "opens"),
    [
        ((), ("2026-11-17",), at(0, "23:59"), at(0, "23:59")),
        ((), ("2026-11-17",), at(1, "00:00"), at(2, "00:00")),
        ((), ("2026-11-17..2026-11-19", "2026-11-19..2026-11-20"), at(1, "12:00"), at(5, "00:00")),
        (("22:00-04:00",), ("2026-11-17",), at(1, "23:00"), at(2, "00:00")),
        (("22:00-04:00",), ("2026-11-16",), at(0, "12:00"), at(1, "00:00")),
        (("09:00-10:00",), ("2026-11-17",), at(0, "10:00"), at(2, "09:00")),
        (("mon 09:00-10:00",), ("2026-11-23",), at(1, "09:00"), at(14, "09:00")),
    ],
)
def test_nothing_begins_in_a_freeze(windows, freezes, now, opens):
    given_ = [Window.parse(text) for text in windows]
    assert next_open(given_, now, [Freeze.parse(text) for text in freezes]) == opens


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-11-20..2026-11-19", "2026-02-30", "..x"])
def test_what_is_no_freeze(text):
    with pytest.raises(BadWindow):
        Freeze.parse(text)


@given(st.integers(0, 6), st.integers(0, 1439), st.integers(1, 1440), st.integers(0, 7 * 1440 - 1))
def test_what_opens_is_open_and_nothing_before_it_is(day, start, length, now):
    window = Window(frozenset({day}), timedelta(minutes=start), timedelta(minutes=length))
    moment = (WEEK + timedelta(minutes=now)).timestamp()
    opens = next_open([window], moment)
    assert moment <= opens <= moment + 7 * 86_400
    assert next_open([window], opens) == opens
    if opens > moment:
        assert next_open([window], opens - 1) == opens
