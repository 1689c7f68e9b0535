"""Captures that were received, kept or not, and those that pages have announced."""

from __future__ import annotations

import sqlalchemy as sa

from quart_assessment.database.schema import Json, Time, Uuid, flag, foreign, metadata

_KNOWN_TRIGGER = "trigger IN ('INTERVAL', 'QUESTION_START', 'BUTTON_CLICK', 'MESSAGE_SEND', 'MANUAL')"

captures = sa.Table(
    "captures",
    metadata,
    foreign("session_id", "sessions.id", primary_key=True),
    sa.Column("capture_id", Uuid, primary_key=True),
    foreign("assessment_id", "assessments.id", nullable=True),
    sa.Column("field", sa.Text),
    sa.Column("filename", sa.Text),
    sa.Column("trigger", sa.Text, nullable=False),
    sa.Column("capture_type", sa.Text, nullable=False),
    sa.Column("question_id", Uuid),
    sa.Column("message_id", Uuid),
    sa.Column("client_time", Time),
    sa.Column("session_ms", sa.BigInteger),
    sa.Column("received_at", Time, nullable=False),
    flag("clock_suspect"),
    flag("late"),
    sa.Column("timing", Json, nullable=False, server_default=sa.text("'{}'::jsonb")),
    sa.Column("settings", Json, nullable=False),
    flag("kept"),
    sa.Column("code", sa.Text),
    sa.Column("size", sa.Integer),
    sa.Column("type", sa.Text),
    sa.Column("sha256", sa.LargeBinary),
    sa.Column("store_key", sa.Text),
    sa.CheckConstraint(_KNOWN_TRIGGER, name="trigger"),
    sa.CheckConstraint("capture_type IN ('PHQ', 'LLM', 'GENERAL')", name="capture_type"),
    sa.CheckConstraint("kept = (code IS NULL)", name="kept_or_said_why"),
    sa.CheckConstraint(
        "NOT kept OR (size > 0 AND type IS NOT NULL AND store_key IS NOT NULL AND octet_length(sha256) = 32)",
        name="kept_is_whole",
    ),
    sa.Index("ix_captures_assessment_id", "assessment_id"),
)

expected_captures = sa.Table(
    "expected_captures",
    metadata,
    foreign("session_id", "sessions.id", primary_key=True),
    sa.Column("capture_id", Uuid, primary_key=True),
    sa.Column("trigger", sa.Text, nullable=False),
    sa.Column("question_id", Uuid),
    sa.Column("message_id", Uuid),
    sa.Column("client_time", Time),
    sa.Column("session_ms", sa.BigInteger),
    sa.Column("received_at", Time, nullable=False),
    flag("clock_suspect"),
    flag("skipped"),
    sa.CheckConstraint(_KNOWN_TRIGGER, name="trigger"),
)
