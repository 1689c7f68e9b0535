"""One door for writes: a unit of work that is committed whole or not at all, whatever its caller does."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.database.engine import ORDINARY, Database, Isolation, Pool
from quart_assessment.database.failures import (
    CACHED_PLAN,
    DEADLOCK,
    NOT_SERIALIZABLE,
    sqlstate_of,
    translated,
)
from quart_assessment.problems import Problem

Result = TypeVar("Result")
Work = Callable[[AsyncConnection], Awaitable[Result]]

_AGAIN = {CACHED_PLAN, DEADLOCK, NOT_SERIALIZABLE}
# Who waited for the locks that a deadlock freed takes them meanwhile; whoever came at once would meet them again.
_PAUSE_AFTER_DEADLOCK = (0.01, 0.05)


async def committed(
    database: Database,
    work: Work[Result],
    *,
    pool: Pool = "general",
    constraints: Mapping[str, type[Problem]] | None = None,
    isolation: Isolation = ORDINARY,
) -> Result:
    """Run `work` in one transaction and commit it; an exception keeps nothing.

    The unit runs in its own task: a caller who is cancelled leaves the whole write or none. It is run a second
    time, from its start, after a deadlock, after a plan went stale, and after its snapshot was overtaken by a change
    of what it locks (PostgreSQL keeps nothing of the first).

    Raises:
        Unavailable: the database is down, busy or full; nothing was kept, or a retry with the same ids is safe.
        Problem: what `work` raised, or what `constraints` names for the constraint that refused a row.
    """

    async def unit() -> Result:
        with translated(constraints):
            return await twice_at_most(lambda: _once(database, work, pool, isolation))

    return await shielded(database, unit())


async def twice_at_most(once: Callable[[], Awaitable[Result]]) -> Result:
    """Run `once`, and again from its start after what `_AGAIN` names, of which PostgreSQL keeps nothing."""
    try:
        return await once()
    except (exc.DBAPIError, asyncpg.PostgresError) as error:
        state = sqlstate_of(error)
        if state not in _AGAIN:
            raise
        if state == DEADLOCK:
            await asyncio.sleep(random.uniform(*_PAUSE_AFTER_DEADLOCK))
        return await once()


async def _once(database: Database, work: Work[Result], pool: Pool, isolation: Isolation) -> Result:
    async with database.connection(pool, isolation=isolation) as connection, connection.begin():
        return await work(connection)


async def shielded(database: Database, unit: Coroutine[Any, Any, Result]) -> Result:
    """Run `unit` to its end in a tracked task, though the caller is cancelled.

    Raises:
        Unavailable: too many writes are under way in this worker.
    """
    try:
        database.make_room_for_a_write()
    except Problem:
        unit.close()
        raise
    return await asyncio.shield(tracked(database, unit))


def tracked(database: Database, unit: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
    """Run `unit` in a task of its own that a stopping worker waits for."""
    task = asyncio.create_task(unit)
    database.writes.add(task)
    task.add_done_callback(database.writes.discard)
    task.add_done_callback(_look_at_the_end)
    return task


def _look_at_the_end(task: asyncio.Task[Any]) -> None:
    # A caller who left does not read the exception; asyncio would log it with its values.
    if not task.cancelled():
        task.exception()
