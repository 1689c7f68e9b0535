"""Real worker processes on a real database, with jobs that leave marks of what they did."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.database.engine import Database as Pools
from quart_assessment.database.transactions import committed
from quart_assessment.jobs import service as jobs
from tests.ground.postgres import Database
from tests.ground.study import settings_of
from tests.ground.worker import Work, WorkerProcess, working
from tests.jobs.trial_worker import TABLES

SECONDS = 20.0
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Workbench:
    """A database with jobs, and what a test sees of it."""

    database: Database
    pools: Pools

    async def ask(self, kind: str, *key: UUID, **options: Any) -> UUID:
        """Ask for a job in a transaction of its own; gives the first of its key's ids."""
        key = key or (uuid4(),)

        async def work(connection: AsyncConnection) -> None:
            await jobs.ask(connection, kind, *key, **options)

        await committed(self.pools, work)
        return key[0]

    async def rows(self, statement: str, *values: object, owner: bool = False) -> list[dict[str, Any]]:
        """Run a statement as the application's role, or the tables' owner, and give its rows."""
        connection: asyncpg.Connection = await self.database.connect(owner=owner)
        try:
            return [dict(row) for row in await connection.fetch(statement, *values)]
        finally:
            await connection.close()

    async def job(self, key: UUID) -> dict[str, Any]:
        """Give the one job about `key`."""
        [row] = await self.rows("SELECT * FROM jobs WHERE $1 = ANY(key)", key)
        return row

    async def marks(self, key: UUID) -> list[str]:
        """Give what its runs marked, in order."""
        rows = await self.rows("SELECT mark FROM trial_marks WHERE key = $1 ORDER BY at", key)
        return [row["mark"] for row in rows]

    async def runs(self, kind: str) -> dict[str, int]:
        """Give the counted ends of a kind's runs."""
        rows = await self.rows("SELECT outcome, runs FROM job_runs WHERE kind = $1", kind)
        return {row["outcome"]: row["runs"] for row in rows}

    async def open_gate(self, key: UUID) -> None:
        """Let a `trial_gate` or `trial_deaf` end."""
        await self.rows("INSERT INTO trial_gates VALUES ($1)", key)

    async def until_state(self, key: UUID, state: str, seconds: float = SECONDS) -> dict[str, Any]:
        """Wait until the job about `key` is in a state, and give it."""

        async def there() -> dict[str, Any] | None:
            row = await self.job(key)
            return row if row["state"] == state else None

        return await until(there, f"{state}", seconds)

    async def until_marked(self, key: UUID, marks: Sequence[str], seconds: float = SECONDS) -> None:
        """Wait until its runs have marked exactly this."""

        async def there() -> bool | None:
            return await self.marks(key) == list(marks) or None

        await until(there, f"{marks}", seconds)


async def until(found: Callable[[], Awaitable[Found | None]], what: str, seconds: float = SECONDS) -> Found:
    """Poll until something is found, and give it; fails the test with `what` when it is not in time."""
    end = time.monotonic() + seconds
    while (result := await found()) is None:
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.02)
    return result


async def said(worker: WorkerProcess, words: str, times: int = 1) -> bool | None:
    """Tell whether a worker logged something, so that `until` can wait for it."""
    return worker.printed().count(words) >= times or None


async def prepared(database: Database) -> None:
    """Add the tables that the trial kinds mark."""
    connection = await database.connect(owner=True)
    await connection.execute(TABLES)
    await connection.close()


@pytest.fixture
async def bench(database: Database) -> AsyncIterator[Workbench]:
    """The jobs of a database of this test alone."""
    await prepared(database)
    pools = Pools(settings_of(database))
    yield Workbench(database, pools)
    await pools.dispose()


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    """Start workers that do the trial kinds, unless another `module` is named."""
    for start in working(tmp_path):
        yield partial(start, module="tests.jobs.trial_worker")
