"""What decides about captures, read before their bytes and again when their rows are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.camera import repository
from quart_assessment.camera.facts import Capture, Surroundings
from quart_assessment.camera.metadata import Metadata
from quart_assessment.camera.rules import Unwanted, check_taken, why_unwanted
from quart_assessment.sessions import service as sessions
from quart_assessment.sessions.facts import Session
from quart_assessment.studies import service as studies
from quart_assessment.studies.definition import CameraSettings
from quart_assessment.web.caller import Caller

MOST_UNDER_WAY = 500


@dataclass(frozen=True, slots=True)
class View:
    """The caller's session as captures see it; `stored` holds those captures asked for that have a row."""

    session: Session
    settings: CameraSettings
    version: int
    around: Surroundings
    stored: Mapping[UUID, Capture]

    @property
    def near_its_limit(self) -> bool:
        """Whether the captures of the session that may be under way could reach the study's limit."""
        return self.settings.max_captures - self.around.kept < MOST_UNDER_WAY

    def kept(self, capture_id: UUID) -> Capture | None:
        """Give the capture of this id, if one was kept."""
        found = self.stored.get(capture_id)
        return found if found is not None and found.kept else None

    def check_taken(self, capture_id: UUID, metadata: Metadata) -> bool:
        """Tell whether the capture is late; raises SessionEnded or WrongStep where it is not taken."""
        announced = capture_id in self.around.announced
        return check_taken(self.session, metadata.session_ms, announced=announced)

    def why_unwanted(self, trigger: str | None, already_kept: int | None = None) -> Unwanted | None:
        """Tell why a capture of this trigger would not be kept; see rules."""
        kept = self.around.kept if already_kept is None else already_kept
        return why_unwanted(self.session, self.settings, trigger, kept)

    def capture_type(self, metadata: Metadata) -> str:
        """Tell which part the reference belongs to; an unknown one belongs to none and refuses nothing."""
        if metadata.question_id in self.around.questions:
            return "PHQ"
        return "LLM" if metadata.message_id in self.around.messages else "GENERAL"


async def look(
    connection: AsyncConnection,
    caller: Caller,
    session_id: UUID,
    ids: Sequence[UUID] = (),
    said: Sequence[Metadata] = (),
) -> View:
    """Read what decides about the captures `ids`, of which `said` was said.

    Raises:
        LoginRequired, NotFound: the session is not the caller's.
    """
    session = await sessions.get_session(connection, caller, session_id)
    pinned = await studies.pinned(connection, session.study_version_id)
    questions = [one.question_id for one in said if one.question_id is not None]
    messages = [one.message_id for one in said if one.message_id is not None]
    around = await repository.select_surroundings(connection, session_id, ids, questions, messages)
    stored = await repository.select_captures(connection, session_id, ids) if ids else {}
    return View(session, pinned.camera, pinned.camera_number, around, stored)


async def lock_and_look(
    connection: AsyncConnection,
    caller: Caller,
    session_id: UUID,
    ids: Sequence[UUID] = (),
    said: Sequence[Metadata] = (),
    *,
    alone: bool = False,
) -> View:
    """Lock the session against its verbs, then `look`: what is seen of it holds until the commit.

    Other captures of the session may be stored meanwhile, unless `alone`.
    """
    if not await repository.lock_owned(connection, caller.token_hash, session_id, alone=alone):
        raise await sessions.why_not(connection, caller)
    return await look(connection, caller, session_id, ids, said)
