"""Sending a message: it is committed before the model is asked, or the fixed reply to a risk is shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.chat import repository, risk
from quart_assessment.chat.facts import Ask, Standing, Turn, TurnKey
from quart_assessment.chat.finishing import end_at_limit
from quart_assessment.chat.live import LiveTurns
from quart_assessment.chat.problems import (
    AssessmentReplaced,
    ChatEnded,
    ChatNotStarted,
    MessageIdReused,
    TurnRunning,
)
from quart_assessment.database.transactions import committed, shielded
from quart_assessment.problems import Problem, Unavailable
from quart_assessment.safety.rules import check_message
from quart_assessment.sessions import service as sessions
from quart_assessment.sessions import verbs
from quart_assessment.sessions.facts import Session
from quart_assessment.sessions.problems import SessionEnded, WrongStep
from quart_assessment.sessions.rules import check_part_open, clock_suspect
from quart_assessment.studies import service as studies
from quart_assessment.web.caller import Caller


@dataclass(frozen=True, slots=True)
class NewMessage:
    """What a participant sends; `text` is trimmed. Times and timing are the page's own, all optional."""

    message_id: UUID
    text: str
    assessment_id: UUID | None
    client_time: datetime | None
    session_ms: int | None
    timing: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Decision:
    """What follows the commit: the model is asked, or the message is refused, or neither."""

    ask: Ask | None = None
    refusal: Problem | None = None


_REFUSALS = (
    MessageIdReused,
    AssessmentReplaced,
    ChatEnded,
    TurnRunning,
    SessionEnded,
    WrongStep,
    ChatNotStarted,
)


async def create_conversation_turn(
    live: LiveTurns, caller: Caller, session_id: UUID, message: NewMessage
) -> TurnKey:
    """Keep a message and have it answered; give the turn to be streamed. A repeat joins or replays its turn.

    Raises:
        LoginRequired, NotFound: the login has ended; the session is unknown.
        MessageIdReused, AssessmentReplaced, ChatEnded, TurnRunning, SessionEnded, WrongStep, ChatNotStarted:
            see each, in this order. The message was not stored. Where the rules see a risk in it, the problem
            carries help, and an alert was opened.
        Unavailable: the worker makes as many replies as it may, as many wait for the model, or the database is away.
            Nothing was stored.
    """
    key = TurnKey(session_id, message.message_id)

    async def unit() -> None:
        with live.room() as room:

            async def work(connection: AsyncConnection) -> _Decision:
                session = await sessions.lock_session(connection, caller, session_id)
                known = await repository.select_turn(connection, key)
                try:
                    if known is not None:
                        return await _repeated(connection, live, session, known, message.text, room=room)
                    return await _taken(connection, live, session, message, room=room)
                except _REFUSALS as refusal:
                    refusal.help = await risk.help_beside_refusal(
                        connection, session, message.text, message.session_ms
                    )
                    return _Decision(refusal=refusal)

            decision = await committed(live.database, work)
            if decision.refusal is not None:
                raise decision.refusal
            if decision.ask is not None:
                live.start(decision.ask)

    # In one task that outlives the request: a message that is kept is also answered, whoever leaves.
    await shielded(live.database, unit())
    return key


async def _repeated(
    connection: AsyncConnection, live: LiveTurns, session: Session, known: Turn, text: str, *, room: bool
) -> _Decision:
    if known.message != text:
        raise MessageIdReused
    return _Decision(await ask_again(connection, live, session, known, room=room))


async def ask_again(
    connection: AsyncConnection, live: LiveTurns, session: Session, known: Turn, *, room: bool
) -> Ask | None:
    """Take a turn without text for one more ask, if the rules allow one; else it is joined or replayed.

    Raises:
        Unavailable: the worker makes as many replies as it may, or as many wait for the model.
    """
    if not known.may_be_asked_again:
        return None
    if not room:
        raise Unavailable
    await repository.update_settled(connection, known.assessment_id)
    # A worker that was believed lost may have written its first words since the turn was read.
    asks = await repository.update_asked_again(connection, known.key, live.worker_id, live.lease)
    if asks is None:
        return None
    standing = await repository.select_standing(connection, known.assessment_id)
    return await ask_for(
        connection, live, session, known.key, known.turn_number, known.message, standing, asks
    )


async def ask_for(
    connection: AsyncConnection,
    live: LiveTurns,
    session: Session,
    key: TurnKey,
    turn_number: int,
    message: str | None,
    standing: Standing,
    asks: int,
) -> Ask:
    """Put together what a reply is made from.

    Raises:
        Unavailable: as many replies wait for the study's model as may.
    """
    pinned = await studies.pinned(connection, session.study_version_id)
    if not live.takes(pinned.chat):
        raise Unavailable
    return Ask(
        key=key,
        assessment_id=session.chat.id,
        turn_number=turn_number,
        message=message,
        number=0 if message is None else standing.replied + 1,
        asks=asks,
        study_id=session.study_id,
        settings=pinned.chat,
        language=session.language,
        asked=standing.asked,
    )


async def _taken(
    connection: AsyncConnection, live: LiveTurns, session: Session, message: NewMessage, *, room: bool
) -> _Decision:
    standing = await _check_open(connection, session, message)
    settings = (await studies.pinned(connection, session.study_version_id)).chat
    key = TurnKey(session.id, message.message_id)
    number = (standing.last_number or 0) + 1
    row = _row(session, message, number)
    hit = check_message(message.text, session.language, standing.asked)
    if hit is not None:
        await risk.store_turn(connection, session, settings, standing, row, hit)
        return _Decision()
    if standing.has_all_replies(settings):
        await end_at_limit(connection, session)
        return _Decision(refusal=ChatEnded())
    if not standing.leaves_room(settings):
        await verbs.end_part(connection, session, "chat", "turn_limit")
        return _Decision(refusal=ChatEnded())
    if not room:
        raise Unavailable
    asked = {"connection": settings.connection, "model": live.lines.model(settings.connection)}
    await repository.insert_running_turn(connection, row | asked, live.worker_id, live.lease)
    return _Decision(await ask_for(connection, live, session, key, number, message.text, standing, 1))


async def _check_open(connection: AsyncConnection, session: Session, message: NewMessage) -> Standing:
    part = session.chat
    if message.assessment_id not in (None, part.id):
        raise AssessmentReplaced
    if part.completed_at is not None and not part.skipped:
        raise ChatEnded
    await repository.update_settled(connection, part.id)
    standing = await repository.select_standing(connection, part.id)
    if standing.running is not None:
        raise TurnRunning(standing.running)
    check_part_open(session, "chat")
    if standing.last_number is None:
        raise ChatNotStarted
    return standing


def _row(session: Session, message: NewMessage, number: int) -> dict[str, Any]:
    return {
        "session_id": session.id,
        "message_id": message.message_id,
        "assessment_id": session.chat.id,
        "turn_number": number,
        "message": message.text,
        "client_time": message.client_time,
        "session_ms": message.session_ms,
        "received_at": session.now,
        "clock_suspect": clock_suspect(session, message.session_ms, session.now),
        "timing": message.timing,
    }
