"""Counting calls and tokens: on the turn's row, where a session's are summed up, and on the study's row of the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.chat.facts import Hold, TurnKey
from quart_assessment.studies.definition import ChatSettings

# Days are those of UTC. The study's row is the last lock of whoever takes it: others wait no longer than a commit.
_TAKE = sa.text("""
    WITH session AS (
        SELECT coalesce(sum(model_calls), 0) AS calls, coalesce(sum(model_tokens), 0) AS tokens
        FROM turns WHERE session_id = :session_id
    ), mine AS (
        SELECT FROM turns WHERE session_id = :session_id AND message_id = :message_id FOR NO KEY UPDATE
    ), used AS (
        INSERT INTO model_use AS m (study_id, day_at, calls, tokens)
        SELECT :study_id, date_trunc('day', now(), 'UTC'), 1, :tokens FROM session s CROSS JOIN mine
        WHERE s.calls < :calls_a_session AND s.tokens + :tokens <= :tokens_a_session
            AND :tokens <= :tokens_a_day
        ON CONFLICT (study_id, day_at) DO UPDATE SET calls = m.calls + 1, tokens = m.tokens + excluded.tokens
        WHERE m.calls < :calls_a_day AND m.tokens + excluded.tokens <= :tokens_a_day
        RETURNING day_at
    )
    UPDATE turns u SET model_calls = coalesce(u.model_calls, 0) + 1,
        model_tokens = coalesce(u.model_tokens, 0) + :tokens
    FROM used
    WHERE u.session_id = :session_id AND u.message_id = :message_id
    RETURNING used.day_at, u.model_tokens
""").bindparams(
    sa.bindparam("tokens", type_=sa.BigInteger), sa.bindparam("tokens_a_day", type_=sa.BigInteger)
)
_SETTLE = sa.text("""
    WITH was AS (
        SELECT u.model_tokens FROM turns u
        WHERE u.session_id = :session_id AND u.message_id = :message_id AND u.worker_id = :worker_id
            AND u.asks = :asks
        FOR NO KEY UPDATE
    ), settled AS (
        UPDATE turns u SET model_tokens = :tokens FROM was
        WHERE u.session_id = :session_id AND u.message_id = :message_id
        RETURNING u.model_tokens - was.model_tokens AS more
    )
    UPDATE model_use m SET tokens = m.tokens + s.more FROM settled s
    WHERE m.study_id = :study_id AND m.day_at = :day_at AND s.more <> 0
""")


class OverLimit(Exception):
    """The session or the study has asked for as much as it may."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What was counted before a call: on which day, and all the tokens that stand on the turn since then."""

    day_at: datetime
    turn_tokens: int


async def take_call(
    connection: AsyncConnection, key: TurnKey, study_id: UUID, settings: ChatSettings, tokens: int
) -> Taken:
    """Count a call and the most tokens it may cost; raises OverLimit where that is more than there is."""
    found = await connection.execute(
        _TAKE,
        {
            "session_id": key.session_id,
            "message_id": key.message_id,
            "study_id": study_id,
            "tokens": tokens,
            "calls_a_session": settings.model_calls_a_session,
            "tokens_a_session": settings.model_tokens_a_session,
            "calls_a_day": settings.model_calls_a_day,
            "tokens_a_day": settings.model_tokens_a_day,
        },
    )
    row = found.one_or_none()
    if row is None:
        raise OverLimit
    return Taken(row.day_at, row.model_tokens)


async def settle(
    connection: AsyncConnection, hold: Hold, study_id: UUID, day_at: datetime, tokens: int
) -> None:
    """Let `tokens` stand on a turn of this worker, and correct the study's day by the difference; safe to repeat."""
    await connection.execute(_SETTLE, hold.named | {"study_id": study_id, "day_at": day_at, "tokens": tokens})
