"""People, their logins, and the failed attempts at one."""

from __future__ import annotations

import sqlalchemy as sa

from quart_assessment.database.schema import Time, foreign, key, metadata, moment

accounts = sa.Table(
    "accounts",
    metadata,
    key(),
    sa.Column("username", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text),
    sa.Column("role", sa.Text, nullable=False),
    moment("created_at", now=True),
    moment("disabled_at", nullable=True),
    sa.CheckConstraint("role IN ('participant', 'researcher', 'admin')", name="role"),
    sa.CheckConstraint("char_length(username) BETWEEN 1 AND 64", name="username_length"),
    sa.Index("uq_accounts_username", sa.text("lower(username)"), unique=True),
)

logins = sa.Table(
    "logins",
    metadata,
    key(),
    sa.Column("token_hash", sa.LargeBinary, nullable=False, unique=True),
    foreign("account_id", "accounts.id"),
    moment("created_at", now=True),
    moment("seen_at", now=True),
    sa.Column("idle_until", Time, nullable=False),
    sa.Column("expires_at", Time, nullable=False),
    moment("ended_at", nullable=True),
    sa.CheckConstraint("octet_length(token_hash) = 32", name="token_hash_length"),
    sa.Index("ix_logins_account_id", "account_id"),
)

login_failures = sa.Table(
    "login_failures",
    metadata,
    key(),
    sa.Column("of", sa.Text, nullable=False),
    sa.Column("who_hash", sa.LargeBinary, nullable=False),
    moment("failed_at", now=True),
    sa.CheckConstraint("\"of\" IN ('account', 'address')", name="of"),
    sa.Index("ix_login_failures_who", "who_hash", "failed_at"),
)
