"""Finding a session: the caller's own, or any for staff."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.database.engine import Database
from quart_assessment.problems import LoginRequired, NotFound
from quart_assessment.sessions import repository
from quart_assessment.sessions.facts import Session, SessionEvent
from quart_assessment.web.caller import Caller
from quart_assessment.web.fields import path_id


async def get_session(connection: AsyncConnection, caller: Caller, session_id: UUID) -> Session:
    """Read the caller's session.

    Raises:
        LoginRequired: the login has ended.
        NotFound: the session is unknown or somebody else's.
    """
    found = await repository.select_owned(connection, caller.token_hash, session_id)
    if found is None:
        raise await why_not(connection, caller)
    return found


async def lock_session(connection: AsyncConnection, caller: Caller, session_id: UUID) -> Session:
    """Lock the caller's session for a verb and read it as it is then; raises as `get_session`."""
    if not await repository.lock_owned(connection, caller.token_hash, session_id):
        raise await why_not(connection, caller)
    return await get_session(connection, caller, session_id)


async def why_not(connection: AsyncConnection, caller: Caller) -> LoginRequired | NotFound:
    """Tell why the caller's session was not found: the login has ended, or there is nothing of theirs."""
    if await repository.select_login(connection, caller.token_hash) is None:
        return LoginRequired()
    return NotFound()


async def check_login(connection: AsyncConnection, caller: Caller) -> None:
    """Raise LoginRequired where the caller's login has ended; for calls whose body says what is asked for."""
    if await repository.select_login(connection, caller.token_hash) is None:
        raise LoginRequired


async def clients_id(database: Database, caller: Caller, text: str) -> UUID:
    """Read an id that a client made out of a path; the database is asked only about a malformed one.

    Raises:
        LoginRequired: `text` is no UUID, and the login has ended.
        NotFound: `text` is no UUID.
    """
    try:
        return path_id(text)
    except NotFound:
        async with database.reading() as connection:
            await check_login(connection, caller)
        raise


async def all_sessions(connection: AsyncConnection, caller: Caller) -> list[Session]:
    """Read all sessions of the caller, the oldest first."""
    return await repository.select_all_owned(connection, caller.token_hash)


async def get_any(connection: AsyncConnection, session_id: UUID) -> Session:
    """Read any session, for staff after the policy; raises NotFound."""
    found = (await repository.select_sessions(connection, [session_id])).get(session_id)
    if found is None:
        raise NotFound
    return found


async def get_many(connection: AsyncConnection, session_ids: Sequence[UUID]) -> dict[UUID, Session]:
    """Read sessions that are known to exist, for staff after the policy."""
    return await repository.select_sessions(connection, session_ids)


async def lock_any(connection: AsyncConnection, session_id: UUID) -> Session:
    """Lock any session and read it as it is then, for staff after the policy; raises NotFound."""
    if not await repository.lock_session(connection, session_id):
        raise NotFound
    return await get_any(connection, session_id)


async def read_instrument(connection: AsyncConnection, assessment_id: UUID) -> dict[str, Any]:
    """Read what was drawn for a questionnaire, as it was frozen."""
    return await repository.select_instrument(connection, assessment_id)


async def read_events(connection: AsyncConnection, session_id: UUID) -> list[SessionEvent]:
    """Read what happened to a session, in order."""
    return await repository.select_events(connection, session_id)
