"""The camera's calls of a participant. None of them returns a picture."""

from __future__ import annotations

from time import perf_counter
from uuid import UUID

from quart import Blueprint, Response, request
from quart_schema import document_request

from quart_assessment import measures
from quart_assessment.camera import ledger
from quart_assessment.camera.current import budget, doors, store
from quart_assessment.camera.facts import Announcement
from quart_assessment.camera.forms import PostedForm, upload_form
from quart_assessment.camera.receipts import linked_receipt, receipt
from quart_assessment.camera.receiving import PutCapture, put_capture
from quart_assessment.camera.schemas import AnnouncementForm, AnnouncementsForm
from quart_assessment.database.current import database
from quart_assessment.problems import BadRequest, NotFound
from quart_assessment.sessions.service import clients_id
from quart_assessment.web.body import read_form, request_body
from quart_assessment.web.caller import caller, open_to
from quart_assessment.web.envelope import JSON, Data, as_json, kept
from quart_assessment.web.fields import our_id, path_id
from quart_assessment.web.state import settings

MOST_LISTED = 1000
LONGEST_NUMBER = 10

blueprint = Blueprint("camera", __name__)


@blueprint.get("/api/sessions/<session_id>/camera/settings")
@open_to("participant")
async def read_settings(session_id: str) -> Response:
    """Give the camera settings the session was started with."""
    return kept(await ledger.get_camera_settings_for_session(database(), caller(), our_id(session_id)))


@blueprint.put("/api/sessions/<session_id>/captures/<capture_id>")
@open_to("participant")
async def save_one(session_id: str, capture_id: str) -> Response:
    """Keep one picture, sent as the body."""
    began = perf_counter()
    call = PutCapture(
        session_id=our_id(session_id),
        capture_id=await clients_id(database(), caller(), capture_id),
        content_type=request.mimetype,
        content_digest=request.headers.get("Content-Digest"),
        metadata=request.headers.get("Capture-Metadata", "").encode("latin-1", "replace"),
        body=request_body(),
        limit=settings().capture_bytes,
    )
    saved = await put_capture(database(), doors(), store(), budget(), caller(), call)
    measures.uploads.observe(perf_counter() - began)
    return kept({"capture": receipt(saved.capture)}, 201 if saved.created else 200)


@blueprint.post("/api/camera/upload")
@open_to("participant")
async def upload() -> Response:
    """Keep the pictures of a form."""
    return kept(await _uploaded())


@blueprint.post("/assessment/camera/upload")
@open_to("participant")
async def upload_of_old_pages() -> Response:
    """Keep the pictures of a form; the reply has its content at top level, too, for old pages."""
    data = await _uploaded()
    return Response(as_json({"status": "OLKORECT", "data": data} | data), 200, content_type=JSON)


async def _uploaded() -> Data:
    began = perf_counter()
    posted = PostedForm(request.mimetype, request.mimetype_params.get("boundary"), request_body())
    saved = await upload_form(database(), store(), budget(), caller(), settings(), posted)
    measures.uploads.observe(perf_counter() - began)
    number = sum(one.capture.kept for one in saved)
    return {"captures": [receipt(one.capture) for one in saved], "message": f"Uploaded {number} captures"}


@blueprint.post("/api/sessions/<session_id>/captures/expected")
@open_to("participant")
@document_request(AnnouncementsForm)
async def announce(session_id: str) -> Response:
    """Say which pictures the page takes, so that missing ones are noticed."""
    session = our_id(session_id)
    form = await read_form(AnnouncementsForm, settings().bulk_body_bytes)
    announced = [_announcement(one) for one in form.captures]
    expected, received = await ledger.announce_captures(database(), caller(), session, announced)
    return kept({"expected": expected, "received": received})


@blueprint.get("/api/sessions/<session_id>/captures")
@open_to("participant")
async def read_kept(session_id: str) -> Response:
    """List the pictures that are kept."""
    session, (after, limit) = our_id(session_id), _page()
    found, cursor = await ledger.read_kept(database(), caller(), session, after, limit)
    return kept({"captures": [linked_receipt(one) for one in found], "next_cursor": cursor})


def _page() -> tuple[UUID | None, int]:
    cursor, limit = request.args.get("cursor"), request.args.get("limit", str(MOST_LISTED))
    if not (limit.isascii() and limit.isdigit() and len(limit) < LONGEST_NUMBER):
        raise BadRequest
    try:
        after = None if cursor is None else path_id(cursor)
    except NotFound:
        raise BadRequest from None
    return after, max(1, min(int(limit), MOST_LISTED))


def _announcement(form: AnnouncementForm) -> Announcement:
    return Announcement(**{name: getattr(form, name) for name in Announcement.__slots__})
