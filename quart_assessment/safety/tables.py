"""Alerts: that somebody may be at risk, what was shown to them, and who took care."""

from __future__ import annotations

import sqlalchemy as sa

from quart_assessment.database.schema import Json, Time, foreign, key, metadata, moment

alerts = sa.Table(
    "alerts",
    metadata,
    key(),
    foreign("session_id", "sessions.id"),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="open"),
    sa.Column("value", sa.Double, nullable=False),
    sa.Column("detector", sa.Text, nullable=False),
    sa.Column("session_ms", sa.BigInteger),
    sa.Column("received_at", Time, nullable=False),
    moment("opened_at", now=True),
    moment("raised_at", nullable=True),
    sa.Column("raises", sa.Integer, nullable=False, server_default="0"),
    sa.Column("help_version", sa.Integer),
    sa.Column("help_shown", Json),
    foreign("acknowledged_by", "accounts.id", nullable=True),
    moment("acknowledged_at", nullable=True),
    sa.Column("outcome", sa.Text),
    sa.Column("note", sa.Text),
    sa.CheckConstraint("source IN ('phq', 'chat')", name="source"),
    sa.CheckConstraint("state IN ('open', 'acknowledged')", name="state"),
    sa.CheckConstraint("(state = 'acknowledged') = (acknowledged_at IS NOT NULL)", name="acknowledged_at"),
    sa.Index("ix_alerts_session_id", "session_id"),
    sa.Index("ix_alerts_opened_at", "opened_at"),
    sa.Index(
        "uq_alerts_open", "session_id", "source", unique=True, postgresql_where=sa.text("state = 'open'")
    ),
)

alert_notices = sa.Table(
    "alert_notices",
    metadata,
    foreign("alert_id", "alerts.id", primary_key=True),
    sa.Column("raises", sa.Integer, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("way", sa.Text, nullable=False),
    moment("at", now=True),
    sa.CheckConstraint("way IN ('log', 'mail')", name="way"),
)
