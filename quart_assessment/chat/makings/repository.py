"""What the turns' rows say of how their replies were made."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.chat.facts import Hold
from quart_assessment.chat.tables import turns

# What was measured by a worker's clock is kept by the database's, as all times are.
_MAKING = sa.text("""
    UPDATE turns SET connection = :connection, provider = :provider, model = :model,
        model_answered = :model_answered, parameters = :parameters, instructions_sha256 = :instructions_sha256,
        tokens_in = :tokens_in, tokens_out = :tokens_out, fallback_for = :fallback_for,
        asked_at = now() - make_interval(secs => :asked_ago),
        first_piece_at = now() - make_interval(secs => :first_piece_ago),
        last_piece_at = now() - make_interval(secs => :last_piece_ago)
    WHERE session_id = :session_id AND message_id = :message_id AND worker_id = :worker_id
        AND asks = :asks
""").bindparams(sa.bindparam("parameters", type_=turns.c.parameters.type))
_MAKINGS = sa.text("""
    SELECT message_id, connection, provider, model, model_answered, parameters,
        encode(instructions_sha256, 'hex') AS instructions_sha256, tokens_in, tokens_out, fallback_for, asks,
        asked_at, first_piece_at, last_piece_at
    FROM turns WHERE session_id = :session_id AND connection IS NOT NULL
""")


async def update_making(connection: AsyncConnection, hold: Hold, making: dict[str, Any]) -> None:
    """Store how the reply of a turn is made by this worker, whoever may have ended it meanwhile."""
    await connection.execute(_MAKING, making | hold.named)


async def select_makings(connection: AsyncConnection, session_id: UUID) -> dict[UUID, dict[str, Any]]:
    """Read how the replies of a session were made, by message; those that nobody was asked for are left out."""
    found = await connection.execute(_MAKINGS, {"session_id": session_id})
    made = [dict(row._mapping) for row in found]
    return {one.pop("message_id"): one for one in made}
