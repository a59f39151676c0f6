"""What the engine stores, and where: JSON, in the store's database."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from ..adapters.store.store import Store


class JsonSerializer:
    """What DBOS stores. Its default, pickle, would run code for whoever can write the database."""

    def serialize(self, data: Any) -> str:
        return json.dumps(data, default=_plain, ensure_ascii=False)

    def deserialize(self, serialized_data: str) -> Any:
        data = json.loads(serialized_data)
        if isinstance(data, dict) and data.keys() == {"~error"}:
            return RuntimeError(data["~error"])
        return data

    def name(self) -> str:
        return "gctrust_json"


def _plain(value: object) -> object:
    if isinstance(value, BaseException):
        return {"~error": type(value).__name__}
    raise TypeError(f"{type(value).__name__} may not be stored")


def open_engine(store: Store) -> sa.Engine:
    """DBOS's own settings plus WAL and full sync; it begins its transactions itself."""
    if store.shared:
        return sa.create_engine(store.url, pool_pre_ping=True, pool_size=20)
    engine = sa.create_engine(store.url, connect_args={"check_same_thread": False})

    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}").close()
        connection.execute("PRAGMA foreign_keys=ON").close()

    event.listen(engine, "connect", on_connect)
    return engine
