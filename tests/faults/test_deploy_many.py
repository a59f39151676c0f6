"""Many certificates from a list: canary, waves and stop rule on the real platform path."""

from __future__ import annotations

import pytest
from arena import CUSTOM, arena
from voyage import told, voyage

from gctrust.cli.tls_many import Waves, many_order, read_list
from gctrust.errors import Problem

HEAD = "domain,certificate,key,chain\n"


def listed(home, *rows, head=HEAD):
    path = home / "list.csv"
    path.write_text(head + "".join(f"{row}\n" for row in rows))
    return str(path)


def row_of(house, number):
    order = house.custom_order(number)
    return f"{order.domain}, server{number}.pem, server{number}.key,"


async def test_waves_until_the_stop_rule_holds_the_rest_back(tmp_path):
    with arena(tmp_path) as house:
        rows = [row_of(house, number) for number in range(6)]
        rows[2] = rows[2].replace("server2.key", "server3.key")
        rows[3] = rows[3].replace("server3.key", "server2.key")
        items = read_list(listed(tmp_path, *rows), "private", 2, ())
        order = many_order(items, Waves(wave_size=3, canary=1, stop_at=0.4))
        async with voyage(house) as trip:
            row = await trip.ended(order)
            assert row.status == "stopped", told(row)
            summary = row.end.summary
            assert (summary["succeeded"], summary["not_begun"]) == (2, 2)
            assert [one.partition(": ")[2] for one in summary["failed"]] == ["refused", "refused"]
            assert trip.actions(row.id).count("deploy-many.stopped") == 1
            assert len(house.journal("POST", CUSTOM)) == 2
            again = many_order(
                read_list(listed(tmp_path, *rows[:2], *rows[4:]), "private", 2, ()), Waves(canary=0)
            )
            row = await trip.ended(again)
            assert row.status == "succeeded", told(row)
        assert len(house.journal("POST", CUSTOM)) == 4, "what serves already is left alone"


@pytest.mark.parametrize(
    ("rows", "head", "reason"),
    [
        ((), HEAD, "lists nothing"),
        (("a.example,c.pem",), HEAD, "no certificate, or no key"),
        (("a.example,c,k,", "A.example.,c,k,"), HEAD, "twice"),
        (("not a domain,c,k,",), HEAD, "not a domain"),
        (("a.example,c,k,x,y",), HEAD, "too many fields"),
        (("a.example,c,k",), "domain;certificate;key\n", "columns"),
        (("\x00",), HEAD, ""),
    ],
)
def test_a_list_that_cannot_be_used_names_its_line(tmp_path, rows, head, reason):
    with pytest.raises(Problem) as refused:
        read_list(listed(tmp_path, *rows, head=head), "private", 2, ())
    assert refused.value.code == "tls.bad-list"
    assert reason in refused.value.facts["reason"]


@pytest.mark.parametrize(
    "waves",
    [
        Waves(wave_size=0),
        Waves(canary=-1),
        Waves(stop_at=1.5),
        Waves(stop_at=float("nan")),
        Waves(window=("at night",)),
    ],
)
def test_waves_that_make_no_sense_are_usage(waves):
    with pytest.raises(Problem) as refused:
        waves.check()
    assert refused.value.code == "tls.bad-option"


def test_the_same_list_is_the_same_order(tmp_path):
    path = listed(tmp_path, "a.example,c.pem,k.pem,", "b.example,c.pem,k.pem,chain.pem")
    one, two = (many_order(read_list(path, "private", 2, ()), Waves()) for _ in range(2))
    assert one.identity == two.identity
    assert one.items[1].files.chain == str((tmp_path / "chain.pem").resolve())
