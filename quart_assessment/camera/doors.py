"""The doors of uploads in the usual case: callers that wait share one look, and later one insert and its commit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.camera import repository
from quart_assessment.camera.looking import MOST_UNDER_WAY
from quart_assessment.camera.repository import Asked, NewRow, Stored, Undecided
from quart_assessment.camera.rules import is_recorded
from quart_assessment.camera.triggers import create_settings_snapshot
from quart_assessment.database.engine import Database
from quart_assessment.database.group_commit import GroupCommit
from quart_assessment.remembered import Remembered
from quart_assessment.studies import service as studies
from quart_assessment.studies.definition import CameraSettings
from quart_assessment.web.caller import Caller
from quart_assessment.web.envelope import as_json

# More than all workers together store of one session: so long a count of its captures tells that its limit is far.
MOST_A_SECOND = 2000
MOST_SECONDS = 60.0
MOST_SESSIONS = 10_000
MOST_VERSIONS = 64


@dataclass(frozen=True, slots=True)
class Usual:
    """A session in the usual case, far from its limit: its camera settings, and those as they stand with a row."""

    settings: CameraSettings
    snapshot: str

    def wants(self, trigger: str | None) -> bool:
        """Tell whether the study wants a picture of this trigger; of None, whether it wants any."""
        return is_recorded(self.settings, trigger)


class Doors:
    """This worker's shared statements for uploads, and the sessions it knows to be far from their limit."""

    def __init__(self, database: Database) -> None:
        self._looks: GroupCommit[Asked, Usual | Undecided] = GroupCommit(
            database, self.look_at_captures, "general"
        )
        self._rows: GroupCommit[NewRow, Stored | Undecided] = GroupCommit(
            database, repository.insert_captures, "general"
        )
        self._far_until: Remembered[UUID, float] = Remembered(MOST_SESSIONS)
        self._snapshots: Remembered[UUID, Usual] = Remembered(MOST_VERSIONS)

    async def look(self, caller: Caller, session_id: UUID, capture_id: UUID) -> Usual | None:
        """See whether a capture is in the usual case; None where that takes a longer look.

        Raises:
            Unavailable: the database is down or busy.
        """
        asked = Asked(caller.token_hash, session_id, capture_id, not self.is_far(session_id))
        found = await self._looks.submit(asked)
        return None if isinstance(found, Undecided) else found

    async def insert(self, row: NewRow) -> Stored | None:
        """Store a capture; None where this is not the usual case, and nothing was stored.

        Raises:
            Unavailable: the database is down or busy; where `row.in_doubt`, the row may be stored.
        """
        if not self.is_far(row.session_id):
            return None
        stored = await self._rows.submit(row)
        return None if isinstance(stored, Undecided) else stored

    def is_far(self, session_id: UUID) -> bool:
        """Whether a session cannot have come near its limit since its captures were counted."""
        until = self._far_until.get(session_id)
        return until is not None and until > asyncio.get_running_loop().time()

    async def look_at_captures(
        self, connection: AsyncConnection, batch: Sequence[Asked]
    ) -> list[Usual | Undecided]:
        """Look for several callers at once."""
        asked_at = asyncio.get_running_loop().time()
        answers: list[Usual | Undecided] = [Undecided()] * len(batch)
        for place, version_id, kept in await repository.select_usual(connection, batch):
            usual = await self._usual(connection, version_id)
            session_id = batch[place].session_id
            if kept is not None:
                self._note(session_id, usual.settings.max_captures - kept, asked_at)
            if self.is_far(session_id):
                answers[place] = usual
        return answers

    async def _usual(self, connection: AsyncConnection, version_id: UUID) -> Usual:
        if (found := self._snapshots.get(version_id)) is not None:
            return found
        pinned = await studies.pinned(connection, version_id)
        snapshot = as_json(create_settings_snapshot(pinned.camera, pinned.camera_number)).decode()
        return self._snapshots.note(version_id, Usual(pinned.camera, snapshot))

    def _note(self, session_id: UUID, left: int, counted_at: float) -> None:
        seconds = min(MOST_SECONDS, (left - MOST_UNDER_WAY) / MOST_A_SECOND)
        self._far_until.note(session_id, counted_at + seconds)
