"""What a study has asked of models, a row a day."""

from __future__ import annotations

import sqlalchemy as sa

from quart_assessment.database.schema import Time, foreign, metadata

model_use = sa.Table(
    "model_use",
    metadata,
    foreign("study_id", "studies.id", primary_key=True),
    sa.Column("day_at", Time, primary_key=True),
    sa.Column("calls", sa.BigInteger, nullable=False),
    sa.Column("tokens", sa.BigInteger, nullable=False),
)
