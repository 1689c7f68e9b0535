"""The way of a single capture in the usual case: its row in a statement and a commit that many share."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from quart_assessment.camera.doors import Doors, Usual
from quart_assessment.camera.facts import Capture
from quart_assessment.camera.offers import Offer, Saved
from quart_assessment.camera.repository import NewRow, Stored
from quart_assessment.web.caller import Caller
from quart_assessment.web.envelope import as_json


@dataclass(frozen=True, slots=True)
class Shared:
    """The doors of this worker, and what a look through them has told of the session."""

    doors: Doors
    usual: Usual

    async def keep(self, caller: Caller, session_id: UUID, offer: Offer) -> Saved | None:
        """Store the row of a capture whose file is durable; None where nothing was decided and nothing stored.

        Raises:
            Unavailable: the database is down or busy. Where the row may be stored nevertheless, the offer gives up
                its file, which must stay.
        """
        sealed, said = offer.sealed, offer.metadata
        if sealed is None or sealed.image is None or offer.key is None:
            return None
        row = NewRow(
            token_hash=caller.token_hash,
            session_id=session_id,
            capture_id=offer.capture_id,
            trigger=said.trigger,
            question_id=said.question_id,
            message_id=said.message_id,
            client_time=said.client_time,
            session_ms=said.session_ms,
            timing=as_json(said.timing).decode(),
            settings=self.usual.snapshot,
            size=sealed.size,
            type=sealed.image.type,
            sha256=sealed.sha256,
            store_key=offer.key,
        )
        try:
            stored = await self.doors.insert(row)
        except BaseException:
            if row.in_doubt:
                offer.key = None
            raise
        return None if stored is None else _saved(row, stored)


def _saved(row: NewRow, stored: Stored) -> Saved:
    capture = Capture(
        capture_id=row.capture_id,
        assessment_id=None,
        field=None,
        filename=None,
        trigger=row.trigger,
        capture_type=stored.capture_type,
        received_at=stored.received_at,
        late=False,
        kept=True,
        code=None,
        size=row.size,
        type=row.type,
        sha256=row.sha256,
        store_key=row.store_key,
    )
    return Saved(capture, created=True)
