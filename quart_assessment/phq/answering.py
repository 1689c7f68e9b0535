"""Saving answers: one on each click, or several at once. Acknowledged after the commit that holds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from quart_assessment.database.engine import Database
from quart_assessment.database.group_commit import GroupCommit
from quart_assessment.phq import repository
from quart_assessment.phq.problems import Completed
from quart_assessment.phq.repository import Answer, Questionnaire, Save, Verdict
from quart_assessment.problems import Detail, Help, Invalid, LoginRequired, NotFound, Problem
from quart_assessment.safety.service import help_of
from quart_assessment.sessions import service as sessions
from quart_assessment.sessions.facts import SCOPE_OF, Session
from quart_assessment.sessions.problems import SessionEnded, WrongStep
from quart_assessment.sessions.rules import check_open, takes_late
from quart_assessment.web.caller import Caller

Saves = GroupCommit[Save, list[Verdict]]


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored for a question after a save; `stale`: the save held something else and changed nothing."""

    question_id: UUID
    value: int | None
    version: int
    stale: bool
    saved_at: datetime
    late: bool


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of one call: each answer as stored, the scored questions answered, help where at risk."""

    responses: tuple[Stored, ...]
    answered: int
    total: int
    help: Help | None


def saves_of(database: Database) -> Saves:
    """Make the door through which a worker's saves go: their own small pool, which nothing else can exhaust."""
    return GroupCommit(
        database,
        repository.upsert_responses,
        "answers",
        alone=repository.upsert_responses_alone,
        weight=lambda save: len(save.answers),
    )


async def update_response(
    database: Database, saves: Saves, caller: Caller, session_id: UUID, answer: Answer
) -> Saved:
    """Keep one answer.

    Raises:
        LoginRequired, NotFound: whose session or question it is cannot be told, or it is not the caller's.
        Completed, SessionEnded, WrongStep: the state does not take it; see each.
        Invalid: the value is not of the question's scale.
    """
    verdicts = await saves.submit(Save(caller.token_hash, session_id, (answer,)))
    if not verdicts:
        raise await _why_not(database, caller, session_id) or NotFound()
    return await _outcome(database, caller, session_id, verdicts)


async def save_session_responses(
    database: Database, saves: Saves, caller: Caller, session_id: UUID, answers: Sequence[Answer]
) -> Saved:
    """Keep several answers, all or none; raises as `update_response`, but Invalid for an unknown question."""
    questions = [answer.question_id for answer in answers]
    if twice := {question for question in questions if questions.count(question) > 1}:
        await _check_state(database, caller, session_id, answers)
        raise Invalid([Detail(str(question), "twice") for question in twice])
    verdicts = await saves.submit(Save(caller.token_hash, session_id, tuple(answers)))
    if len(verdicts) < len(answers):
        if problem := await _why_not(database, caller, session_id):
            raise problem
        await _refuse(database, caller, session_id, verdicts)
        if not verdicts:
            await _check_state(database, caller, session_id, answers)
        known = {verdict.question_id for verdict in verdicts}
        raise Invalid([Detail(str(question), "unknown") for question in questions if question not in known])
    return await _outcome(database, caller, session_id, verdicts)


async def _check_state(
    database: Database, caller: Caller, session_id: UUID, answers: Sequence[Answer]
) -> None:
    """Raise what the save statement would of these answers' state, the current one's where no question is known."""
    questions = [answer.question_id for answer in answers]
    async with database.reading() as connection:
        session = await sessions.get_session(connection, caller, session_id)
        asked = await repository.select_questionnaires(connection, session_id, questions)
    asked = asked or [_current(session)]
    if any(one.completed for one in asked):
        raise Completed
    is_open = all(_is_open(session, one) for one in asked)
    if session.end is None and not is_open:
        raise WrongStep(session.next_step)
    if session.end is not None and not (
        is_open and all(takes_late(session, answer.session_ms) for answer in answers)
    ):
        raise SessionEnded


def _current(session: Session) -> Questionnaire:
    part = session.phq
    return Questionnaire(
        replaced=False, completed=part.completed_at is not None and not part.skipped, skipped=part.skipped
    )


def _is_open(session: Session, asked: Questionnaire) -> bool:
    reached = session.parts_open_at is not None and (
        session.first_part == "phq" or session.chat.completed_at is not None
    )
    return not asked.skipped and not session.withdrew(SCOPE_OF["phq"]) and (asked.replaced or reached)


async def _why_not(database: Database, caller: Caller, session_id: UUID) -> Problem | None:
    async with database.reading() as connection:
        try:
            await sessions.get_session(connection, caller, session_id)
        except (LoginRequired, NotFound) as problem:
            return problem
    return None


async def _refuse(database: Database, caller: Caller, session_id: UUID, verdicts: Sequence[Verdict]) -> None:
    given = {verdict.verdict for verdict in verdicts}
    if "completed" in given:
        raise Completed(help_=_help(verdicts))
    if "session_ended" in given:
        raise SessionEnded
    if "wrong_step" in given:
        async with database.reading() as connection:
            session = await sessions.get_session(connection, caller, session_id)
        # Its time may have run out since.
        check_open(session)
        raise WrongStep(session.next_step)
    if "invalid" in given:
        raise Invalid(
            [
                Detail(str(verdict.question_id), "not_of_the_scale")
                for verdict in verdicts
                if verdict.verdict == "invalid"
            ]
        )


async def _outcome(
    database: Database, caller: Caller, session_id: UUID, verdicts: Sequence[Verdict]
) -> Saved:
    await _refuse(database, caller, session_id, verdicts)
    last = verdicts[-1]
    return Saved(tuple(_stored(one) for one in verdicts), last.answered, last.total, _help(verdicts))


def _help(verdicts: Sequence[Verdict]) -> Help | None:
    return next((help_of(verdict.help) for verdict in verdicts if verdict.help is not None), None)


def _stored(verdict: Verdict) -> Stored:
    if verdict.version is None or verdict.saved_at is None or verdict.stale is None:
        raise RuntimeError("a kept answer is not stored")
    return Stored(
        verdict.question_id, verdict.value, verdict.version, verdict.stale, verdict.saved_at, verdict.late
    )
