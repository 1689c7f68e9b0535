"""Beginning again: the whole session, or one part; what was there stays, and stays readable."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.chat import finishing as chat
from quart_assessment.chat.connections import Connections
from quart_assessment.database.engine import Database
from quart_assessment.database.schema import new_id
from quart_assessment.database.transactions import committed
from quart_assessment.journey import overview, repository
from quart_assessment.journey.starting import add_part, make, pinned_now, placed
from quart_assessment.sessions import service as sessions
from quart_assessment.sessions import verbs
from quart_assessment.sessions.facts import Kind, Session
from quart_assessment.sessions.problems import RestartNotAllowed, WrongStep
from quart_assessment.sessions.rules import check_open
from quart_assessment.sessions.verbs import NewSession
from quart_assessment.studies import service as studies
from quart_assessment.studies.rows import Pinned
from quart_assessment.web.caller import Caller
from quart_assessment.web.envelope import Data

RESTARTED = "restarted"


async def restart(
    database: Database,
    connections: Connections,
    caller: Caller,
    session_id: UUID,
    part: Literal["all", "phq", "chat"],
    key: UUID | None,
) -> tuple[Data, bool]:
    """Begin again; gives the session that goes on and whether it is a new one.

    Raises:
        SessionEnded: it ended otherwise than by a restart.
        RestartNotAllowed, SessionLimit: the study does not allow it, or not once more.
        WrongStep: the part has not been reached, or was left out.
    """

    async def work(connection: AsyncConnection) -> tuple[Data, bool]:
        session = await sessions.get_session(connection, caller, session_id)
        await repository.lock_account(connection, session.account_id)
        session = await sessions.lock_session(connection, caller, session_id)
        if (repeated := await _repeated(connection, session, part, key)) is not None:
            return await overview.of_caller(connection, caller, repeated), False
        check_open(session)
        pinned = await studies.pinned(connection, session.study_version_id)
        if part not in pinned.presentation.restart:
            raise RestartNotAllowed
        if part == "all":
            goes_on = await _all_again(connection, connections, session, key)
            return await overview.of_caller(connection, caller, goes_on), True
        await _part_again(connection, session, pinned, part, key)
        return await overview.of_caller(connection, caller, session_id), False

    return await committed(database, work)


async def _repeated(
    connection: AsyncConnection, session: Session, part: str, key: UUID | None
) -> UUID | None:
    if key is not None and (known := await repository.select_by_key(connection, session.account_id, key)):
        return known
    if part == "all" and session.end_reason == RESTARTED:
        return await repository.select_successor(connection, session.id)
    return None


async def _all_again(
    connection: AsyncConnection, connections: Connections, session: Session, key: UUID | None
) -> UUID:
    study = await studies.get_study(connection, session.study_id)
    pinned = await pinned_now(connection, connections, study)
    earlier = await repository.select_sessions_of(connection, session.account_id, session.study_id)
    place = placed(pinned.presentation, earlier)
    await chat.stop_running(connection, session)
    await verbs.end(connection, session, "ABANDONED", RESTARTED)
    speaks = session.language in pinned.presentation.languages
    made = NewSession(
        id=new_id(),
        account_id=session.account_id,
        study_id=session.study_id,
        study_version_id=pinned.version_id,
        client_key=key,
        previous_id=session.id,
        visit=place.visit,
        attempt=place.attempt,
        first_part=session.first_part,
        language=session.language if speaks else pinned.presentation.languages[0],
        created_at=session.now,
        expires_at=session.now + timedelta(hours=pinned.presentation.hours_to_finish),
    )
    await make(connection, made, pinned)
    return made.id


async def _part_again(
    connection: AsyncConnection, session: Session, pinned: Pinned, kind: Kind, key: UUID | None
) -> None:
    old = session.part(kind)
    if old.skipped or (old.completed_at is None and session.next_step != kind):
        raise WrongStep(session.next_step)
    if kind == "chat":
        await chat.stop_running(connection, session)
    await verbs.replace_part(connection, session, kind)
    await add_part(connection, session.id, kind, pinned, session.language, session.now, key)
