"""Many callers, one statement, one commit: here each batch holds one caller."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.database.engine import Database, Pool
from quart_assessment.database.failures import translated
from quart_assessment.database.transactions import shielded, twice_at_most

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")
Statement = Callable[[AsyncConnection, Sequence[Asked]], Awaitable[Sequence[Answered]]]


class GroupCommit(Generic[Asked, Answered]):
    """Runs one set statement for its callers; the statement is a transaction of its own.

    `statement` takes the batch and answers one result a caller, in the batch's order.
    """

    def __init__(self, database: Database, statement: Statement[Asked, Answered], pool: Pool) -> None:
        self._database = database
        self._statement = statement
        self._pool: Pool = pool

    async def submit(self, asked: Asked) -> Answered:
        """Have `asked` written and give its result, after the commit that holds it.

        Raises:
            Unavailable: the database is down, busy or full, or too many writes wait.
        """
        return await shielded(self._database, self._written([asked]))

    async def _written(self, batch: Sequence[Asked]) -> Answered:
        with translated():
            answers = await twice_at_most(lambda: self._once(batch))
        return answers[0]

    async def _once(self, batch: Sequence[Asked]) -> Sequence[Answered]:
        async with self._database.connection(self._pool, autocommit=True) as connection:
            return await self._statement(connection, batch)
