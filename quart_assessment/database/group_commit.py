"""Many callers, one statement, one commit: whoever arrives while a batch is being written shares the next one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment import measures
from quart_assessment.database.engine import Database, Pool
from quart_assessment.database.failures import problem_for, translated, whole_batch_fails
from quart_assessment.database.transactions import tracked, twice_at_most
from quart_assessment.problems import Unavailable

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")
Statement = Callable[[AsyncConnection, Sequence[Asked]], Awaitable[Sequence[Answered | None]]]
Alone = Callable[[AsyncConnection, Asked], Awaitable[Answered]]

ROWS_A_BATCH = 256
GATHER_TURNS = 8
GATHER_SECONDS = 0.005


class _Call(Generic[Asked, Answered]):
    """One caller's part of a batch. A caller who has left cancelled `reply`, which stops no write."""

    __slots__ = ("asked", "reply", "since")

    def __init__(self, asked: Asked, loop: asyncio.AbstractEventLoop) -> None:
        self.asked = asked
        self.reply: asyncio.Future[Answered] = loop.create_future()
        self.since = loop.time()

    def answer(self, answered: Answered) -> None:
        if not self.reply.done():
            self.reply.set_result(answered)

    def fail(self, error: BaseException) -> None:
        if not self.reply.done():
            self.reply.set_exception(error)


class GroupCommit(Generic[Asked, Answered]):
    """Runs one set statement, a transaction of its own, for all callers that wait; one batch at a time.

    After a batch that several shared the loop turns a few times before the next: whoever was just answered may come
    again, and a larger batch costs each less than a smaller one sooner.

    `statement` takes the batch and answers one result a caller, in the batch's order; None where it cannot
    decide, because somebody holds a lock. `alone` then decides for that caller, beside the batches, and may
    wait. `weight` tells how many rows a caller brings. A batch that fails for what is in it is run again caller
    by caller, so that nobody fails for a neighbour; a passing fault of the database fails all of it.
    """

    def __init__(
        self,
        database: Database,
        statement: Statement[Asked, Answered],
        pool: Pool,
        *,
        alone: Alone[Asked, Answered] | None = None,
        weight: Callable[[Asked], int] = lambda _: 1,
    ) -> None:
        self._database = database
        self._statement = statement
        self._pool: Pool = pool
        self._alone = alone or self._as_batch_of_one
        self._weight = weight
        self._waiting: deque[_Call[Asked, Answered]] = deque()
        self._writing = False
        self._lone = 0
        self._room = asyncio.Semaphore(database.lone_connections(pool))
        self._callers = measures.batch_callers.labels(statement.__name__)

    async def submit(self, asked: Asked) -> Answered:
        """Have `asked` written and give its result, after the commit that holds it.

        It is written though the caller leaves meanwhile.

        Raises:
            Unavailable: the database is down, busy or full, or too many writes wait.
        """
        if len(self._waiting) + self._lone >= self._database.most_waiting:
            raise Unavailable
        call: _Call[Asked, Answered] = _Call(asked, asyncio.get_running_loop())
        self._waiting.append(call)
        if not self._writing:
            self._writing = True
            tracked(self._database, self._write_on())
        return await call.reply

    async def _write_on(self) -> None:
        try:
            while self._waiting:
                await self._write_batches()
        finally:
            self._writing = False
            self._refuse(self._taken_all())

    async def _write_batches(self) -> None:
        """Write batch after batch on one connection, until nobody waits or a batch fails."""
        batch: list[_Call[Asked, Answered]] = []
        try:
            async with self._database.connection(self._pool, isolation="AUTOCOMMIT") as connection:
                while batch := self._take():
                    await self._write(connection, batch)
                    if len(batch) > 1:
                        await _gather()
        except Exception as error:  # noqa: BLE001 - every caller is told, each in a request of its own
            if batch and not whole_batch_fails(error):
                for call in batch:
                    self._begin_alone(call)
                return
            # Without a connection everybody who waits has waited for nothing.
            problem_for(error)
            self._refuse(batch or self._taken_all())
        except BaseException:
            self._refuse(batch)
            raise

    async def _write(self, connection: AsyncConnection, batch: Sequence[_Call[Asked, Answered]]) -> None:
        asked = [call.asked for call in batch]
        answers = await twice_at_most(lambda: self._statement(connection, asked))
        self._callers.observe(len(batch))
        for call, answered in zip(batch, answers, strict=True):
            if answered is None:
                self._begin_alone(call)
            else:
                call.answer(answered)

    def _take(self) -> list[_Call[Asked, Answered]]:
        """Take the callers of the next batch, up to ROWS_A_BATCH rows; who waited for too long is refused."""
        batch: list[_Call[Asked, Answered]] = []
        too_long_ago = asyncio.get_running_loop().time() - self._database.patience
        rows = 0
        while self._waiting and rows < ROWS_A_BATCH:
            call = self._waiting.popleft()
            if call.since < too_long_ago:
                self._refuse([call])
                continue
            rows += self._weight(call.asked)
            batch.append(call)
        return batch

    def _taken_all(self) -> list[_Call[Asked, Answered]]:
        taken = list(self._waiting)
        self._waiting.clear()
        return taken

    def _refuse(self, calls: Iterable[_Call[Asked, Answered]]) -> None:
        for call in calls:
            call.fail(Unavailable())

    def _begin_alone(self, call: _Call[Asked, Answered]) -> None:
        self._lone += 1
        tracked(self._database, self._write_alone(call))

    async def _write_alone(self, call: _Call[Asked, Answered]) -> None:
        """Write one caller's part in a transaction that waits for locks as long as others do."""
        try:
            with translated():
                async with asyncio.timeout(self._database.patience):
                    await self._room.acquire()
                try:
                    call.answer(await twice_at_most(lambda: self._once_alone(call.asked)))
                finally:
                    self._room.release()
        except Exception as error:  # noqa: BLE001 - it is raised where the caller waits
            call.fail(error)
        except BaseException:
            self._refuse([call])
            raise
        finally:
            self._lone -= 1

    async def _once_alone(self, asked: Asked) -> Answered:
        async with self._database.connection(self._pool) as connection, connection.begin():
            await self._database.wait_for_locks(connection)
            return await self._alone(connection, asked)

    async def _as_batch_of_one(self, connection: AsyncConnection, asked: Asked) -> Answered:
        [answered] = await self._statement(connection, [asked])
        if answered is None:
            raise Unavailable
        return answered


async def _gather() -> None:
    """Let the loop turn GATHER_TURNS times, or until GATHER_SECONDS have passed."""
    loop = asyncio.get_running_loop()
    until = loop.time() + GATHER_SECONDS
    for _ in range(GATHER_TURNS):
        if loop.time() >= until:
            return
        await asyncio.sleep(0)
