"""record how replies were made"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("turns", sa.Column("provider", sa.Text(), nullable=True))
    op.add_column("turns", sa.Column("fallback_for", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("turns", "fallback_for")
    op.drop_column("turns", "provider")
