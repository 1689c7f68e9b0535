"""A participant's calls that attach captures to assessments; both may be run again at any time."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.camera import linking
from quart_assessment.camera.facts import Capture
from quart_assessment.camera.metadata import measurements_of
from quart_assessment.camera.receipts import linked_receipt
from quart_assessment.database.engine import Database
from quart_assessment.database.transactions import committed
from quart_assessment.journey.schemas import BatchForm, LinkForm
from quart_assessment.sessions import service as sessions
from quart_assessment.sessions.rules import check_captures_open
from quart_assessment.web.caller import Caller
from quart_assessment.web.envelope import Data


async def batch(database: Database, caller: Caller, session_id: UUID, form: BatchForm) -> Data:
    """Attach named captures to an assessment, all or none.

    Raises:
        SessionEnded, WrongStep: captures are not open.
        Invalid: the session has no such assessment or capture.
        LinkedElsewhere: one of them belongs to another assessment.
        BadMetadata: the metadata are too large.
    """

    async def work(connection: AsyncConnection) -> Data:
        session = await sessions.lock_session(connection, caller, session_id)
        check_captures_open(session)
        _, captures = await linking.create_batch_capture(
            connection,
            session.id,
            form.assessment_id,
            capture_ids=form.capture_ids or (),
            filenames=form.filenames or (),
            capture_type=form.capture_type,
            timing=measurements_of(form.metadata or {}),
        )
        return _linked(captures)

    return await committed(database, work)


async def link(database: Database, caller: Caller, session_id: UUID, form: LinkForm) -> Data:
    """Attach every unlinked capture that belongs to an assessment; raises as `batch`."""

    async def work(connection: AsyncConnection) -> Data:
        session = await sessions.lock_session(connection, caller, session_id)
        check_captures_open(session)
        await linking.link_incremental_captures(
            connection, session.id, form.assessment_id, form.assessment_type
        )
        captures = await linking.linked_captures(connection, session.id, form.assessment_id)
        return _linked(captures)

    return await committed(database, work)


def _linked(captures: Sequence[Capture]) -> Data:
    # All that are attached by now, so that a repeat after a lost reply is answered as before.
    return {"linked": len(captures), "captures": [linked_receipt(one) for one in captures]}
