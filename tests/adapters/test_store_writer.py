"""The connection that is kept for appends: several threads and stores, and errors in between."""

from __future__ import annotations

import contextlib
import threading

from gctrust.adapters.ledger.entry import Entry

from .ledgers import opened


def test_appends_of_threads_and_errors_between_them_make_one_tree(tmp_path):
    one, other = opened(tmp_path), opened(tmp_path)

    def appends(ledger, run):
        for step in range(20):
            ledger.append(Entry("done", "x", run, step))

    def fails(ledger):
        for step in range(10):
            with contextlib.suppress(KeyError), ledger.store.write_prepared() as lane:
                ledger.append_in(lane, Entry("failed", "x", "bad", step))
                raise KeyError

    threads = [
        *(threading.Thread(target=appends, args=(one, f"r{n}")) for n in range(2)),
        threading.Thread(target=appends, args=(other, "r2")),
        *(threading.Thread(target=fails, args=(ledger,)) for ledger in (one, other)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdict = one.verify()
    assert (verdict.entries, verdict.findings) == (60, ())
    assert one.entries(action="failed") == ()
    one.store.close()
    other.store.close()
