"""What researchers configure, and who takes part."""

from __future__ import annotations

import sqlalchemy as sa

from quart_assessment.database.schema import Json, Texts, Time, flag, foreign, key, metadata, moment

studies = sa.Table(
    "studies",
    metadata,
    key(),
    sa.Column("slug", sa.Text, nullable=False, unique=True),
    sa.Column("title", sa.Text, nullable=False),
    flag("demo"),
    flag("registration"),
    flag("invitation_once"),
    sa.Column("opens_at", Time),
    sa.Column("closes_at", Time),
    sa.Column("order_block", Texts, nullable=False, server_default=sa.text("'{}'::text[]")),
    sa.Column("escalate_after_minutes", sa.Integer, nullable=False, server_default="30"),
    moment("created_at", now=True),
    sa.CheckConstraint("escalate_after_minutes >= 1", name="escalate_after_minutes"),
)

study_settings = sa.Table(
    "study_settings",
    metadata,
    key(),
    foreign("study_id", "studies.id"),
    sa.Column("part", sa.Text, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("content", Json, nullable=False),
    sa.Column("content_sha256", sa.LargeBinary, nullable=False),
    moment("created_at", now=True),
    sa.CheckConstraint("part IN ('questionnaire', 'chat', 'camera', 'consent', 'presentation')", name="part"),
    sa.UniqueConstraint("study_id", "part", "number"),
)

study_versions = sa.Table(
    "study_versions",
    metadata,
    key(),
    foreign("study_id", "studies.id"),
    sa.Column("number", sa.Integer, nullable=False),
    foreign("questionnaire_id", "study_settings.id", nullable=True),
    foreign("chat_id", "study_settings.id", nullable=True),
    foreign("camera_id", "study_settings.id", nullable=True),
    foreign("consent_id", "study_settings.id", nullable=True),
    foreign("presentation_id", "study_settings.id", nullable=True),
    moment("created_at", now=True),
    sa.UniqueConstraint("study_id", "number"),
)

help_texts = sa.Table(
    "help_texts",
    metadata,
    foreign("study_id", "studies.id", primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("content", Json, nullable=False),
    sa.Column("content_sha256", sa.LargeBinary, nullable=False),
    moment("created_at", now=True),
)

study_contacts = sa.Table(
    "study_contacts",
    metadata,
    foreign("study_id", "studies.id", primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("email", sa.Text),
    sa.Column("language", sa.Text, nullable=False, server_default="en"),
)

enrolments = sa.Table(
    "enrolments",
    metadata,
    foreign("study_id", "studies.id", primary_key=True),
    foreign("account_id", "accounts.id", primary_key=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("first_part", sa.Text),
    moment("enrolled_at", now=True),
    sa.CheckConstraint("first_part IN ('phq', 'chat')", name="first_part"),
    sa.UniqueConstraint("study_id", "code"),
    sa.Index("ix_enrolments_account_id", "account_id"),
)

study_staff = sa.Table(
    "study_staff",
    metadata,
    foreign("study_id", "studies.id", primary_key=True),
    foreign("account_id", "accounts.id", primary_key=True),
    moment("since", now=True),
)

invitations = sa.Table(
    "invitations",
    metadata,
    key(),
    sa.Column("token_hash", sa.LargeBinary, nullable=False, unique=True),
    foreign("study_id", "studies.id"),
    foreign("account_id", "accounts.id"),
    moment("created_at", now=True),
    moment("used_at", nullable=True),
    moment("revoked_at", nullable=True),
    sa.CheckConstraint("octet_length(token_hash) = 32", name="token_hash_length"),
)
