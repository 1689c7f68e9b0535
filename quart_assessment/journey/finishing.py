"""Closing the questionnaire, the interview, and the session; captures are linked with each."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.camera import linking
from quart_assessment.chat import finishing as chat
from quart_assessment.database.engine import Database
from quart_assessment.database.transactions import committed
from quart_assessment.journey import overview, repository
from quart_assessment.phq import questionnaire, reading
from quart_assessment.phq.service import shown_score
from quart_assessment.problems import Detail, Problem
from quart_assessment.sessions import service as sessions
from quart_assessment.sessions import verbs
from quart_assessment.sessions.facts import Session
from quart_assessment.sessions.problems import SessionEnded, WrongStep
from quart_assessment.sessions.rules import check_part_open
from quart_assessment.studies import service as studies
from quart_assessment.web.caller import Caller
from quart_assessment.web.envelope import Data


class MissingCaptures(Problem):
    """Some announced pictures have not arrived yet."""

    status, code = 409, "missing_captures"


async def complete_phq(database: Database, caller: Caller, session_id: UUID) -> Data:
    """Close the questionnaire; gives when it was closed and, where the study shows it, the score.

    Where the study says so, the interview is left out after a risk answer: decided here, never taken back.
    While the session is open a repeat links the captures that came since.

    Raises:
        Incomplete: a required question has no answer.
        SessionEnded, WrongStep: it is not the questionnaire's turn.
    """

    async def work(connection: AsyncConnection) -> Data:
        session = await sessions.lock_session(connection, caller, session_id)
        pinned = await studies.pinned(connection, session.study_version_id)
        if session.phq.completed_at is not None and not session.phq.skipped:
            closed_at = session.phq.completed_at
        else:
            check_part_open(session, "phq")
            closed_at, rows = await questionnaire.complete(connection, session)
            if questionnaire.is_at_risk(rows) and pinned.chat.after_risk_answer == "skip":
                await chat.stop_running(connection, session)
                await verbs.end_part(connection, session, "chat", "skipped")
        if session.end is None:
            await linking.link_incremental_captures(connection, session.id, session.phq.id, "PHQ")
        score = shown_score(pinned.questionnaire, await reading.score_of(connection, session.phq.id))
        shown = {} if score is None else {"score": reading.score_data(score)}
        return {"completed_at": closed_at} | shown

    return await committed(database, work)


async def complete_chat(database: Database, caller: Caller, session_id: UUID) -> Data:
    """Close the interview on the participant's wish; an interview that has ended is answered as it is.

    While the session is open its captures are linked, whatever ended it.

    Raises:
        MinTurns: too few messages had a reply.
        SessionEnded, WrongStep: it is not the interview's turn.
    """

    async def work(connection: AsyncConnection) -> Data:
        session = await sessions.lock_session(connection, caller, session_id)
        pinned = await studies.pinned(connection, session.study_version_id)
        finished = await chat.finish(connection, session, pinned.chat)
        if session.end is None:
            await linking.link_incremental_captures(connection, session.id, session.chat.id, "LLM")
        return {"ended": True, "end_reason": finished.end_reason, "completed_at": finished.completed_at}

    return await committed(database, work)


async def complete(database: Database, caller: Caller, session_id: UUID, *, missing_ok: bool) -> Data:
    """End the session as completed.

    Raises:
        WrongStep: a part is still open.
        MissingCaptures: announced captures have not come, and are not given up.
    """

    async def work(connection: AsyncConnection) -> Data:
        session = await sessions.lock_session(connection, caller, session_id)
        if session.end_state != "COMPLETED":
            await _complete(connection, session, missing_ok=missing_ok)
        return await overview.of_caller(connection, caller, session_id)

    return await committed(database, work)


async def _complete(connection: AsyncConnection, session: Session, *, missing_ok: bool) -> None:
    if session.end is not None:
        raise SessionEnded
    if session.next_step != "complete":
        raise WrongStep(session.next_step)
    standing = await repository.select_standing(connection, session.id)
    if standing.missing and not missing_ok:
        raise MissingCaptures([Detail(str(capture), "missing") for capture in standing.missing])
    await linking.link_all_captures(connection, session.id)
    await verbs.end(connection, session, "COMPLETED", "completed")
