"""What pages announced, what came of it, and the list of what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.camera import repository
from quart_assessment.camera.facts import Announcement, Capture
from quart_assessment.camera.looking import lock_and_look
from quart_assessment.camera.triggers import create_settings_snapshot
from quart_assessment.database.engine import Database
from quart_assessment.database.transactions import committed
from quart_assessment.sessions import service as sessions
from quart_assessment.sessions.rules import check_captures_open, check_consented, clock_suspect
from quart_assessment.studies import service as studies
from quart_assessment.web.caller import Caller


async def get_camera_settings_for_session(
    database: Database, caller: Caller, session_id: UUID
) -> dict[str, Any]:
    """Give the camera settings the session is pinned to; raises WrongStep before consent."""
    async with database.reading() as connection:
        session = await sessions.get_session(connection, caller, session_id)
        check_consented(session)
        pinned = await studies.pinned(connection, session.study_version_id)
    return create_settings_snapshot(pinned.camera, pinned.camera_number)


async def announce_captures(
    database: Database, caller: Caller, session_id: UUID, announced: Sequence[Announcement]
) -> tuple[int, int]:
    """Store which captures a page takes or skipped; gives how many are expected, and how many got a receipt.

    What was announced before changes nothing, and is answered after the session's end, too.

    Raises:
        LoginRequired, NotFound, SessionEnded, WrongStep: the session does not take it.
    """
    ids = [one.capture_id for one in announced]

    async def work(connection: AsyncConnection) -> tuple[int, int]:
        session = (await lock_and_look(connection, caller, session_id)).session
        new = await repository.select_unannounced(connection, session_id, ids)
        if new:
            check_captures_open(session)
            first = {one.capture_id: one for one in reversed(announced) if one.capture_id in new}
            suspect = frozenset(
                key for key, one in first.items() if clock_suspect(session, one.session_ms, session.now)
            )
            await repository.insert_expected(
                connection, session_id, list(first.values()), session.now, suspect
            )
        return await repository.select_ledger(connection, session_id)

    return await committed(database, work)


async def read_kept(
    database: Database, caller: Caller, session_id: UUID, after: UUID | None, limit: int
) -> tuple[list[Capture], UUID | None]:
    """Read a page of the session's kept captures, and behind which one the next page begins.

    Raises:
        LoginRequired, NotFound: the session is not the caller's.
        WrongStep: consent was not given yet.
    """
    async with database.reading() as connection:
        session = await sessions.get_session(connection, caller, session_id)
        check_consented(session)
        found = await repository.select_page(connection, session_id, kept=True, after=after, limit=limit + 1)
    page = found[:limit]
    return page, page[-1].capture_id if len(found) > limit else None
