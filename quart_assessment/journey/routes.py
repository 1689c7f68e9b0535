"""A participant's calls that answer the session object, and the ends of its parts."""

from __future__ import annotations

from quart import Blueprint, Response
from quart_schema import document_request

from quart_assessment.chat.current import connections
from quart_assessment.database.current import database
from quart_assessment.journey import finishing, restarting, starting, steps, withdrawing
from quart_assessment.journey.schemas import (
    AbandonForm,
    CameraCheckForm,
    CompleteForm,
    ConsentForm,
    OpenForm,
    RestartForm,
    StartForm,
    WithdrawForm,
)
from quart_assessment.journey.starting import Asked
from quart_assessment.web.body import read_form
from quart_assessment.web.caller import caller, open_to
from quart_assessment.web.envelope import kept
from quart_assessment.web.fields import our_id
from quart_assessment.web.state import settings

blueprint = Blueprint("journey", __name__, url_prefix="/api/sessions")


@blueprint.post("")
@open_to("participant")
@document_request(StartForm)
async def start() -> Response:
    """Start a session; a repeat with the same key gives the same one."""
    form = await read_form(StartForm, settings().answer_body_bytes)
    session, new = await starting.start(
        database(), connections(), caller(), Asked(form.id, form.study, form.language)
    )
    return kept({"session": session}, 201 if new else 200)


@blueprint.get("")
@open_to("participant")
async def read_all() -> Response:
    """Give all sessions of the caller."""
    return kept({"sessions": await starting.read_all(database(), caller())})


@blueprint.get("/<session_id>")
@open_to("participant")
async def read(session_id: str) -> Response:
    """Give a session: where the participant stands, and all a page needs to go on."""
    return kept({"session": await starting.read(database(), caller(), our_id(session_id))})


@blueprint.post("/<session_id>/consent")
@open_to("participant")
@document_request(ConsentForm)
async def consent(session_id: str) -> Response:
    """Store what the participant said to the consent text."""
    session = our_id(session_id)
    form = await read_form(ConsentForm, settings().answer_body_bytes)
    return kept({"session": await steps.consent(database(), caller(), session, form)})


@blueprint.post("/<session_id>/camera-check")
@open_to("participant")
@document_request(CameraCheckForm)
async def check_camera(session_id: str) -> Response:
    """Store whether the camera works."""
    session = our_id(session_id)
    form = await read_form(CameraCheckForm, settings().answer_body_bytes)
    return kept({"session": await steps.check_camera(database(), caller(), session, form)})


@blueprint.post("/<session_id>/open")
@open_to("participant")
@document_request(OpenForm)
async def open_page(session_id: str) -> Response:
    """Let this page own the camera."""
    session = our_id(session_id)
    form = await read_form(OpenForm, settings().answer_body_bytes)
    return kept({"session": await steps.open_page(database(), caller(), session, form.page_id)})


@blueprint.post("/<session_id>/withdraw")
@open_to("participant")
@document_request(WithdrawForm)
async def withdraw(session_id: str) -> Response:
    """Take consent back, for some scopes or all, and have data erased."""
    target = our_id(session_id)
    form = await read_form(WithdrawForm, settings().answer_body_bytes)
    session, receipt = await withdrawing.withdraw(database(), caller(), target, form)
    return kept({"session": session} | ({} if receipt is None else {"receipt": receipt}))


@blueprint.post("/<session_id>/abandon")
@open_to("participant")
@document_request(AbandonForm)
async def abandon(session_id: str) -> Response:
    """End the session on the person's own wish."""
    session = our_id(session_id)
    form = await read_form(AbandonForm, settings().answer_body_bytes)
    return kept({"session": await steps.abandon(database(), caller(), session, form.reason)})


@blueprint.post("/<session_id>/restart")
@open_to("participant")
@document_request(RestartForm)
async def restart(session_id: str) -> Response:
    """Begin again: the whole session, or one part."""
    target = our_id(session_id)
    form = await read_form(RestartForm, settings().answer_body_bytes)
    session, new = await restarting.restart(database(), connections(), caller(), target, form.part, form.id)
    return kept({"session": session}, 201 if new else 200)


@blueprint.post("/<session_id>/phq/complete")
@open_to("participant")
async def complete_phq(session_id: str) -> Response:
    """Close the questionnaire."""
    session = our_id(session_id)
    await read_form(CompleteForm, settings().answer_body_bytes)
    return kept(await finishing.complete_phq(database(), caller(), session))


@blueprint.post("/<session_id>/chat/complete")
@open_to("participant")
async def complete_chat(session_id: str) -> Response:
    """Close the interview on the participant's wish."""
    session = our_id(session_id)
    await read_form(CompleteForm, settings().answer_body_bytes)
    return kept(await finishing.complete_chat(database(), caller(), session))


@blueprint.post("/<session_id>/complete")
@open_to("participant")
@document_request(CompleteForm)
async def complete(session_id: str) -> Response:
    """End the session as completed."""
    session = our_id(session_id)
    form = await read_form(CompleteForm, settings().answer_body_bytes)
    return kept(
        {"session": await finishing.complete(database(), caller(), session, missing_ok=form.missing_ok)}
    )
