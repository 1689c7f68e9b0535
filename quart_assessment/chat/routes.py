"""The interview's calls of a participant."""

from __future__ import annotations

from quart import Blueprint, Response, request
from quart_schema import document_request

from quart_assessment.chat.current import live_turns
from quart_assessment.chat.joining import find_turn, turn_events
from quart_assessment.chat.reading import interview_data, read_interview
from quart_assessment.chat.schemas import MessageForm, StartForm, TimingForm
from quart_assessment.chat.sending import NewMessage, create_conversation_turn
from quart_assessment.chat.starting import start_chat
from quart_assessment.chat.timing import save_timing
from quart_assessment.database.current import database
from quart_assessment.sessions.service import clients_id
from quart_assessment.web.body import read_form
from quart_assessment.web.caller import caller, open_to
from quart_assessment.web.envelope import kept
from quart_assessment.web.events import streamed
from quart_assessment.web.fields import our_id
from quart_assessment.web.state import settings

blueprint = Blueprint("chat", __name__, url_prefix="/api/sessions/<session_id>/chat")


@blueprint.post("/start")
@open_to("participant")
@document_request(StartForm)
async def start(session_id: str) -> Response:
    """Begin the interview and stream its greeting."""
    session = our_id(session_id)
    form = await read_form(StartForm, settings().answer_body_bytes)
    live = live_turns()
    return streamed(turn_events(live, await start_chat(live, caller(), session, form.message_id)))


@blueprint.get("")
@open_to("participant")
async def read(session_id: str) -> Response:
    """Give the interview as it stands."""
    return kept(interview_data(await read_interview(database(), caller(), our_id(session_id))))


@blueprint.post("/turns")
@open_to("participant")
@document_request(MessageForm)
async def send(session_id: str) -> Response:
    """Keep a message and stream the reply."""
    session = our_id(session_id)
    form = await read_form(MessageForm, settings().chat_body_bytes)
    live = live_turns()
    message = NewMessage(
        message_id=form.message_id,
        text=form.message,
        assessment_id=form.assessment_id,
        client_time=form.client_time,
        session_ms=form.session_ms,
        timing=form.timing,
    )
    return streamed(turn_events(live, await create_conversation_turn(live, caller(), session, message)))


@blueprint.get("/turns/<message_id>/events")
@open_to("participant")
async def join(session_id: str, message_id: str) -> Response:
    """Stream a turn from where the reader left it."""
    live = live_turns()
    message = await clients_id(database(), caller(), message_id)
    key = await find_turn(live, caller(), our_id(session_id), message)
    return streamed(turn_events(live, key, request.headers.get("Last-Event-ID")))


@blueprint.put("/turns/<message_id>/timing")
@open_to("participant")
@document_request(TimingForm)
async def time(session_id: str, message_id: str) -> Response:
    """Keep what the page measured of a turn."""
    form = await read_form(TimingForm, settings().answer_body_bytes)
    message = await clients_id(database(), caller(), message_id)
    await save_timing(database(), caller(), our_id(session_id), message, form.measured)
    return kept({"message_id": message})
