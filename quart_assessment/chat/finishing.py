"""Finishing an interview on the participant's wish, and stopping a reply that nobody may add to any more."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.chat import repository
from quart_assessment.chat.facts import Standing
from quart_assessment.chat.problems import ChatNotStarted, MinTurns
from quart_assessment.database.engine import Database
from quart_assessment.database.transactions import committed
from quart_assessment.problems import Problem
from quart_assessment.sessions import service as sessions
from quart_assessment.sessions import verbs
from quart_assessment.sessions.facts import Session
from quart_assessment.sessions.rules import check_part_open
from quart_assessment.studies import service as studies
from quart_assessment.studies.definition import ChatSettings

log = logging.getLogger(__name__)

SILENT_MESSAGES = 3
SILENT_TIME = timedelta(minutes=15)
MOST_SETTLED = 100


@dataclass(frozen=True, slots=True)
class Finished:
    """How and when the interview ended."""

    end_reason: str
    completed_at: datetime


async def finish(connection: AsyncConnection, session: Session, settings: ChatSettings) -> Finished:
    """Finish the interview of a locked session in the caller's transaction; an ended one is given as it is.

    A running reply is stopped and its text kept. Where the model was away (three messages in a row, or 15
    minutes, without any reply) the interview may be finished before its minimum, and so it may by somebody who is
    asked, after a message at risk, whether to go on.

    Raises:
        SessionEnded, WrongStep, ChatNotStarted, MinTurns: see each; the caller's transaction keeps nothing.
    """
    part = session.chat
    if part.completed_at is not None and part.end_reason is not None and not part.skipped:
        return Finished(part.end_reason, part.completed_at)
    check_part_open(session, "chat")
    await repository.update_settled(connection, part.id)
    standing = await repository.select_standing(connection, part.id)
    if standing.last_number is None:
        raise ChatNotStarted
    if standing.has_all_replies(settings):
        await end_at_limit(connection, session)
        return Finished("turn_limit", session.now)
    replied, reason = standing.replied, "participant"
    if standing.running is not None:
        await repository.update_stopped(connection, session.id)
        replied = (await repository.select_standing(connection, part.id)).replied
    if replied < settings.min_turns:
        # By how it stood before: a reply that was on its way has not failed.
        reason = _reason_before_minimum(standing, session.now)
    await verbs.end_part(connection, session, "chat", reason)
    return Finished(reason, session.now)


async def end_at_limit(connection: AsyncConnection, session: Session) -> None:
    """End the interview of a locked session that has had all its replies: the worker of the last could not."""
    await repository.update_conversation_ended(connection, session.chat.id)
    await verbs.end_part(connection, session, "chat", "turn_limit")


async def settle_lost(database: Database, session_id: UUID) -> bool:
    """Write down that a session's reply broke off with its worker; gives whether the interview ended by that.

    False where that cannot be written, too: whoever looks next tries again.
    """

    async def work(connection: AsyncConnection) -> bool:
        session = await sessions.lock_any(connection, session_id)
        await repository.update_settled(connection, session.chat.id)
        if session.end is not None or session.chat.completed_at is not None:
            return False
        standing = await repository.select_standing(connection, session.chat.id)
        settings = (await studies.pinned(connection, session.study_version_id)).chat
        if standing.running is not None or not standing.has_all_replies(settings):
            return False
        await end_at_limit(connection, session)
        return True

    try:
        return await committed(database, work)
    except Problem:
        return False
    except Exception:
        log.exception("a lost worker's turn cannot be settled")
        return False


async def settle_all_lost(database: Database) -> None:
    """Settle the turns of all lost workers, MOST_SETTLED at once; raises Unavailable."""

    async def work(connection: AsyncConnection) -> list[UUID]:
        return await repository.select_sessions_of_lost(connection, MOST_SETTLED)

    for session_id in await committed(database, work):
        await settle_lost(database, session_id)


async def stop_running(connection: AsyncConnection, session: Session) -> None:
    """Stop the running reply of a locked session, if there is one, and keep its text.

    For every verb after which the interview does not go on: a restart, a withdrawal, an end of the session. A reply
    whose worker was lost before is not stopped: it stays interrupted.
    """
    await repository.update_settled(connection, session.chat.id)
    await repository.update_stopped(connection, session.id)


def _reason_before_minimum(standing: Standing, now: datetime) -> str:
    if standing.paused:
        return "safety"
    if _model_was_away(standing, now):
        return "model_unavailable"
    raise MinTurns


def _model_was_away(standing: Standing, now: datetime) -> bool:
    if standing.silent_messages >= SILENT_MESSAGES:
        return True
    return standing.silent_since is not None and now - standing.silent_since >= SILENT_TIME
