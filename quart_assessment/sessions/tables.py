"""The assessment session, its two assessments, and what happened to it."""

from __future__ import annotations

import sqlalchemy as sa

from quart_assessment.database.schema import Json, Texts, Time, Uuid, flag, foreign, key, metadata, moment

sessions = sa.Table(
    "sessions",
    metadata,
    key(),
    foreign("account_id", "accounts.id"),
    foreign("study_id", "studies.id"),
    foreign("study_version_id", "study_versions.id"),
    sa.Column("client_key", Uuid),
    foreign("previous_id", "sessions.id", nullable=True),
    sa.Column("visit", sa.Integer, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("first_part", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("page_id", Uuid),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("expires_at", Time, nullable=False),
    sa.Column("consent_scopes", Texts),
    sa.Column("withdrawn_scopes", Texts, nullable=False, server_default=sa.text("'{}'::text[]")),
    moment("consented_at", nullable=True),
    sa.Column("camera_ok", sa.Boolean),
    sa.Column("camera_reason", sa.Text),
    moment("camera_checked_at", nullable=True),
    moment("parts_open_at", nullable=True),
    sa.Column("end_state", sa.Text),
    sa.Column("end_reason", sa.Text),
    moment("ended_at", nullable=True),
    sa.CheckConstraint("first_part IN ('phq', 'chat')", name="first_part"),
    sa.CheckConstraint("end_state IN ('COMPLETED', 'ABANDONED', 'INCOMPLETE', 'FAILED')", name="end_state"),
    sa.CheckConstraint("(end_state IS NULL) = (ended_at IS NULL)", name="ended_with_a_state"),
    sa.UniqueConstraint("account_id", "client_key"),
    sa.Index(
        "uq_sessions_open",
        "account_id",
        "study_id",
        unique=True,
        postgresql_where=sa.text("end_state IS NULL"),
    ),
    sa.Index("ix_sessions_study_id", "study_id", "created_at"),
)

assessments = sa.Table(
    "assessments",
    metadata,
    key(),
    foreign("session_id", "sessions.id"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("client_key", Uuid),
    sa.Column("instrument", Json),
    sa.Column("created_at", Time, nullable=False),
    moment("started_at", nullable=True),
    moment("completed_at", nullable=True),
    sa.Column("end_reason", sa.Text),
    moment("replaced_at", nullable=True),
    sa.CheckConstraint("kind IN ('phq', 'chat')", name="kind"),
    sa.CheckConstraint("(kind = 'phq') = (instrument IS NOT NULL)", name="instrument_of_phq"),
    sa.CheckConstraint("(completed_at IS NULL) = (end_reason IS NULL)", name="completed_for_a_reason"),
    sa.UniqueConstraint("session_id", "client_key"),
    sa.Index("ix_assessments_session_id", "session_id"),
    sa.Index(
        "uq_assessments_current",
        "session_id",
        "kind",
        unique=True,
        postgresql_where=sa.text("replaced_at IS NULL"),
    ),
)

consents = sa.Table(
    "consents",
    metadata,
    key(),
    foreign("session_id", "sessions.id"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("text_sha256", sa.LargeBinary, nullable=False),
    flag("accepted"),
    sa.Column("scopes", Texts, nullable=False),
    sa.Column("given_at", Time, nullable=False),
    sa.Index("ix_consents_session_id", "session_id"),
)

erasure_requests = sa.Table(
    "erasure_requests",
    metadata,
    key(),
    foreign("session_id", "sessions.id"),
    sa.Column("scopes", Texts, nullable=False),
    moment("requested_at", now=True),
    moment("done_at", nullable=True),
    sa.Index("ix_erasure_requests_session_id", "session_id"),
)

session_events = sa.Table(
    "session_events",
    metadata,
    key(),
    foreign("session_id", "sessions.id"),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("facts", Json, nullable=False, server_default=sa.text("'{}'::jsonb")),
    moment("at", now=True),
    sa.Index("ix_session_events_session_id", "session_id", "at"),
)
