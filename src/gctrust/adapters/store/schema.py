"""The store's tables: runs, signals, leases, ledger, outbox, tokens. The same on both databases."""

from __future__ import annotations

import sqlalchemy as sa

# A new table or index is its definition here and nothing more: a store that lacks it gets it when
# it is next opened. Any other change is a step in migrations/ and the next number here
# (docs/decisions/store.md).
SCHEMA_VERSION = 5

METADATA = sa.MetaData()

# SQLite numbers rows by what it calls INTEGER, which has 64 bits there.
_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")

META = sa.Table(
    "gctrust_meta",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

RUNS = sa.Table(
    "runs",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("journey", sa.Text, nullable=False),
    sa.Column("identity", sa.Text, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("order", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("stage", sa.Text, nullable=False, default=""),
    sa.Column("note", sa.Text, nullable=False, default=""),
    sa.Column("waiting_until", sa.Float),
    sa.Column("waiting_for", sa.Text, nullable=False, default=""),
    sa.Column("started", sa.Float, nullable=False),
    sa.Column("ended", sa.Float),
    sa.Column("horizon", sa.Float, nullable=False),
    sa.Column("life", sa.Integer, nullable=False, default=1),
    sa.Column("rewind_to", sa.Integer),
    sa.Column("owner", sa.Text),  # the lease's holder that drives it; "" while it is parked
    sa.Column("problem", sa.Text),
    sa.Column("end", sa.Text),
    sa.UniqueConstraint("identity", "generation"),
)
# One open run for one identity, even when two processes submit at once.
_OPEN = RUNS.c.ended.is_(None)
sa.Index("runs_open", RUNS.c.identity, unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN)
sa.Index("runs_turn", RUNS.c.owner, RUNS.c.started, sqlite_where=_OPEN, postgresql_where=_OPEN)

# Open runs that sleep: driven by nobody until the instant `due`, or a signal, takes the row away.
PARKED = sa.Table(
    "parked",
    METADATA,
    sa.Column("run", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("due", sa.Float, nullable=False, index=True),
)
# Lists are newest first, and stay quick with a hundred thousand runs whatever they are narrowed to.
sa.Index("runs_newest", RUNS.c.started, RUNS.c.id)
sa.Index("runs_by_status", RUNS.c.status, RUNS.c.started, RUNS.c.id)
sa.Index("runs_by_journey", RUNS.c.journey, RUNS.c.started, RUNS.c.id)
sa.Index("runs_counted", RUNS.c.journey, RUNS.c.status)

STEPS = sa.Table(
    "steps",
    METADATA,
    sa.Column("run", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("step", sa.Integer, primary_key=True),
    sa.Column("life", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("problem", sa.Text, nullable=False, default=""),
    sa.Column("started", sa.Float, nullable=False),
    sa.Column("ended", sa.Float, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
)

SEGMENTS = sa.Table(
    "segments",
    METADATA,
    sa.Column("run", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("workflow", sa.Text, nullable=False),
    sa.Column("base", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
)

# Every segment a run went through: what it can be forked from.
PAST_SEGMENTS = sa.Table(
    "past_segments",
    METADATA,
    sa.Column("run", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("workflow", sa.Text, nullable=False),
    sa.Column("base", sa.Integer, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
)

# A run that begins with the outcomes of another's: of `source`, before its step `step`.
FORKS = sa.Table(
    "forks",
    METADATA,
    sa.Column("run", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("workflow", sa.Text, nullable=False, unique=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
)

SIGNALS = sa.Table(
    "signals",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run", sa.Text, sa.ForeignKey("runs.id"), nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("taken_by", sa.Text),
)

API_TOKENS = sa.Table(
    "api_tokens",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("expires", sa.Float),
    sa.Column("revoked", sa.Float),
)

# What came with an Idempotency-Key: adapters/store/idempotency.py.
IDEMPOTENCY = sa.Table(
    "idempotency_keys",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False, index=True),
)

# Not a foreign key: what was ordered, and why, may outlast the run's own row.
RUN_CHANGES = sa.Table(
    "run_changes",
    METADATA,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("ticket", sa.Text, nullable=False),
)

LEASES = sa.Table(
    "leases",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("beat", sa.Float, nullable=False),
)

LEDGER = sa.Table(
    "ledger",
    METADATA,
    sa.Column("seq", _BIG, primary_key=True, autoincrement=False),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("slot", sa.Text, nullable=False),
    sa.Column("entity", sa.Text, nullable=False, index=True),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("entry", sa.Text, nullable=False),
    sa.Column("leaf", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("run", "slot"),
)

# Subtrees below this level are folded from the leaves when a proof asks for them: a node for every
# 64 entries is stored, not two for each.
STORED_LEVEL = 6
NODES = sa.Table(
    "ledger_nodes",
    METADATA,
    sa.Column("level", sa.Integer, primary_key=True),
    sa.Column("index", _BIG, primary_key=True),
    sa.Column("hash", sa.LargeBinary, nullable=False),
)

CHECKPOINT = sa.Table(
    "ledger_checkpoint",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("frontier", sa.LargeBinary, nullable=False),
)

OUTBOX = sa.Table(
    "outbox",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("entity", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("entry", _BIG, sa.ForeignKey("ledger.seq"), nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.UniqueConstraint("entry"),
)

SEALED = sa.Table(
    "sealed_keys",
    METADATA,
    sa.Column("domain", sa.Text, primary_key=True),
    sa.Column("leaf", sa.Text, primary_key=True),
    sa.Column("certificates", sa.Text, nullable=False),
    sa.Column("nonce", sa.LargeBinary, nullable=False),
    sa.Column("octets", sa.LargeBinary, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
)

# The webhook's endpoints (an environment's own one is no row here), how each fares, and one row for
# each event that is to reach one of them: `outbox.status` is what these come to together.
WEBHOOK_ENDPOINTS = sa.Table(
    "webhook_endpoints",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("options", sa.Text, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
)

WEBHOOK_HEALTH = sa.Table(
    "webhook_health",
    METADATA,
    sa.Column("endpoint", sa.Text, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("failing_since", sa.Float),
    sa.Column("open_until", sa.Float, nullable=False),
    sa.Column("disabled", sa.Float),
    sa.Column("why", sa.Text, nullable=False),
)

WEBHOOK_DELIVERIES = sa.Table(
    "webhook_deliveries",
    METADATA,
    sa.Column("outbox", sa.Text, primary_key=True),
    sa.Column("endpoint", sa.Text, primary_key=True),
    sa.Column("entry", _BIG, nullable=False),
    sa.Column("entity", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("next_at", sa.Float, nullable=False),
    sa.Index("webhook_deliveries_due", "endpoint", "status", "next_at", "entry"),
    sa.Index("webhook_deliveries_order", "endpoint", "entity", "status", "entry"),
    sa.Index("webhook_deliveries_entry", "entry"),
)

WEBHOOK_ATTEMPTS = sa.Table(
    "webhook_attempts",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("outbox", sa.Text, nullable=False),
    sa.Column("endpoint", sa.Text, nullable=False),
    sa.Column("try", sa.Integer, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Index("webhook_attempts_of", "outbox", "endpoint"),
)

# What every process of a store shares about the platform, as JSON: adapters/genesys/shared.py.
REQUEST_BUDGETS = sa.Table(
    "request_budgets",
    METADATA,
    sa.Column("identity", sa.Text, primary_key=True),  # client id @ host, never a token
    sa.Column("state", sa.Text, nullable=False),
)

CIRCUITS = sa.Table(
    "circuits",
    METADATA,
    sa.Column("host", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
)

SCHEDULES = sa.Table(
    "schedules",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("due", sa.Float, nullable=False),
    sa.Column("every", sa.Float),
    sa.Column("at", sa.Float),
    sa.Column("result", sa.Text, nullable=False),
    sa.Column("looked", sa.Float),
    sa.Column("changed", sa.Float),
    sa.Index("schedules_due", "status", "due"),
)

# One run for each instant at which a schedule was due.
TURNS = sa.Table(
    "schedule_turns",
    METADATA,
    sa.Column("schedule", sa.Text, primary_key=True),
    sa.Column("due", sa.Float, primary_key=True),
    sa.Column("run", sa.Text, sa.ForeignKey("runs.id"), nullable=False, index=True),
)

# The newest value of each series that runs and checks learnt: adapters/store/samples.py.
SAMPLES = sa.Table(
    "samples",
    METADATA,
    sa.Column("series", sa.Text, primary_key=True),
    sa.Column("metric", sa.Text, nullable=False),
    sa.Column("thing", sa.Text, nullable=False),
    sa.Column("value", sa.Float, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Index("samples_of", "metric", "thing"),
)

# Audit messages of a platform, and the time they were read of: adapters/store/platform_audits.py.
PLATFORM_AUDITS = sa.Table(
    "platform_audits",
    METADATA,
    sa.Column("platform", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Index("platform_audits_at", "platform", "at"),
)

AUDITS_READ = sa.Table(
    "platform_audits_read",
    METADATA,
    sa.Column("platform", sa.Text, primary_key=True),
    sa.Column("begins", sa.Float, nullable=False),
    sa.Column("ends", sa.Float, nullable=False),
)
