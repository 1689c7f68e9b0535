"""The interview's turns, and the pieces of each reply in the order of their commits."""

from __future__ import annotations

import sqlalchemy as sa

from quart_assessment.database.schema import Json, Time, Uuid, flag, foreign, metadata, moment

turns = sa.Table(
    "turns",
    metadata,
    foreign("session_id", "sessions.id", primary_key=True),
    sa.Column("message_id", Uuid, primary_key=True),
    foreign("assessment_id", "assessments.id"),
    sa.Column("turn_number", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("message", sa.Text),
    sa.Column("reply", sa.Text, nullable=False, server_default=""),
    flag("safety"),
    sa.Column("help", Json),
    sa.Column("policy", sa.Text),
    sa.Column("detector", sa.Text),
    flag("conversation_ended"),
    sa.Column("error", sa.Text),
    sa.Column("asks", sa.Integer, nullable=False, server_default="0"),
    sa.Column("client_time", Time),
    sa.Column("session_ms", sa.BigInteger),
    sa.Column("received_at", Time, nullable=False),
    flag("clock_suspect"),
    sa.Column("timing", Json, nullable=False, server_default=sa.text("'{}'::jsonb")),
    moment("first_token_at", nullable=True),
    moment("completed_at", nullable=True),
    sa.Column("worker_id", Uuid),
    sa.Column("lease_until", Time),
    sa.Column("connection", sa.Text),
    sa.Column("model", sa.Text),
    sa.Column("provider", sa.Text),
    sa.Column("model_answered", sa.Text),
    sa.Column("parameters", Json),
    sa.Column("instructions_sha256", sa.LargeBinary),
    sa.Column("tokens_in", sa.Integer),
    sa.Column("tokens_out", sa.Integer),
    sa.Column("fallback_for", sa.Text),
    sa.Column("model_calls", sa.Integer),
    sa.Column("model_tokens", sa.BigInteger),
    moment("asked_at", nullable=True),
    moment("first_piece_at", nullable=True),
    moment("last_piece_at", nullable=True),
    sa.CheckConstraint(
        "state IN ('pending', 'streaming', 'complete', 'stopped', 'interrupted', 'failed')", name="state"
    ),
    sa.CheckConstraint("turn_number >= 0 AND (turn_number = 0) = (message IS NULL)", name="turn_number"),
    sa.CheckConstraint("asks BETWEEN 0 AND 3", name="asks"),
    sa.CheckConstraint(
        "(state IN ('pending', 'streaming')) = (completed_at IS NULL)", name="completed_when_not_running"
    ),
    sa.UniqueConstraint("assessment_id", "turn_number"),
    sa.Index(
        "uq_turns_running",
        "assessment_id",
        unique=True,
        postgresql_where=sa.text("state IN ('pending', 'streaming')"),
    ),
)

turn_deltas = sa.Table(
    "turn_deltas",
    metadata,
    sa.Column("session_id", Uuid, primary_key=True),
    sa.Column("message_id", Uuid, primary_key=True),
    sa.Column("ends_at", sa.Integer, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    moment("at", now=True),
    sa.ForeignKeyConstraint(["session_id", "message_id"], ["turns.session_id", "turns.message_id"]),
    sa.CheckConstraint("ends_at >= char_length(text) AND text <> ''", name="ends_at"),
)
