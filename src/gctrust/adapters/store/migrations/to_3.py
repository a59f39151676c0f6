"""Version 3: the ledger keeps leaves, high nodes and a frontier; old keys are kept sealed.

Nothing is signed here: the leaves are counted anew from the entries' text, and the note that was
signed over them stays. Where it does not fit them, the ledger says so as it did before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import sqlalchemy as sa
from alembic.operations import Operations

STORED_LEVEL = 6  # nodes below it are folded from the leaves
_LEDGER = sa.Table(
    "ledger",
    sa.MetaData(),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("slot", sa.Text, nullable=False),
    sa.Column("entity", sa.Text, nullable=False, index=True),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("entry", sa.Text, nullable=False),
    sa.Column("leaf", sa.LargeBinary),
    sa.UniqueConstraint("run", "slot"),
)


def upgrade(op: Operations) -> None:
    inspector = sa.inspect(op.get_bind())
    if "sealed_keys" not in inspector.get_table_names():
        op.create_table(
            "sealed_keys",
            sa.Column("domain", sa.Text, primary_key=True),
            sa.Column("leaf", sa.Text, primary_key=True),
            sa.Column("certificates", sa.Text, nullable=False),
            sa.Column("nonce", sa.LargeBinary, nullable=False),
            sa.Column("octets", sa.LargeBinary, nullable=False),
            sa.Column("at", sa.Float, nullable=False),
        )
    if "leaf" not in {column["name"] for column in inspector.get_columns("ledger")}:
        op.add_column("ledger", sa.Column("leaf", sa.LargeBinary))
        leaves = _fill_leaves(op.get_bind())
        _tighten(op)
        _renew_checkpoint(op, leaves)


def _fill_leaves(connection: sa.Connection) -> list[bytes]:
    """RFC 6962 section 2.1, over each entry's text."""
    leaves = []
    query = sa.select(_LEDGER.c.seq, _LEDGER.c.entry).order_by(_LEDGER.c.seq)
    for seq, text in connection.execute(query).all():
        leaf = hashlib.sha256(b"\x00" + text.encode()).digest()
        leaves.append(leaf)
        connection.execute(sa.update(_LEDGER).where(_LEDGER.c.seq == seq).values(leaf=leaf))
    return leaves


def _tighten(op: Operations) -> None:
    op.drop_index("ix_ledger_run", "ledger")  # the unique pair of run and slot serves it
    with op.batch_alter_table("ledger", copy_from=_LEDGER) as ledger:
        ledger.alter_column("leaf", nullable=False)


def _renew_checkpoint(op: Operations, leaves: list[bytes]) -> None:
    connection = op.get_bind()
    connection.execute(sa.text(f"DELETE FROM ledger_nodes WHERE level < {STORED_LEVEL}"))  # noqa: S608
    note = connection.execute(sa.text("SELECT note FROM ledger_checkpoint")).scalar()
    op.drop_table("ledger_checkpoint")
    renewed = op.create_table(
        "ledger_checkpoint",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("frontier", sa.LargeBinary, nullable=False),
    )
    if note is not None:
        row = {"id": 1, "note": note, "frontier": _frontier(leaves)}
        connection.execute(sa.insert(renewed).values(row))


def _frontier(leaves: Sequence[bytes]) -> bytes:
    """The roots of the complete subtrees, largest first: one for each bit of the size."""
    roots, left = b"", list(leaves)
    while left:
        size = 1 << (len(left).bit_length() - 1)
        roots += _folded(left[:size])
        left = left[size:]
    return roots


def _folded(hashes: Sequence[bytes]) -> bytes:
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=True)
        hashes = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return hashes[0]
