"""Who saw or changed what. The application's role may add rows and read them, nothing else."""

from __future__ import annotations

import sqlalchemy as sa

from quart_assessment.database.schema import Json, Uuid, foreign, key, metadata, moment

audit_events = sa.Table(
    "audit_events",
    metadata,
    key(),
    moment("at", now=True),
    foreign("account_id", "accounts.id", nullable=True),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("study_id", Uuid),
    sa.Column("session_id", Uuid),
    sa.Column("subject_id", Uuid),
    sa.Column("facts", Json, nullable=False, server_default=sa.text("'{}'::jsonb")),
    sa.Index("ix_audit_events_session_id", "session_id"),
    sa.Index("ix_audit_events_account_id", "account_id", "at"),
)
