"""tell staff of alerts

Only adds, with defaults: the release before runs on these tables, and tells nobody.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "studies", sa.Column("escalate_after_minutes", sa.Integer(), server_default="30", nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_studies_escalate_after_minutes"), "studies", "escalate_after_minutes >= 1"
    )
    op.add_column("study_contacts", sa.Column("language", sa.Text(), server_default="en", nullable=False))
    op.add_column("alerts", sa.Column("raises", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "alert_notices",
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("raises", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("way IN ('log', 'mail')", name=op.f("ck_alert_notices_way")),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_alert_notices_alert_id")),
        sa.PrimaryKeyConstraint("alert_id", "raises", "position", name=op.f("pk_alert_notices")),
    )


def downgrade() -> None:
    op.drop_table("alert_notices")
    op.drop_column("alerts", "raises")
    op.drop_column("study_contacts", "language")
    op.drop_constraint(op.f("ck_studies_escalate_after_minutes"), "studies")
    op.drop_column("studies", "escalate_after_minutes")
