"""Calls of staff."""

from __future__ import annotations

from quart import Blueprint, Response, request
from quart_schema import document_querystring, document_request

from quart_assessment.database.current import database
from quart_assessment.journey import staff as service
from quart_assessment.journey.file_reply import file_reply
from quart_assessment.journey.schemas import AcknowledgeForm, FailForm
from quart_assessment.journey.staff import Wanted
from quart_assessment.journey.staff_schemas import AlertsQuery, SessionsQuery, wanted_of
from quart_assessment.web.body import checked, read_form
from quart_assessment.web.caller import open_to, staff
from quart_assessment.web.envelope import kept
from quart_assessment.web.fields import our_id, path_id
from quart_assessment.web.state import settings

blueprint = Blueprint("staff", __name__, url_prefix="/api/admin")


def _wanted(form: type[SessionsQuery] | type[AlertsQuery]) -> Wanted:
    return wanted_of(checked(form, dict(request.args.items())))


@blueprint.get("/sessions")
@open_to("staff")
@document_querystring(SessionsQuery)
async def list_sessions() -> Response:
    """List sessions, the newest first."""
    found, after = await service.list_sessions(database(), staff(), _wanted(SessionsQuery))
    return kept({"sessions": found, "next_cursor": after})


@blueprint.get("/sessions/<session_id>")
@open_to("staff")
async def read_session(session_id: str) -> Response:
    """Give a session whole."""
    return kept(await service.read_session(database(), staff(), our_id(session_id)))


@blueprint.get("/sessions/<session_id>/captures/<capture_id>/file")
@open_to("staff")
async def read_file(session_id: str, capture_id: str) -> Response:
    """Give a capture's file."""
    found = await service.find_file(database(), staff(), our_id(session_id), path_id(capture_id))
    return await file_reply(found)


@blueprint.post("/sessions/<session_id>/fail")
@open_to("staff")
@document_request(FailForm)
async def fail(session_id: str) -> Response:
    """End a session for a fault."""
    target = our_id(session_id)
    session = await service.read_failed(database(), staff(), target)
    if session is None:
        form = await read_form(FailForm, settings().answer_body_bytes)
        session = await service.fail(database(), staff(), target, form.reason)
    return kept({"session": session})


@blueprint.get("/alerts")
@open_to("staff")
@document_querystring(AlertsQuery)
async def list_alerts() -> Response:
    """List alerts, the newest first."""
    found, after = await service.list_alerts(database(), staff(), _wanted(AlertsQuery))
    return kept({"alerts": found, "next_cursor": after})


@blueprint.post("/alerts/<alert_id>/acknowledge")
@open_to("staff")
@document_request(AcknowledgeForm)
async def acknowledge(alert_id: str) -> Response:
    """Say who took care of an alert, and how."""
    target = our_id(alert_id)
    alert = await service.read_acknowledged(database(), staff(), target)
    if alert is None:
        form = await read_form(AcknowledgeForm, settings().answer_body_bytes)
        alert = await service.acknowledge(database(), staff(), target, form.outcome, form.note)
    return kept({"alert": alert})
