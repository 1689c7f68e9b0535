"""What the page measured of a turn, sent after it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.chat import repository
from quart_assessment.chat.facts import MOST_MEASUREMENTS, TurnKey
from quart_assessment.database.engine import Database
from quart_assessment.database.transactions import committed
from quart_assessment.problems import Detail, Invalid, NotFound
from quart_assessment.sessions import service as sessions
from quart_assessment.sessions.rules import check_open
from quart_assessment.web.caller import Caller


async def save_timing(
    database: Database, caller: Caller, session_id: UUID, message_id: UUID, timing: dict[str, int]
) -> None:
    """Add measurements (milliseconds on the session's clock, by name) to a turn; a name again is overwritten.

    Raises:
        LoginRequired, NotFound: the login has ended; the session or the turn is unknown.
        SessionEnded: the session has ended.
        Invalid: the turn would have more measurements than a page may send. Nothing was added.
    """
    key = TurnKey(session_id, message_id)

    async def work(connection: AsyncConnection) -> None:
        session = await sessions.get_session(connection, caller, session_id)
        if await repository.select_turn(connection, key) is None:
            raise NotFound
        check_open(session)
        if not await repository.update_timing(connection, key, timing, MOST_MEASUREMENTS):
            raise Invalid([Detail("timing", "too_long")])

    await committed(database, work)
