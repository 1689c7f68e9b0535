"""Drawing a questionnaire for a session, reading it back, scoring it, and closing it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.database.schema import new_id
from quart_assessment.phq import repository
from quart_assessment.phq.drawing import DrawnInstrument, draw
from quart_assessment.phq.problems import Incomplete
from quart_assessment.phq.scoring import Score, ScoredAnswer, score
from quart_assessment.sessions import verbs
from quart_assessment.sessions.facts import Session
from quart_assessment.studies.definition import QuestionnaireSettings
from quart_assessment.studies.instruments import instrument

_random = random.SystemRandom()


def drawn_for(settings: QuestionnaireSettings, language: str) -> DrawnInstrument:
    """Draw the questions of one session."""
    return draw(settings, instrument(settings.instrument), language, _random)


async def store_questions(
    connection: AsyncConnection, session_id: UUID, assessment_id: UUID, drawn: DrawnInstrument
) -> None:
    """Freeze the drawn questions: a question's id belongs to one assessment."""
    await repository.insert_questions(
        connection,
        [
            {
                "id": new_id(),
                "session_id": session_id,
                "assessment_id": assessment_id,
                "position": question.position,
                "category": question.category,
                "text": question.text,
                "scored": question.scored,
                "required": question.required,
                "risk": question.risk,
                "scale_min": question.scale_min,
                "scale_max": question.scale_max,
                "labels": [{"value": label.value, "text": label.text} for label in question.labels]
                if question.own_scale
                else None,
                "show_if": question.show_if,
                "loinc": question.loinc,
            }
            for question in drawn.questions
        ],
    )


def scored(drawn: DrawnInstrument, rows: Sequence[dict[str, Any]]) -> Score:
    """Score the answers as they stand; a missing or skipped answer is never 0."""
    return score(
        drawn,
        [
            ScoredAnswer(row["category"], row["value"], row["answer_version"] is not None, row["scored"])
            for row in rows
        ],
    )


def missing_answers(rows: Sequence[dict[str, Any]]) -> list[UUID]:
    """Name the required questions without an answer, among those that were to be shown."""
    above = any(
        row["scored"] and row["value"] is not None and row["value"] > row["scale_min"] for row in rows
    )
    return [
        row["id"]
        for row in rows
        if row["required"] and row["answer_version"] is None and (row["show_if"] is None or above)
    ]


async def complete(connection: AsyncConnection, session: Session) -> tuple[datetime, list[dict[str, Any]]]:
    """Close the questionnaire of a locked session: when it was closed, and the answers it holds.

    The assessment is locked before its answers are read, so that none lands between the count and the close.

    Raises:
        Incomplete: a required question has no answer.
    """
    await verbs.lock_part(connection, session, "phq")
    rows = await repository.select_questions(connection, session.phq.id)
    if missing := missing_answers(rows):
        raise Incomplete(missing)
    await verbs.end_part(connection, session, "phq", "completed")
    return session.now, rows


def is_at_risk(rows: Sequence[dict[str, Any]]) -> bool:
    """Tell whether an answer to a risk question lies above the least."""
    return any(row["risk"] and row["value"] is not None and row["value"] > row["scale_min"] for row in rows)
