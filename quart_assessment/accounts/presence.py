"""When a login was last used: written beside the request, at most once a minute."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from time import monotonic

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.accounts import repository
from quart_assessment.database.engine import Database
from quart_assessment.database.transactions import committed
from quart_assessment.problems import Problem
from quart_assessment.remembered import Remembered
from quart_assessment.settings import Settings

EVERY_SECONDS = 60
MOST_REMEMBERED = 10_000


class Presence:
    """Remembers, for each login this worker saw, when it was last written."""

    def __init__(self, settings: Settings) -> None:
        self._idle = timedelta(hours=settings.login_idle_hours)
        self._written: Remembered[bytes, float] = Remembered(MOST_REMEMBERED)
        self._tasks: set[asyncio.Task[None]] = set()

    def note(self, database: Database, token_hash: bytes) -> None:
        """Have the use of a login written, if this worker has not done so in the last minute."""
        now = monotonic()
        written = self._written.get(token_hash)
        if written is not None and now - written < EVERY_SECONDS:
            return
        self._written.note(token_hash, now)
        task = asyncio.create_task(self._write(database, token_hash))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _write(self, database: Database, token_hash: bytes) -> None:
        async def work(connection: AsyncConnection) -> None:
            await repository.update_login_seen(connection, token_hash, self._idle)

        try:
            await committed(database, work)
        except Problem:
            self._written.forget(token_hash)
