"""What `gctrust explain` knows of the command line and the settings is whole."""

from __future__ import annotations

from gctrust.cli.catalogue import catalogue


def test_every_problem_of_ours_names_its_source() -> None:
    ours = {id_: e for id_, e in catalogue().items() if id_.startswith(("cli.", "config."))}
    assert len(ours) > 10
    assert [id_ for id_, entry in ours.items() if not entry.source] == []
