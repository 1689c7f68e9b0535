"""The service's tables as an ORM maps them: the columns that a peer reads or writes, no more."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import DateTime, ForeignKey, LargeBinary, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The registry of the peers' classes."""

    type_annotation_map: ClassVar = {datetime: DateTime(timezone=True), dict[str, Any]: JSONB}


class Login(Base):
    """A login, found by the hash of the cookie's token."""

    __tablename__ = "logins"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    account_id: Mapped[UUID]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class AssessmentSession(Base):
    """A participant's session."""

    __tablename__ = "sessions"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    end_state: Mapped[str | None]


class Question(Base):
    """A question as drawn for a session."""

    __tablename__ = "questions"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id"))
    assessment_id: Mapped[UUID]
    scale_min: Mapped[int]
    scale_max: Mapped[int]


class Response(Base):
    """The answer to a question as it stands."""

    __tablename__ = "responses"
    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    question_id: Mapped[UUID] = mapped_column(primary_key=True)
    assessment_id: Mapped[UUID]
    value: Mapped[int] = mapped_column(SmallInteger)
    version: Mapped[int]
    response_time_ms: Mapped[int | None]
    received_at: Mapped[datetime]


class Revision(Base):
    """A value that was received."""

    __tablename__ = "response_revisions"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    session_id: Mapped[UUID]
    question_id: Mapped[UUID]
    value: Mapped[int] = mapped_column(SmallInteger)
    version: Mapped[int]
    applied: Mapped[bool]
    response_time_ms: Mapped[int | None]
    received_at: Mapped[datetime]


class Capture(Base):
    """A picture that was kept."""

    __tablename__ = "captures"
    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    capture_id: Mapped[UUID] = mapped_column(primary_key=True)
    trigger: Mapped[str]
    capture_type: Mapped[str]
    received_at: Mapped[datetime]
    settings: Mapped[dict[str, Any]]
    kept: Mapped[bool]
    size: Mapped[int]
    type: Mapped[str]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    store_key: Mapped[str]
