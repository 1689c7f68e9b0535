"""A Flask service as the notes design it: synchronous routes, an ORM, psycopg, Gunicorn's threads or greenlets.

`PEER_EXECUTOR=1` runs each request's work in a ThreadPoolExecutor made for it, as the notes advise for uploads.
"""

from __future__ import annotations

import base64
import concurrent.futures
import hashlib
import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from flask import Flask, abort, jsonify, request
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.peers.cookie import NAME, token_hash_of
from benchmarks.peers.tables import AssessmentSession, Capture, Login, Question, Response, Revision

Result = TypeVar("Result")

engine = create_engine(os.environ["PEER_DATABASE_URL"], pool_size=16, max_overflow=0)
Sessions = sessionmaker(engine)
store = Path(os.environ["STORE_DIR"])
app = Flask(__name__)


def run(work: Callable[[], Result]) -> Result:
    """Do a request's work where this variant does it."""
    if os.environ.get("PEER_EXECUTOR") != "1":
        return work()
    with concurrent.futures.ThreadPoolExecutor() as executor:
        return executor.submit(work).result()


def owned_session(db: Session, token_hash: bytes | None, session_id: UUID) -> AssessmentSession:
    """Look the login up and check that the session is its account's."""
    now = datetime.now(UTC)
    login = db.scalar(
        select(Login).where(Login.token_hash == token_hash, Login.ended_at.is_(None), Login.expires_at > now)
    )
    if login is None:
        abort(401)
    session = db.get(AssessmentSession, session_id)
    if session is None or session.account_id != login.account_id:
        abort(404)
    if session.end_state is not None:
        abort(409)
    return session


@app.get("/healthz")
def healthz() -> Any:
    """Tell that the process serves."""
    return jsonify(status="OLKORECT")


@app.put("/api/sessions/<uuid:session_id>/phq/responses/<uuid:question_id>")
def save_response(session_id: UUID, question_id: UUID) -> Any:
    """Keep one answer and its revision."""
    token_hash, form = token_hash_of(request.cookies.get(NAME)), request.get_json()
    saved = run(lambda: update_response(token_hash, session_id, question_id, form))
    return jsonify(status="OLKORECT", data=saved)


def update_response(
    token_hash: bytes | None, session_id: UUID, question_id: UUID, form: dict[str, Any]
) -> dict[str, Any]:
    """Select the answer, change it, add the revision, commit."""
    value, version, now = int(form["value"]), int(form["version"]), datetime.now(UTC)
    with Sessions.begin() as db:
        owned_session(db, token_hash, session_id)
        question = db.get(Question, question_id)
        if question is None or question.session_id != session_id:
            abort(404)
        if not question.scale_min <= value <= question.scale_max:
            abort(422)
        response = db.get(Response, (session_id, question_id))
        applied = response is None or version > response.version
        if response is None:
            response = Response(
                session_id=session_id, question_id=question_id, assessment_id=question.assessment_id
            )
            db.add(response)
        if applied:
            response.value, response.version, response.received_at = value, version, now
            response.response_time_ms = form.get("response_time_ms")
        db.add(
            Revision(
                session_id=session_id,
                question_id=question_id,
                value=value,
                version=version,
                applied=applied,
                response_time_ms=form.get("response_time_ms"),
                received_at=now,
            )
        )
        return {
            "question_id": str(question_id),
            "value": response.value,
            "version": response.version,
            "stale": not applied,
            "saved_at": response.received_at.isoformat(),
        }


@app.put("/api/sessions/<uuid:session_id>/captures/<uuid:capture_id>")
def save_capture(session_id: UUID, capture_id: UUID) -> Any:
    """Keep one picture: its file durable first, its row second, the reply third."""
    token_hash, picture = token_hash_of(request.cookies.get(NAME)), request.get_data()
    digest = hashlib.sha256(picture).digest()
    sent = request.headers.get("Content-Digest")
    if sent is not None and sent != f"sha-256=:{base64.b64encode(digest).decode()}:":
        abort(422)
    kind = request.mimetype
    data = run(lambda: keep_capture(token_hash, session_id, capture_id, kind, picture, digest))
    return jsonify(status="OLKORECT", data={"capture": data}), 201


def keep_capture(
    token_hash: bytes | None, session_id: UUID, capture_id: UUID, kind: str, picture: bytes, digest: bytes
) -> dict[str, Any]:
    """Check the owner, write the file so that it survives a power loss, insert the row, commit."""
    with Sessions.begin() as db:
        owned_session(db, token_hash, session_id)
        key = write_durably(session_id, capture_id, picture)
        db.add(
            Capture(
                session_id=session_id,
                capture_id=capture_id,
                trigger="MANUAL",
                capture_type="GENERAL",
                received_at=datetime.now(UTC),
                settings={},
                kept=True,
                size=len(picture),
                type=kind,
                sha256=digest,
                store_key=key,
            )
        )
    return {"id": str(capture_id), "size": len(picture), "sha256": digest.hex(), "kept": True}


def write_durably(session_id: UUID, capture_id: UUID, picture: bytes) -> str:
    """Write a file, fsync it, rename it, fsync its folder; gives its key."""
    folder = store / str(session_id)
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{capture_id}.{secrets.token_hex(8)}"
    draft = folder / f"{name}.part"
    with open(draft, "xb") as file:
        file.write(picture)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(folder / name)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return f"{session_id}/{name}"
