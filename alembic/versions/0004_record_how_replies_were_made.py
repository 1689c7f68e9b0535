"""record how replies were made"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("model_answered", sa.Text(), nullable=True),
        sa.Column("parameters", postgresql.JSONB(), nullable=True),
        sa.Column("instructions_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("tokens_in", sa.Integer(), nullable=True),
        sa.Column("tokens_out", sa.Integer(), nullable=True),
        sa.Column("fallback_for", sa.Text(), nullable=True),
        sa.Column("model_calls", sa.Integer(), nullable=True),
        sa.Column("model_tokens", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_piece_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_piece_at", sa.DateTime(timezone=True), nullable=True),
    )


def upgrade() -> None:
    for column in columns():
        op.add_column("turns", column)
    op.create_table(
        "model_use",
        sa.Column("study_id", sa.Uuid(), nullable=False),
        sa.Column("day_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_model_use_study_id")),
        sa.PrimaryKeyConstraint("study_id", "day_at", name=op.f("pk_model_use")),
    )


def downgrade() -> None:
    op.drop_table("model_use")
    for column in reversed(columns()):
        op.drop_column("turns", column.name)
