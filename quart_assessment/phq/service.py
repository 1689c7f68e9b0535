"""A participant's other calls of the questionnaire: start, read, score."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.database.engine import Database
from quart_assessment.database.transactions import committed
from quart_assessment.phq import reading, repository
from quart_assessment.phq.problems import Completed, ScoreNotShown
from quart_assessment.phq.scoring import Score, without_judgement
from quart_assessment.sessions import service as sessions
from quart_assessment.sessions import verbs
from quart_assessment.sessions.rules import check_consented, check_part_open
from quart_assessment.studies import service as studies
from quart_assessment.studies.definition import QuestionnaireSettings
from quart_assessment.web.caller import Caller
from quart_assessment.web.envelope import Data


async def start(database: Database, caller: Caller, session_id: UUID) -> datetime:
    """Mark the start of the questionnaire and give its time; a repeat gives the first.

    Where answers came before, it began with the first of them.

    Raises:
        Completed: it has been handed in without a start.
        SessionEnded, WrongStep: it is not the questionnaire's turn.
    """

    async def work(connection: AsyncConnection) -> datetime:
        session = await sessions.lock_session(connection, caller, session_id)
        if session.phq.started_at is not None:
            return session.phq.started_at
        if session.phq.completed_at is not None and not session.phq.skipped:
            raise Completed
        check_part_open(session, "phq")
        first_at = await repository.select_first_received(connection, session.phq.id)
        return await verbs.start_part(connection, session, "phq", first_at)

    return await committed(database, work)


async def read(database: Database, caller: Caller, session_id: UUID) -> Data:
    """Give the questionnaire with its answers; raises WrongStep before consent."""
    async with database.reading() as connection:
        session = await sessions.get_session(connection, caller, session_id)
        check_consented(session)
        data = await reading.questionnaire_data(connection, session.phq.id)
    return data | {"completed_at": session.phq.completed_at}


async def read_score(database: Database, caller: Caller, session_id: UUID) -> Score:
    """Give the score as far as the study shows it to participants.

    Raises:
        ScoreNotShown: the study shows none.
    """
    async with database.reading() as connection:
        session = await sessions.get_session(connection, caller, session_id)
        check_consented(session)
        pinned = await studies.pinned(connection, session.study_version_id)
        shown = shown_score(pinned.questionnaire, await reading.score_of(connection, session.phq.id))
    if shown is None:
        raise ScoreNotShown
    return shown


def shown_score(settings: QuestionnaireSettings, found: Score) -> Score | None:
    """Give what a participant may see of a score, None where the study shows none."""
    if not settings.show_score:
        return None
    return found if settings.show_severity else without_judgement(found)
