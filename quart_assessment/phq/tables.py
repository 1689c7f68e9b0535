"""The drawn questions, the answers as they stand, and every value that was ever received."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from quart_assessment.database.schema import Json, Time, flag, foreign, key, metadata

questions = sa.Table(
    "questions",
    metadata,
    key(),
    foreign("session_id", "sessions.id"),
    foreign("assessment_id", "assessments.id"),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    flag("scored"),
    flag("required"),
    flag("risk"),
    sa.Column("scale_min", sa.Integer, nullable=False),
    sa.Column("scale_max", sa.Integer, nullable=False),
    sa.Column("labels", Json),
    sa.Column("show_if", sa.Text),
    sa.Column("loinc", sa.Text),
    sa.CheckConstraint("scale_min < scale_max", name="scale"),
    sa.CheckConstraint("show_if IN ('any_above_min')", name="show_if"),
    sa.UniqueConstraint("assessment_id", "position"),
    sa.UniqueConstraint("session_id", "id"),
)


def _timing() -> list[sa.Column[Any]]:
    return [
        sa.Column("response_time_ms", sa.BigInteger),
        sa.Column("client_time", Time),
        sa.Column("session_ms", sa.BigInteger),
        sa.Column("received_at", Time, nullable=False),
        flag("clock_suspect"),
        flag("late"),
        sa.Column("help_shown", sa.Integer),
    ]


responses = sa.Table(
    "responses",
    metadata,
    foreign("session_id", "sessions.id", primary_key=True),
    foreign("question_id", "questions.id", primary_key=True),
    foreign("assessment_id", "assessments.id"),
    sa.Column("value", sa.SmallInteger),
    sa.Column("version", sa.Integer, nullable=False),
    *_timing(),
    sa.CheckConstraint("version >= 1", name="version"),
    sa.Index("ix_responses_assessment_id", "assessment_id"),
)

response_revisions = sa.Table(
    "response_revisions",
    metadata,
    key(),
    foreign("session_id", "sessions.id"),
    foreign("question_id", "questions.id"),
    sa.Column("value", sa.SmallInteger),
    sa.Column("version", sa.Integer, nullable=False),
    flag("applied"),
    flag("after_completion"),
    *_timing(),
    sa.CheckConstraint("version >= 1", name="version"),
    sa.CheckConstraint("NOT (applied AND after_completion)", name="applied_before_completion"),
    sa.UniqueConstraint(
        "session_id",
        "question_id",
        "version",
        "value",
        name="uq_response_revisions_once",
        postgresql_nulls_not_distinct=True,
    ),
)
