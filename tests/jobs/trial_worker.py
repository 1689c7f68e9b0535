"""A program: `quart-assessment` whose worker does the trial kinds of the tests, which leave rows of what they did.

Each begin and end of a run is a row of `trial_marks`, committed at once. The kinds: `trial_note` does nothing more,
`trial_gate` waits until its key stands in `trial_gates`, `trial_fail` raises with words that nobody may read,
`trial_alone` holds a row that no other run of its key can hold beside it, `trial_deaf` swallows its cancellation.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment import work
from quart_assessment.cli.main import main
from quart_assessment.database.engine import Database
from quart_assessment.database.transactions import committed
from quart_assessment.jobs.facts import Handlers, Job, registered
from quart_assessment.settings import Settings

TABLES = """
    CREATE TABLE trial_marks (
        at timestamptz NOT NULL DEFAULT clock_timestamp(), key uuid NOT NULL, mark text NOT NULL,
        job_id uuid NOT NULL, asks integer NOT NULL, attempt integer NOT NULL);
    CREATE TABLE trial_gates (key uuid PRIMARY KEY);
    CREATE TABLE trial_alone (key uuid PRIMARY KEY);
    GRANT SELECT, INSERT, DELETE ON trial_marks, trial_gates, trial_alone TO PUBLIC;
"""
WORDS = "canary of a participant"


class WordyError(Exception):
    """What a handler may raise: its text quotes somebody."""


class Trials:
    """The handlers of the trial kinds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def _tell(self, statement: str, **values: object) -> int:
        async def told(connection: AsyncConnection) -> int:
            return (await connection.execute(sa.text(statement), values)).rowcount

        return await committed(self._database, told)

    async def _mark(self, job: Job, mark: str) -> None:
        await self._tell(
            "INSERT INTO trial_marks (key, mark, job_id, asks, attempt)"
            " VALUES (:key, :mark, :job_id, :asks, :attempt)",
            key=job.key[0],
            mark=mark,
            job_id=job.id,
            asks=job.asks,
            attempt=job.attempt,
        )

    @asynccontextmanager
    async def _marked(self, job: Job) -> AsyncIterator[None]:
        await self._mark(job, "begun")
        try:
            yield
        except asyncio.CancelledError:
            await self._mark(job, "cancelled")
            raise
        await self._mark(job, "ended")

    async def note(self, job: Job) -> None:
        async with self._marked(job):
            pass

    async def gate(self, job: Job) -> None:
        async with self._marked(job):
            while await self._closed(job):
                await asyncio.sleep(0.02)

    async def _closed(self, job: Job) -> bool:
        async with self._database.reading() as connection:
            found = await connection.execute(
                sa.text("SELECT key FROM trial_gates WHERE key = :key"), {"key": job.key[0]}
            )
            return found.first() is None

    async def fail(self, job: Job) -> None:
        await self._mark(job, "begun")
        raise WordyError(WORDS)

    async def alone(self, job: Job) -> None:
        async with self._marked(job):
            await self._tell("INSERT INTO trial_alone (key) VALUES (:key)", key=job.key[0])
            await asyncio.sleep(0.01)
            await self._tell("DELETE FROM trial_alone WHERE key = :key", key=job.key[0])

    async def deaf(self, job: Job) -> None:
        await self._mark(job, "begun")
        while await self._closed(job):
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                await self._mark(job, "cancelled")
        await self._mark(job, "ended")


def handlers_of(settings: Settings, database: Database) -> Handlers:
    trials = Trials(database)
    kinds: dict[str, Callable[[Job], Coroutine[Any, Any, None]]] = {
        "trial_note": trials.note,
        "trial_gate": trials.gate,
        "trial_fail": trials.fail,
        "trial_alone": trials.alone,
        "trial_deaf": trials.deaf,
    }
    return registered(kinds)


if __name__ == "__main__":
    work.handlers_of = handlers_of
    main()
