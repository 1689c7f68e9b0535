"""The questions' and answers' rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.database.schema import new_id
from quart_assessment.phq.fragments import FIRST_RECEIVED
from quart_assessment.phq.statement import INPUT, OF_ASSESSMENT, SAVE, SAVE_ALONE
from quart_assessment.phq.tables import questions, response_revisions, responses

_FIRST_RECEIVED = sa.text(f"SELECT {FIRST_RECEIVED} FROM assessments p WHERE p.id = :assessment_id")  # noqa: S608
_QUESTIONNAIRES_OF = sa.text(f"""
    SELECT DISTINCT {OF_ASSESSMENT}
    FROM questions q JOIN assessments a ON a.id = q.assessment_id
    WHERE q.session_id = :session_id AND q.id = ANY(:question_ids)
""")  # noqa: S608


@dataclass(frozen=True, slots=True)
class Answer:
    """One value for one question, as it came in."""

    question_id: UUID
    value: int | None
    version: int
    response_time_ms: int | None = None
    client_time: datetime | None = None
    session_ms: int | None = None
    help_shown: int | None = None


@dataclass(frozen=True, slots=True)
class Save:
    """One caller's call: answers that are kept all or none."""

    token_hash: bytes
    session_id: UUID
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """What of a questionnaire decides whether it takes an answer: `replaced` by a restart, handed in, left out."""

    replaced: bool
    completed: bool
    skipped: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one answer: what is stored now, or why nothing was."""

    question_id: UUID
    verdict: str
    late: bool
    fits: bool
    help: dict[str, Any] | None
    value: int | None
    version: int | None
    saved_at: datetime | None
    stale: bool | None
    answered: int
    total: int


async def upsert_responses(connection: AsyncConnection, batch: Sequence[Save]) -> list[list[Verdict] | None]:
    """Run the save statement for several callers: the verdicts of each, in the order of its answers.

    None for a caller of whose answers one was not found: it may be unknown, or locked at this moment.
    """
    verdicts = await _verdicts(connection, SAVE, batch)
    return [
        found if len(found) == len(save.answers) else None
        for save, found in zip(batch, verdicts, strict=True)
    ]


async def upsert_responses_alone(connection: AsyncConnection, save: Save) -> list[Verdict]:
    """Run the save statement for one caller, waiting for locks: the verdicts for those answers that it found."""
    [verdicts] = await _verdicts(connection, SAVE_ALONE, [save])
    return verdicts


async def _verdicts(
    connection: AsyncConnection, statement: sa.TextualSelect, batch: Sequence[Save]
) -> list[list[Verdict]]:
    rows = [
        (
            call,
            len(save.answers),
            save.token_hash,
            save.session_id,
            answer.question_id,
            answer.value,
            answer.version,
            answer.response_time_ms,
            answer.client_time,
            answer.session_ms,
            answer.help_shown,
            new_id(),
            new_id(),
        )
        for call, save in enumerate(batch)
        for answer in save.answers
    ]
    columns = dict(zip(INPUT, map(list, zip(*rows, strict=True)), strict=True))
    verdicts: list[list[Verdict]] = [[] for _ in batch]
    for call, *facts in await connection.execute(statement, columns):
        verdicts[call].append(Verdict(*facts))
    return verdicts


async def insert_questions(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Store the questions drawn for an assessment."""
    await connection.execute(questions.insert(), list(rows))


async def select_questions(connection: AsyncConnection, assessment_id: UUID) -> list[dict[str, Any]]:
    """Read an assessment's questions in order, each with its answer as it stands (answer_version None: none)."""
    found = await connection.execute(
        sa.select(
            questions,
            responses.c.value,
            responses.c.version.label("answer_version"),
            responses.c.response_time_ms,
            responses.c.client_time,
            responses.c.session_ms,
            responses.c.received_at,
            responses.c.late,
            responses.c.clock_suspect,
        )
        .select_from(
            questions.outerjoin(
                responses,
                sa.and_(
                    responses.c.session_id == questions.c.session_id,
                    responses.c.question_id == questions.c.id,
                ),
            )
        )
        .where(questions.c.assessment_id == assessment_id)
        .order_by(questions.c.position)
    )
    return [dict(row._mapping) for row in found]


async def select_questionnaires(
    connection: AsyncConnection, session_id: UUID, question_ids: Sequence[UUID]
) -> list[Questionnaire]:
    """Read of which questionnaires these questions are; none where the session has none of them."""
    values = {"session_id": session_id, "question_ids": list(question_ids)}
    return [Questionnaire(**row._mapping) for row in await connection.execute(_QUESTIONNAIRES_OF, values)]


async def select_first_received(connection: AsyncConnection, assessment_id: UUID) -> datetime | None:
    """Tell when the first value for a questionnaire was received, None if none was."""
    found = await connection.execute(_FIRST_RECEIVED, {"assessment_id": assessment_id})
    first_at: datetime | None = found.scalar_one()
    return first_at


async def select_answers(connection: AsyncConnection, session_id: UUID) -> list[dict[str, Any]]:
    """Read all answers of a session, of replaced assessments too, in the questions' order.

    A question for which values came only after the end stands there without an answer.
    """
    answered, received = responses.alias("r"), response_revisions.alias("v")
    of_question = questions.c.id == answered.c.question_id
    came = sa.exists().where(received.c.session_id == session_id, received.c.question_id == questions.c.id)
    found = await connection.execute(
        sa.select(
            questions.c.id.label("question_id"),
            questions.c.assessment_id,
            questions.c.category,
            questions.c.text,
            *(column for column in answered.c if column.name not in ("question_id", "assessment_id")),
        )
        .select_from(questions.outerjoin(answered, of_question))
        .where(questions.c.session_id == session_id, came)
        .order_by(questions.c.assessment_id, questions.c.position)
    )
    return [dict(row._mapping) for row in found]


async def select_revisions(connection: AsyncConnection, session_id: UUID) -> list[dict[str, Any]]:
    """Read every value that was received for a session's questions, in the order of arrival."""
    found = await connection.execute(
        sa.select(response_revisions)
        .where(response_revisions.c.session_id == session_id)
        .order_by(response_revisions.c.id)
    )
    return [dict(row._mapping) for row in found]
