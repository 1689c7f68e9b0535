"""The text of all running replies, written by one statement after another: each batch is what came meanwhile.

Nothing is shown that is not committed: a piece of text is taken from its reply, written, and only then given
to the reply's readers. The same statement renews the leases, those of silent replies too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.chat import repository
from quart_assessment.chat.facts import TurnKey
from quart_assessment.database.engine import Database
from quart_assessment.database.group_commit import GroupCommit
from quart_assessment.problems import Unavailable

log = logging.getLogger(__name__)

_BEATS_A_LEASE = 3
_PAUSE_AFTER_FAILURE = 0.5

_Row = tuple[TurnKey, str, int]


class Writable(Protocol):
    """A running reply as its writer sees it."""

    key: TurnKey
    lost: bool

    def piece(self) -> tuple[str, int]:
        """Give the text to write, the same again until `committed`, and the reply's length up to its end."""
        ...

    def committed(self) -> None:
        """Hear that the piece is committed."""
        ...

    def lose(self) -> None:
        """Hear that the reply is no longer this worker's."""
        ...


class DeltaWriter:
    """Writes what `running()` has to write, as soon as the last batch returned; beats renew silent leases."""

    def __init__(
        self,
        database: Database,
        worker_id: UUID,
        lease: float,
        running: Callable[[], Collection[Writable]],
    ) -> None:
        self._worker_id = worker_id
        self._lease = lease
        self._running = running
        self._commits: GroupCommit[Sequence[_Row], set[TurnKey]] = GroupCommit(
            database, self._insert, "general"
        )
        self._wanted = asyncio.Event()
        self._next_beat = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._write_on())

    def wake(self) -> None:
        """Say that there is text to write."""
        self._wanted.set()

    def beat(self) -> None:
        """Renew all leases now; a turn that was stopped elsewhere is found out by that."""
        self._next_beat = 0.0
        self._wanted.set()

    async def close(self) -> None:
        """Stop writing; a batch under way is finished by its own task."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _write_on(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._next_beat):
                    await self._wanted.wait()
            self._wanted.clear()
            due = loop.time() >= self._next_beat
            if due:
                self._next_beat = loop.time() + self._lease / _BEATS_A_LEASE
            batch = [turn for turn in self._running() if not turn.lost and (due or turn.piece()[0])]
            if batch and not await self.save_message(batch):
                self._wanted.set()
                await asyncio.sleep(_PAUSE_AFTER_FAILURE)

    async def save_message(self, batch: Sequence[Writable]) -> bool:
        """Write what running replies have to write, and renew their leases.

        False where the database could not be asked, and it is not known what was kept.
        """
        try:
            held = await self._commits.submit([(turn.key, *turn.piece()) for turn in batch])
        except Unavailable:
            return False
        except Exception:
            log.exception("a batch of replies cannot be written")
            held = set()
        for turn in batch:
            if turn.key in held:
                turn.committed()
            else:
                turn.lose()
        return True

    async def _insert(
        self, connection: AsyncConnection, batches: Sequence[Sequence[_Row]]
    ) -> Sequence[set[TurnKey]]:
        return [
            await repository.insert_deltas(connection, rows, self._worker_id, self._lease) for rows in batches
        ]
