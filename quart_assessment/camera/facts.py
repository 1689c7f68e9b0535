"""What is known of a capture."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Capture:
    """A capture as it is stored: a kept picture, or the record of why one was not kept.

    `store_key` names its file, `sha256` is 32 bytes, `received_at` the server's time of storing.
    """

    capture_id: UUID
    assessment_id: UUID | None
    field: str | None
    filename: str | None
    trigger: str
    capture_type: str
    received_at: datetime
    late: bool
    kept: bool
    code: str | None
    size: int | None
    type: str | None
    sha256: bytes | None
    store_key: str | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What decides about captures beside the session: how many are kept, which of those in question were
    announced (and not skipped), and which of the questions and messages they name are the session's."""

    kept: int
    announced: frozenset[UUID]
    questions: frozenset[UUID]
    messages: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Announcement:
    """A capture that a page says it takes, or that it skipped."""

    capture_id: UUID
    trigger: str
    question_id: UUID | None
    message_id: UUID | None
    client_time: datetime | None
    session_ms: int | None
    skipped: bool
