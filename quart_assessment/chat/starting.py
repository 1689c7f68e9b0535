"""Starting an interview: turn 0, the greeting, is the study's own text or made by the model."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.chat import repository
from quart_assessment.chat.facts import Ask, TurnKey
from quart_assessment.chat.live import LiveTurns
from quart_assessment.chat.problems import ChatEnded, MessageIdReused
from quart_assessment.chat.sending import ask_again, ask_for
from quart_assessment.database.transactions import committed, shielded
from quart_assessment.problems import Unavailable
from quart_assessment.sessions import service as sessions
from quart_assessment.sessions import verbs
from quart_assessment.sessions.facts import Session
from quart_assessment.sessions.rules import check_part_open
from quart_assessment.studies import service as studies
from quart_assessment.web.caller import Caller


async def start_chat(live: LiveTurns, caller: Caller, session_id: UUID, message_id: UUID) -> TurnKey:
    """Begin the interview and give turn 0 to be streamed; once begun, it is joined or replayed under any id.

    Raises:
        LoginRequired, NotFound: the login has ended; the session is unknown.
        MessageIdReused, ChatEnded, SessionEnded, WrongStep: see each. Nothing was stored.
        Unavailable: the worker makes as many replies as it may, as many wait for the model, or the database is away.
            Nothing was stored.
    """

    async def unit() -> TurnKey:
        with live.room() as room:

            async def work(connection: AsyncConnection) -> tuple[TurnKey, Ask | None]:
                session = await sessions.lock_session(connection, caller, session_id)
                return await _begun(connection, live, session, message_id, room=room)

            key, ask = await committed(live.database, work)
            if ask is not None:
                live.start(ask)
            return key

    return await shielded(live.database, unit())


async def _begun(
    connection: AsyncConnection, live: LiveTurns, session: Session, message_id: UUID, *, room: bool
) -> tuple[TurnKey, Ask | None]:
    greeting = await repository.select_greeting(connection, session.chat.id)
    if greeting is not None:
        return greeting.key, await ask_again(connection, live, session, greeting, room=room)
    key = TurnKey(session.id, message_id)
    used = await repository.select_turn(connection, key)
    if used is not None:
        if used.turn_number > 0:
            raise MessageIdReused
        # The greeting of an interview that was started anew: an exact repeat is answered as before.
        return key, None
    if session.chat.completed_at is not None and not session.chat.skipped:
        raise ChatEnded
    check_part_open(session, "chat")
    await verbs.start_part(connection, session, "chat")
    settings = (await studies.pinned(connection, session.study_version_id)).chat
    row = {
        "session_id": session.id,
        "message_id": message_id,
        "assessment_id": session.chat.id,
        "turn_number": 0,
        "received_at": session.now,
    }
    own = settings.greeting_in(session.language)
    if own is not None:
        await repository.insert_turn(connection, row | _fixed(session, own))
        return key, None
    if not room:
        raise Unavailable
    asked = {"connection": settings.connection, "model": live.lines.model(settings.connection)}
    await repository.insert_running_turn(connection, row | asked, live.worker_id, live.lease)
    standing = await repository.select_standing(connection, session.chat.id)
    return key, await ask_for(connection, live, session, key, 0, None, standing, 1)


def _fixed(session: Session, greeting: str) -> dict[str, Any]:
    return {
        "state": "complete",
        "reply": greeting,
        "first_token_at": session.now,
        "completed_at": session.now,
    }
