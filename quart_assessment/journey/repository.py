"""What spans rooms, read in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.camera.fragments import LEDGER
from quart_assessment.chat.fragments import PROGRESS as CHAT_PROGRESS
from quart_assessment.phq.fragments import PROGRESS as PHQ_PROGRESS
from quart_assessment.safety.fragments import LIVE_HELP

_CURRENT_PARTS = """
    JOIN assessments p ON p.session_id = s.id AND p.kind = 'phq' AND p.replaced_at IS NULL
    JOIN assessments t ON t.session_id = s.id AND t.kind = 'chat' AND t.replaced_at IS NULL
"""
_STANDING = sa.text(f"""
    SELECT s.id, st.slug, st.title, st.demo, h.shown AS help,
        (SELECT o.accepted FROM consents o WHERE o.session_id = s.id ORDER BY o.id DESC LIMIT 1) AS accepted,
        ph.answered, ph.total, ph.first_at AS phq_first_at, ch.turns, ch.first_at AS chat_first_at,
        l.expected, l.received, l.missing
    FROM sessions s
    JOIN studies st ON st.id = s.study_id
    {_CURRENT_PARTS}
    LEFT JOIN LATERAL ({LIVE_HELP}) h ON true
    LEFT JOIN LATERAL ({PHQ_PROGRESS}) ph ON true
    LEFT JOIN LATERAL ({CHAT_PROGRESS}) ch ON true
    LEFT JOIN LATERAL ({LEDGER}) l ON true
    WHERE s.id = ANY(:session_ids)
""").columns(help=sa.JSON)  # noqa: S608
_LOCK_ACCOUNT = sa.text("SELECT id FROM accounts WHERE id = :account_id FOR NO KEY UPDATE")
_OF_STUDY = sa.text("""
    SELECT id, visit, attempt, end_state, ended_at, expires_at, expires_at <= now() AS past, now() AS now
    FROM sessions WHERE account_id = :account_id AND study_id = :study_id ORDER BY id
""")
_LOCK_OPEN = sa.text("""
    SELECT id FROM sessions WHERE account_id = :account_id AND study_id = :study_id AND end_state IS NULL
    FOR NO KEY UPDATE
""")
_BY_KEY = sa.text("""
    SELECT s.id FROM sessions s WHERE s.account_id = :account_id AND s.client_key = :client_key
    UNION ALL
    SELECT a.session_id FROM assessments a JOIN sessions s ON s.id = a.session_id
    WHERE s.account_id = :account_id AND a.client_key = :client_key
    LIMIT 1
""")
_SUCCESSOR = sa.text("SELECT id FROM sessions WHERE previous_id = :session_id ORDER BY id LIMIT 1")
# The state of an open session `o`, as overview.state_of derives it: of two parts begun, the one begun last.
_OPEN_STATE = f"""
    SELECT CASE
        WHEN s.consent_scopes IS NULL THEN 'CREATED'
        WHEN coalesce(p.started_at, ph.first_at) >= coalesce(t.started_at, ch.first_at, '-infinity')
            THEN 'PHQ_IN_PROGRESS'
        WHEN coalesce(t.started_at, ch.first_at) IS NOT NULL THEN 'LLM_IN_PROGRESS'
        WHEN s.camera_checked_at IS NOT NULL AND s.parts_open_at IS NOT NULL THEN 'CAMERA_CHECK'
        ELSE 'CONSENT' END
    FROM sessions s {_CURRENT_PARTS}
    LEFT JOIN LATERAL ({PHQ_PROGRESS}) ph ON true
    LEFT JOIN LATERAL ({CHAT_PROGRESS}) ch ON true
    WHERE s.id = o.id
"""  # noqa: S608
_LISTED = sa.text(f"""
    SELECT o.id, e.code AS participant, st.slug AS study, o.created_at,
        CASE WHEN o.end_state = 'COMPLETED' THEN o.ended_at END AS completed_at,
        (SELECT count(*) FROM alerts a WHERE a.session_id = o.id AND a.state = 'open') AS alerts
    FROM sessions o
    JOIN studies st ON st.id = o.study_id
    LEFT JOIN enrolments e ON e.study_id = o.study_id AND e.account_id = o.account_id
    WHERE (CAST(:study_ids AS uuid[]) IS NULL OR o.study_id = ANY(:study_ids))
      AND (CAST(:study AS text) IS NULL OR st.slug = :study OR CAST(st.id AS text) = :study)
      AND (CAST(:participant AS text) IS NULL OR e.code = :participant)
      AND (CAST(:state AS text) IS NULL OR :state = CASE
           WHEN o.end_state IS NOT NULL THEN o.end_state
           WHEN o.expires_at <= now() THEN 'INCOMPLETE'
           WHEN :state = 'OPEN' THEN 'OPEN'
           ELSE ({_OPEN_STATE}) END)
      AND (CAST(:after AS uuid) IS NULL OR o.id < :after)
    ORDER BY o.id DESC LIMIT :limit
""")  # noqa: S608


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a session is, and the live texts that belong to it."""

    id: UUID
    slug: str
    title: str
    demo: bool
    help: dict[str, Any] | None
    accepted: bool | None
    answered: int
    total: int
    phq_first_at: datetime | None
    turns: int
    chat_first_at: datetime | None
    expected: int
    received: int
    missing: list[UUID] | None


@dataclass(frozen=True, slots=True)
class EarlierSession:
    """A session somebody has had in a study; `past`: its time is over, though no row need say so."""

    id: UUID
    visit: int
    attempt: int
    end_state: str | None
    ended_at: datetime | None
    expires_at: datetime
    past: bool
    now: datetime


async def select_standings(connection: AsyncConnection, session_ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """Read how far sessions are."""
    found = await connection.execute(_STANDING, {"session_ids": list(session_ids)})
    return {row.id: Standing(**row._mapping) for row in found}


async def select_standing(connection: AsyncConnection, session_id: UUID) -> Standing:
    """Read how far a session is."""
    return (await select_standings(connection, [session_id]))[session_id]


async def lock_account(connection: AsyncConnection, account_id: UUID) -> None:
    """Let one of a person's starts pass at a time."""
    await connection.execute(_LOCK_ACCOUNT, {"account_id": account_id})


async def select_now(connection: AsyncConnection) -> datetime:
    """Give the transaction's time."""
    now: datetime = (await connection.execute(sa.select(sa.func.now()))).scalar_one()
    return now


async def select_sessions_of(
    connection: AsyncConnection, account_id: UUID, study_id: UUID
) -> list[EarlierSession]:
    """Read the sessions somebody has had in a study, the oldest first."""
    found = await connection.execute(_OF_STUDY, {"account_id": account_id, "study_id": study_id})
    return [EarlierSession(**row._mapping) for row in found]


async def lock_open_session(connection: AsyncConnection, account_id: UUID, study_id: UUID) -> None:
    """Lock the session of a study that nobody has written an end of: verbs on their way have ended it before."""
    await connection.execute(_LOCK_OPEN, {"account_id": account_id, "study_id": study_id})


async def select_by_key(connection: AsyncConnection, account_id: UUID, client_key: UUID) -> UUID | None:
    """Find the session that a start or restart with this key made or changed."""
    found = await connection.execute(_BY_KEY, {"account_id": account_id, "client_key": client_key})
    return found.scalar_one_or_none()


async def select_successor(connection: AsyncConnection, session_id: UUID) -> UUID | None:
    """Find the session that a restart put in this one's place."""
    return (await connection.execute(_SUCCESSOR, {"session_id": session_id})).scalar_one_or_none()


async def select_listed(
    connection: AsyncConnection,
    *,
    study_ids: Sequence[UUID] | None,
    study: str | None,
    participant: str | None,
    state: str | None,
    after: UUID | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Read the sessions that staff see, the newest first."""
    found = await connection.execute(
        _LISTED,
        {
            "study_ids": None if study_ids is None else list(study_ids),
            "study": study,
            "participant": participant,
            "state": state,
            "after": after,
            "limit": limit,
        },
    )
    return [dict(row._mapping) for row in found]
