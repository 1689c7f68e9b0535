"""The questionnaire's calls of a participant."""

from __future__ import annotations

from time import perf_counter
from typing import cast
from uuid import UUID

from quart import Blueprint, Quart, Response, current_app
from quart_schema import document_request

from quart_assessment import measures
from quart_assessment.database.current import database, database_of
from quart_assessment.phq import reading, service
from quart_assessment.phq.answering import (
    Saved,
    Saves,
    Stored,
    save_session_responses,
    saves_of,
    update_response,
)
from quart_assessment.phq.repository import Answer
from quart_assessment.phq.schemas import AnswerForm, AnswersForm
from quart_assessment.web.body import Form, read_form
from quart_assessment.web.caller import caller, open_to
from quart_assessment.web.envelope import Data, help_data, kept
from quart_assessment.web.fields import our_id
from quart_assessment.web.state import settings

blueprint = Blueprint("phq", __name__, url_prefix="/api/sessions/<session_id>/phq")
SAVES = "phq.saves"


def make_saves(app: Quart) -> None:
    """Make the door of this worker's saves, once its pools are there."""
    app.extensions[SAVES] = saves_of(database_of(app))


def _saves() -> Saves:
    return cast(Saves, current_app.extensions[SAVES])


@blueprint.post("/start")
@open_to("participant")
async def start(session_id: str) -> Response:
    """Mark the start of the questionnaire."""
    session = our_id(session_id)
    await read_form(Form, settings().answer_body_bytes)
    return kept({"started_at": await service.start(database(), caller(), session)})


@blueprint.get("")
@open_to("participant")
async def read(session_id: str) -> Response:
    """Give the questions as drawn, and the answers as they stand."""
    return kept(await service.read(database(), caller(), our_id(session_id)))


@blueprint.put("/responses/<question_id>")
@open_to("participant")
@document_request(AnswerForm)
async def save_one(session_id: str, question_id: str) -> Response:
    """Keep one answer."""
    session, question = our_id(session_id), our_id(question_id)
    form = await read_form(AnswerForm, settings().answer_body_bytes)
    began = perf_counter()
    saved = await update_response(database(), _saves(), caller(), session, _answer(question, form))
    measures.saves.observe(perf_counter() - began)
    return kept(_stored(saved.responses[0]) | _counts(saved))


@blueprint.post("/responses")
@open_to("participant")
@document_request(AnswersForm)
async def save_several(session_id: str) -> Response:
    """Keep several answers, all or none."""
    session = our_id(session_id)
    form = await read_form(AnswersForm, settings().bulk_body_bytes)
    began = perf_counter()
    answers = [_answer(one.question_id, one) for one in form.responses]
    saved = await save_session_responses(database(), _saves(), caller(), session, answers)
    measures.bulk_saves.observe(perf_counter() - began)
    return kept({"responses": [_stored(one) for one in saved.responses]} | _counts(saved))


@blueprint.get("/score")
@open_to("participant")
async def read_score(session_id: str) -> Response:
    """Give the score, where the study shows it."""
    found = await service.read_score(database(), caller(), our_id(session_id))
    return kept({"score": reading.score_data(found)})


def _answer(question_id: UUID, form: AnswerForm) -> Answer:
    return Answer(
        question_id=question_id,
        value=form.value,
        version=form.version,
        response_time_ms=form.response_time_ms,
        client_time=form.client_time,
        session_ms=form.session_ms,
        help_shown=form.help_shown,
    )


def _stored(one: Stored) -> Data:
    data: Data = {
        "question_id": one.question_id,
        "value": one.value,
        "version": one.version,
        "stale": one.stale,
        "saved_at": one.saved_at,
    }
    if one.late:
        data["late"] = True
    return data


def _counts(saved: Saved) -> Data:
    counts: Data = {"answered": saved.answered, "total": saved.total}
    if saved.help is not None:
        counts["help"] = help_data(saved.help)
    return counts
