"""Recording who saw or changed what."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.audit import repository


async def record(
    connection: AsyncConnection,
    account_id: UUID | None,
    action: str,
    *,
    study_id: UUID | None = None,
    session_id: UUID | None = None,
    subject_id: UUID | None = None,
    facts: dict[str, str | int | None] | None = None,
) -> None:
    """Record an act in the caller's transaction; `facts` name what was asked, never what was read."""
    await repository.insert_event(
        connection,
        {
            "account_id": account_id,
            "action": action,
            "study_id": study_id,
            "session_id": session_id,
            "subject_id": subject_id,
            "facts": facts or {},
        },
    )
