"""The same save as a FastAPI service with SQLAlchemy's async ORM, on Uvicorn."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Cookie, Depends, FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from benchmarks.peers.cookie import token_hash_of
from benchmarks.peers.tables import AssessmentSession, Login, Question, Response, Revision

engine = create_async_engine(os.environ["PEER_DATABASE_URL"], pool_size=16, max_overflow=0)
Sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


class AnswerForm(BaseModel):
    """One answer as it comes in."""

    value: int
    version: int
    response_time_ms: int | None = None


async def database() -> AsyncIterator[AsyncSession]:
    """Lend a session for one request."""
    async with Sessions() as session:
        yield session


Db = Annotated[AsyncSession, Depends(database)]


async def current_login(db: Db, qa_login: Annotated[str | None, Cookie()] = None) -> Login:
    """Find who is calling by their cookie."""
    login = await db.scalar(
        select(Login).where(
            Login.token_hash == token_hash_of(qa_login),
            Login.ended_at.is_(None),
            Login.expires_at > datetime.now(UTC),
        )
    )
    if login is None:
        raise HTTPException(401)
    return login


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    """Tell that the process serves."""
    return {"status": "OLKORECT"}


@app.put("/api/sessions/{session_id}/phq/responses/{question_id}")
async def save_response(
    session_id: UUID,
    question_id: UUID,
    form: AnswerForm,
    db: Db,
    login: Annotated[Login, Depends(current_login)],
) -> dict[str, Any]:
    """Select the answer, change it, add the revision, commit."""
    session = await db.get(AssessmentSession, session_id)
    if session is None or session.account_id != login.account_id:
        raise HTTPException(404)
    if session.end_state is not None:
        raise HTTPException(409)
    question = await db.get(Question, question_id)
    if question is None or question.session_id != session_id:
        raise HTTPException(404)
    if not question.scale_min <= form.value <= question.scale_max:
        raise HTTPException(422)
    now = datetime.now(UTC)
    response = await db.get(Response, (session_id, question_id))
    applied = response is None or form.version > response.version
    if response is None:
        response = Response(
            session_id=session_id, question_id=question_id, assessment_id=question.assessment_id
        )
        db.add(response)
    if applied:
        response.value, response.version, response.received_at = form.value, form.version, now
        response.response_time_ms = form.response_time_ms
    db.add(
        Revision(
            session_id=session_id,
            question_id=question_id,
            value=form.value,
            version=form.version,
            applied=applied,
            response_time_ms=form.response_time_ms,
            received_at=now,
        )
    )
    await db.commit()
    stored = {
        "question_id": question_id,
        "value": response.value,
        "version": response.version,
        "stale": not applied,
        "saved_at": response.received_at,
    }
    return {"status": "OLKORECT", "data": stored}
