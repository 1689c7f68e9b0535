"""The questionnaire as others may read it: its questions, answers, score, and every value received."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.phq import repository
from quart_assessment.phq.drawing import DrawnInstrument
from quart_assessment.phq.questionnaire import scored
from quart_assessment.phq.scoring import Score
from quart_assessment.sessions import service as sessions
from quart_assessment.web.envelope import Data

_REVISION = ("value", "version", "applied", "received_at", "session_ms", "late", "clock_suspect")
_ANSWER = (
    "question_id",
    "assessment_id",
    "category",
    "text",
    "value",
    "version",
    "response_time_ms",
    "client_time",
    "session_ms",
    "received_at",
    "late",
    "clock_suspect",
)


async def questionnaire_data(connection: AsyncConnection, assessment_id: UUID) -> Data:
    """Give a questionnaire with its questions as drawn and its answers as they stand, as it goes over the wire."""
    drawn = DrawnInstrument.from_json(await sessions.read_instrument(connection, assessment_id))
    rows = await repository.select_questions(connection, assessment_id)
    return {
        "assessment_id": assessment_id,
        "instrument": {
            "code": drawn.code,
            "title": drawn.title,
            "language": drawn.language,
            "provenance": drawn.provenance,
            "modified": drawn.modified,
            "source": drawn.source,
        },
        "instructions": drawn.instructions,
        "scale": {
            "min": drawn.scale_min,
            "max": drawn.scale_max,
            "labels": [{"value": label.value, "text": label.text} for label in drawn.labels],
        },
        "questions": [_question(row) for row in rows],
        "responses": [_response(row) for row in rows if row["answer_version"] is not None],
    }


def _question(row: dict[str, Any]) -> Data:
    names = ("id", "position", "text", "category", "scored", "required", "risk", "show_if")
    question: Data = {name: row[name] for name in names}
    if row["labels"] is not None:
        question["scale"] = {"min": row["scale_min"], "max": row["scale_max"], "labels": row["labels"]}
    return question


def _response(row: dict[str, Any]) -> Data:
    names = ("value", "response_time_ms", "client_time", "session_ms")
    return {
        "question_id": row["id"],
        "version": row["answer_version"],
        "saved_at": row["received_at"],
        **{name: row[name] for name in names},
    }


async def score_of(connection: AsyncConnection, assessment_id: UUID) -> Score:
    """Score a questionnaire as it stands."""
    drawn = DrawnInstrument.from_json(await sessions.read_instrument(connection, assessment_id))
    return scored(drawn, await repository.select_questions(connection, assessment_id))


def score_data(found: Score) -> Data:
    """Give a score as it goes over the wire."""
    return asdict(found)


async def answers_data(connection: AsyncConnection, session_id: UUID) -> list[Data]:
    """Give all answers of a session with every value received for each, as staff read them."""
    revisions: dict[UUID, list[Data]] = {}
    for row in await repository.select_revisions(connection, session_id):
        revisions.setdefault(row["question_id"], []).append({name: row[name] for name in _REVISION})
    return [
        {name: row[name] for name in _ANSWER} | {"revisions": revisions.get(row["question_id"], [])}
        for row in await repository.select_answers(connection, session_id)
    ]
