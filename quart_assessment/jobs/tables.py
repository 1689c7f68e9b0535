"""Jobs: what is to be done, how far it is, and what became of it; and how their runs ended, counted."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from quart_assessment.database.schema import Time, Uuid, metadata, moment

_UNFINISHED = sa.text("state IN ('waiting', 'running')")

jobs = sa.Table(
    "jobs",
    metadata,
    # Made by the database, since a set statement asks for jobs of rows that only it knows.
    sa.Column("id", Uuid, primary_key=True, server_default=sa.text("gen_random_uuid()")),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("key", postgresql.ARRAY(Uuid), nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="waiting"),
    sa.Column("asks", sa.Integer, nullable=False, server_default="1"),
    sa.Column("asks_seen", sa.Integer, nullable=False, server_default="0"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    moment("run_after", now=True),
    sa.Column("leased_by", Uuid),
    sa.Column("lease_until", Time),
    moment("asked_at", now=True),
    moment("started_at", nullable=True),
    moment("finished_at", nullable=True),
    sa.Column("last_error", sa.Text),
    sa.CheckConstraint("kind ~ '^[a-z][a-z0-9_]{0,62}$'", name="kind"),
    sa.CheckConstraint("cardinality(key) BETWEEN 1 AND 4 AND array_position(key, NULL) IS NULL", name="key"),
    sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name="state"),
    sa.CheckConstraint("asks >= 1 AND asks_seen BETWEEN 0 AND asks AND attempts >= 0", name="counts"),
    sa.CheckConstraint(
        "(state = 'running') = (leased_by IS NOT NULL) AND (state = 'running') = (lease_until IS NOT NULL)",
        name="leased_while_running",
    ),
    sa.CheckConstraint(
        "(state IN ('done', 'failed')) = (finished_at IS NOT NULL)", name="finished_with_a_state"
    ),
    # A class or a code has no spaces: what an error says, and whom it quotes, cannot be stored.
    sa.CheckConstraint("last_error ~ '^[A-Za-z0-9_.]{1,200}$'", name="last_error"),
    sa.Index("uq_jobs_unfinished", "kind", "key", unique=True, postgresql_where=_UNFINISHED),
    sa.Index("ix_jobs_due", sa.text("coalesce(lease_until, run_after)"), postgresql_where=_UNFINISHED),
    sa.Index("ix_jobs_not_done", "kind", "state", postgresql_where=sa.text("state <> 'done'")),
    sa.Index("ix_jobs_done", "finished_at", postgresql_where=sa.text("state = 'done'")),
)

job_runs = sa.Table(
    "job_runs",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("outcome", sa.Text, primary_key=True),
    sa.Column("runs", sa.BigInteger, nullable=False),
    sa.CheckConstraint("outcome IN ('done', 'error', 'timeout', 'lost', 'returned')", name="outcome"),
    sa.CheckConstraint("runs >= 1", name="runs"),
)
