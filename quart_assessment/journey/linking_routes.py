"""Attaching captures to the assessments they belong to."""

from __future__ import annotations

from quart import Blueprint, Response
from quart_schema import document_request

from quart_assessment.database.current import database
from quart_assessment.journey import linking
from quart_assessment.journey.schemas import BatchForm, LinkForm
from quart_assessment.web.body import read_form
from quart_assessment.web.caller import caller, open_to
from quart_assessment.web.envelope import kept
from quart_assessment.web.fields import our_id
from quart_assessment.web.state import settings

blueprint = Blueprint("linking", __name__, url_prefix="/api/sessions/<session_id>/captures")


@blueprint.post("/batch")
@open_to("participant")
@document_request(BatchForm)
async def batch(session_id: str) -> Response:
    """Attach named captures to an assessment, all or none."""
    session = our_id(session_id)
    form = await read_form(BatchForm, settings().bulk_body_bytes)
    return kept(await linking.batch(database(), caller(), session, form))


@blueprint.post("/link")
@open_to("participant")
@document_request(LinkForm)
async def link(session_id: str) -> Response:
    """Attach every unlinked capture that belongs to an assessment."""
    session = our_id(session_id)
    form = await read_form(LinkForm, settings().bulk_body_bytes)
    return kept(await linking.link(database(), caller(), session, form))
