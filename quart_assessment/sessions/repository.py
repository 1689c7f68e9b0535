"""The session's rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.database.schema import new_id
from quart_assessment.sessions.facts import Assessment, Kind, Session, SessionEvent
from quart_assessment.sessions.fragments import LIVE_LOGIN, OWNED_SESSION
from quart_assessment.sessions.tables import assessments, consents, erasure_requests, session_events, sessions

_COLUMNS = """
    s.id, s.account_id, s.study_id, s.study_version_id, s.client_key, s.previous_id, s.visit, s.attempt,
    s.first_part, s.language, s.page_id, s.created_at, s.expires_at, s.consent_scopes, s.withdrawn_scopes,
    s.consented_at, s.camera_ok, s.camera_checked_at, s.parts_open_at, s.end_state, s.end_reason, s.ended_at,
    now() AS now,
    p.id AS phq_id, p.started_at AS phq_started_at, p.completed_at AS phq_completed_at,
    p.end_reason AS phq_end_reason,
    t.id AS chat_id, t.started_at AS chat_started_at, t.completed_at AS chat_completed_at,
    t.end_reason AS chat_end_reason
"""
_PARTS = """
    JOIN assessments p ON p.session_id = s.id AND p.kind = 'phq' AND p.replaced_at IS NULL
    JOIN assessments t ON t.session_id = s.id AND t.kind = 'chat' AND t.replaced_at IS NULL
"""
_OWNED = sa.text(f"SELECT {_COLUMNS} FROM ({OWNED_SESSION}) s {_PARTS}")  # noqa: S608
_LOCK_OWNED = sa.text(f"{OWNED_SESSION} FOR NO KEY UPDATE OF s")
_ANY = sa.text(f"SELECT {_COLUMNS} FROM sessions s {_PARTS} WHERE s.id = ANY(:session_ids)")  # noqa: S608
_ALL_OWNED = sa.text(f"""
    SELECT {_COLUMNS}
    FROM logins l
    JOIN accounts c ON c.id = l.account_id AND c.role = 'participant' AND c.disabled_at IS NULL
    JOIN sessions s ON s.account_id = l.account_id
    {_PARTS}
    WHERE l.token_hash = :token_hash AND {LIVE_LOGIN}
    ORDER BY s.id
""")  # noqa: S608
_LOGIN_LIVES = sa.text(f"""
    SELECT c.id, c.role FROM logins l JOIN accounts c ON c.id = l.account_id AND c.disabled_at IS NULL
    WHERE l.token_hash = :token_hash AND {LIVE_LOGIN}
""")  # noqa: S608
# As many rows at most as a visit has attempts. The lock is taken from the newest to older ones, which no other verb
# holds while it waits for a newer one.
_WITHDRAW_BEFORE = sa.text("""
    WITH RECURSIVE before AS (
        SELECT s.id, s.previous_id FROM sessions s WHERE s.id = :previous_id AND s.account_id = :account_id
        UNION
        SELECT s.id, s.previous_id FROM sessions s JOIN before b ON s.id = b.previous_id
        WHERE s.account_id = :account_id
    )
    UPDATE sessions s SET withdrawn_scopes = ARRAY(
        SELECT DISTINCT scope FROM unnest(s.withdrawn_scopes || CAST(:scopes AS text[])) AS scope ORDER BY scope)
    FROM before b
    WHERE s.id = b.id AND NOT s.withdrawn_scopes @> CAST(:scopes AS text[])
    RETURNING s.id
""")


def _session(row: sa.Row[Any]) -> Session:
    facts = dict(row._mapping)
    parts: dict[Kind, Assessment] = {}
    kinds: tuple[Kind, Kind] = ("phq", "chat")
    for kind in kinds:
        parts[kind] = Assessment(
            id=facts.pop(f"{kind}_id"),
            kind=kind,
            started_at=facts.pop(f"{kind}_started_at"),
            completed_at=facts.pop(f"{kind}_completed_at"),
            end_reason=facts.pop(f"{kind}_end_reason"),
        )
    scopes = facts.pop("consent_scopes")
    return Session(
        **facts | {"withdrawn_scopes": tuple(facts["withdrawn_scopes"])},
        consent_scopes=None if scopes is None else tuple(scopes),
        phq=parts["phq"],
        chat=parts["chat"],
    )


async def select_owned(connection: AsyncConnection, token_hash: bytes, session_id: UUID) -> Session | None:
    """Read the caller's session; None where it is not theirs, unknown, or the login has ended."""
    found = await connection.execute(_OWNED, {"token_hash": token_hash, "session_id": session_id})
    row = found.one_or_none()
    return None if row is None else _session(row)


async def lock_owned(connection: AsyncConnection, token_hash: bytes, session_id: UUID) -> bool:
    """Lock the caller's session against every other verb until the transaction ends; False where not theirs."""
    found = await connection.execute(_LOCK_OWNED, {"token_hash": token_hash, "session_id": session_id})
    return found.one_or_none() is not None


async def select_all_owned(connection: AsyncConnection, token_hash: bytes) -> list[Session]:
    """Read all sessions of the caller, the oldest first."""
    found = await connection.execute(_ALL_OWNED, {"token_hash": token_hash})
    return [_session(row) for row in found]


async def select_sessions(connection: AsyncConnection, session_ids: Sequence[UUID]) -> dict[UUID, Session]:
    """Read any sessions; for staff, after the policy."""
    found = await connection.execute(_ANY, {"session_ids": list(session_ids)})
    return {row.id: _session(row) for row in found}


async def lock_session(connection: AsyncConnection, session_id: UUID) -> bool:
    """Lock any session; for staff, after the policy."""
    found = await connection.execute(
        sa.select(sessions.c.id).where(sessions.c.id == session_id).with_for_update(key_share=True)
    )
    return found.one_or_none() is not None


async def select_login(connection: AsyncConnection, token_hash: bytes) -> tuple[UUID, str] | None:
    """Tell whose the login is, and their role; None where it has ended."""
    row = (await connection.execute(_LOGIN_LIVES, {"token_hash": token_hash})).one_or_none()
    return None if row is None else (row.id, row.role)


async def insert_session(connection: AsyncConnection, values: dict[str, Any]) -> None:
    """Store a new session."""
    await connection.execute(sessions.insert().values(values))


async def insert_assessment(
    connection: AsyncConnection,
    session_id: UUID,
    kind: Kind,
    instrument: dict[str, Any] | None,
    created_at: datetime,
    client_key: UUID | None = None,
) -> UUID:
    """Store a new assessment and give its id; `instrument` is what was drawn, for the questionnaire."""
    made = new_id()
    await connection.execute(
        assessments.insert().values(
            id=made,
            session_id=session_id,
            kind=kind,
            instrument=instrument,
            created_at=created_at,
            client_key=client_key,
        )
    )
    return made


async def update_session(connection: AsyncConnection, session_id: UUID, values: dict[str, Any]) -> None:
    """Change a session that this transaction has locked."""
    await connection.execute(sessions.update().where(sessions.c.id == session_id).values(values))


async def end_session(connection: AsyncConnection, session_id: UUID, values: dict[str, Any]) -> bool:
    """End a session that this transaction has locked; False where it has an end, which stays."""
    ended = await connection.execute(
        sessions.update().where(sessions.c.id == session_id, sessions.c.end_state.is_(None)).values(values)
    )
    return ended.rowcount > 0


async def withdraw_before(connection: AsyncConnection, session: Session, scopes: Sequence[str]) -> list[UUID]:
    """Take scopes back in the sessions that whole restarts led to this one from, too; gives those it changed."""
    found = await connection.execute(
        _WITHDRAW_BEFORE,
        {"previous_id": session.previous_id, "account_id": session.account_id, "scopes": list(scopes)},
    )
    return list(found.scalars())


async def lock_assessment(connection: AsyncConnection, assessment_id: UUID) -> None:
    """Lock an assessment: answers on their way are in before it, or see what it does."""
    await connection.execute(
        sa.select(assessments.c.id).where(assessments.c.id == assessment_id).with_for_update(key_share=True)
    )


async def update_assessment(connection: AsyncConnection, assessment_id: UUID, values: dict[str, Any]) -> None:
    """Change an assessment of a session that this transaction has locked."""
    await connection.execute(assessments.update().where(assessments.c.id == assessment_id).values(values))


async def select_instrument(connection: AsyncConnection, assessment_id: UUID) -> dict[str, Any]:
    """Read what was drawn for a questionnaire."""
    found = await connection.execute(
        sa.select(assessments.c.instrument).where(assessments.c.id == assessment_id)
    )
    return dict(found.scalar_one())


async def insert_consent(connection: AsyncConnection, values: dict[str, Any]) -> None:
    """Store what a participant was shown and said."""
    await connection.execute(consents.insert().values({"id": new_id()} | values))


async def insert_erasure_request(
    connection: AsyncConnection, session_id: UUID, scopes: Sequence[str]
) -> UUID:
    """Store that data are to be erased; the id is the participant's receipt."""
    made = new_id()
    await connection.execute(
        erasure_requests.insert().values(id=made, session_id=session_id, scopes=list(scopes))
    )
    return made


async def select_erasure_request(
    connection: AsyncConnection, session_id: UUID, scopes: Sequence[str]
) -> UUID | None:
    """Find the first request to erase these scopes, None if none was made."""
    found = await connection.execute(
        sa.select(erasure_requests.c.id)
        .where(erasure_requests.c.session_id == session_id, erasure_requests.c.scopes == list(scopes))
        .order_by(erasure_requests.c.id)
        .limit(1)
    )
    return found.scalar_one_or_none()


async def insert_event(
    connection: AsyncConnection, session_id: UUID, event: str, facts: dict[str, Any] | None = None
) -> None:
    """Store that something happened to a session."""
    await connection.execute(
        session_events.insert().values(id=new_id(), session_id=session_id, event=event, facts=facts or {})
    )


async def select_events(connection: AsyncConnection, session_id: UUID) -> list[SessionEvent]:
    """Read what happened to a session, in order."""
    found = await connection.execute(
        sa.select(session_events.c.event, session_events.c.facts, session_events.c.at)
        .where(session_events.c.session_id == session_id)
        .order_by(session_events.c.id)
    )
    return [SessionEvent(row.event, row.facts, row.at) for row in found]
