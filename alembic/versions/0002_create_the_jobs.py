"""create the jobs

Only adds: the release before runs on these tables, and knows nothing of them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UNFINISHED = sa.text("state IN ('waiting', 'running')")


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("asks", sa.Integer(), server_default="1", nullable=False),
        sa.Column("asks_seen", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("run_after", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("leased_by", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("kind ~ '^[a-z][a-z0-9_]{0,62}$'", name=op.f("ck_jobs_kind")),
        sa.CheckConstraint(
            "cardinality(key) BETWEEN 1 AND 4 AND array_position(key, NULL) IS NULL", name=op.f("ck_jobs_key")
        ),
        sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name=op.f("ck_jobs_state")),
        sa.CheckConstraint(
            "asks >= 1 AND asks_seen BETWEEN 0 AND asks AND attempts >= 0", name=op.f("ck_jobs_counts")
        ),
        sa.CheckConstraint(
            "(state = 'running') = (leased_by IS NOT NULL) AND (state = 'running') = (lease_until IS NOT NULL)",
            name=op.f("ck_jobs_leased_while_running"),
        ),
        sa.CheckConstraint(
            "(state IN ('done', 'failed')) = (finished_at IS NOT NULL)",
            name=op.f("ck_jobs_finished_with_a_state"),
        ),
        sa.CheckConstraint("last_error ~ '^[A-Za-z0-9_.]{1,200}$'", name=op.f("ck_jobs_last_error")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index("uq_jobs_unfinished", "jobs", ["kind", "key"], unique=True, postgresql_where=UNFINISHED)
    op.create_index(
        "ix_jobs_due",
        "jobs",
        [sa.literal_column("coalesce(lease_until, run_after)")],
        postgresql_where=UNFINISHED,
    )
    op.create_index(
        "ix_jobs_not_done", "jobs", ["kind", "state"], postgresql_where=sa.text("state <> 'done'")
    )
    op.create_index("ix_jobs_done", "jobs", ["finished_at"], postgresql_where=sa.text("state = 'done'"))
    op.create_table(
        "job_runs",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("runs", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('done', 'error', 'timeout', 'lost', 'returned')", name=op.f("ck_job_runs_outcome")
        ),
        sa.CheckConstraint("runs >= 1", name=op.f("ck_job_runs_runs")),
        sa.PrimaryKeyConstraint("kind", "outcome", name=op.f("pk_job_runs")),
    )


def downgrade() -> None:
    op.drop_table("job_runs")
    op.drop_table("jobs")
