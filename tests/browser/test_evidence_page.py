"""The pack's page, opened from its folder in a browser: it says what is so, and for itself."""

from __future__ import annotations

import base64

import pytest


def lines_of(page):
    start = page.index('id="entries">\n') + len('id="entries">\n')
    return start, page[start : page.index("\n</script>", start)].split("\n")


def changed(pack, tmp_path, change):
    """The page with its lines of entries changed."""
    page = (pack / "index.html").read_text()
    start, lines = lines_of(page)
    old = "\n".join(lines)
    file = tmp_path / "index.html"
    file.write_text(page[:start] + change(lines) + page[start + len(old) :])
    return file


def test_a_whole_pack_is_verified_and_shown(pack, opened):
    verdict, document = opened(pack / "index.html")
    assert verdict == "verified"
    for shown in ("entries 9 to 68", "tree of 83 entries", "CHG-1", "tls.replaces", "os:anna"):
        assert shown in document
    approved = document.partition('id="approvals"')[2].partition("</section>")[0]
    assert approved.count("<td>run.ordered</td>") == approved.count("<tr>") - 1 == 1
    assert "<td>mail.example.com</td>" in document  # of the inventory, from before the period
    assert "&lt;b&gt;" in document
    assert "<b>" not in document


@pytest.mark.parametrize("seq", [9, 40])
def test_a_flipped_bit_is_told_with_its_entry(pack, opened, tmp_path, seq):
    def flip(lines):
        label, text, *path = lines[seq - 9].split(" ")
        octets = bytearray(base64.b64decode(text))
        octets[len(octets) // 2] ^= 1
        lines[seq - 9] = " ".join([label, base64.b64encode(octets).decode(), *path])
        return "\n".join(lines)

    verdict, document = opened(changed(pack, tmp_path, flip))
    assert verdict == f"broken at entry {seq}"
    assert "<td>" not in document


def test_an_entry_left_out_is_told(pack, opened, tmp_path):
    verdict, _ = opened(changed(pack, tmp_path, lambda lines: "\n".join(lines[:5] + lines[6:])))
    assert verdict == "broken at entry 14"


def test_a_changed_program_does_not_run(pack, opened, tmp_path):
    file = tmp_path / "index.html"
    file.write_text((pack / "index.html").read_text().replace("found.broken)", "false)"))
    assert opened(file)[0].startswith("not checked")
