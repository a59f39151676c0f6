"""Many certificates from a list: canary, waves and stop rule on the real platform path."""

from __future__ import annotations

from pathlib import Path

from arena import CUSTOM, arena
from voyage import told, voyage

from gctrust.cli.bulk import Waves, many_order
from gctrust.cli.bulk_orders import CERTIFICATES, certificates
from gctrust.pipelines.effects import CertificateFiles
from gctrust.pipelines.orders import CustomDomainOrder

HEAD = "domain,certificate,key,chain\n"


def listed(home, *rows, head=HEAD):
    path = home / "list.csv"
    path.write_text(head + "".join(f"{row}\n" for row in rows))
    return str(path)


def read(path):
    like = CustomDomainOrder("", CertificateFiles(""), "private", 2)
    listed = Waves(source=path).read(CERTIFICATES, certificates(like, Path(path).parent))
    return listed.usable(path, skip_bad=False)


def row_of(house, number):
    order = house.custom_order(number)
    return f"{order.domain}, server{number}.pem, server{number}.key,"


async def test_waves_until_the_stop_rule_holds_the_rest_back(tmp_path):
    with arena(tmp_path) as house:
        rows = [row_of(house, number) for number in range(6)]
        rows[2] = rows[2].replace("server2.key", "server3.key")
        rows[3] = rows[3].replace("server3.key", "server2.key")
        items = read(listed(tmp_path, *rows))
        order = many_order(items, Waves(wave_size=3, canary=1, stop_at=0.4))
        async with voyage(house) as trip:
            row = await trip.ended(order)
            assert row.status == "stopped", told(row)
            summary = row.end.summary
            assert (summary["succeeded"], summary["not_begun"]) == (2, 2)
            assert [one.partition(": ")[2] for one in summary["failed"]] == ["refused", "refused"]
            assert trip.actions(row.id).count("many.stopped") == 1
            assert len(house.journal("POST", CUSTOM)) == 2
            again = read(listed(tmp_path, *rows[:2], *rows[4:]))
            again = many_order(again, Waves(canary=0))
            states = [one.status for one in trip.app.bulk.items_of(row.id)]
            ends = ["succeeded", "succeeded", "refused", "refused", "not-begun", "not-begun"]
            assert states == ends
            row = await trip.ended(again)
            assert row.status == "succeeded", told(row)
        assert len(house.journal("POST", CUSTOM)) == 4, "what serves already is left alone"
