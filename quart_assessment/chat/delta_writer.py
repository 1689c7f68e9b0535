"""The text of all running replies, written by one statement after another: each batch is what came meanwhile.

Nothing is shown that is not committed: a piece of text is taken from its reply, written, and only then given
to the reply's readers. Every third of a lease the same statement renews the leases, those of silent replies too.
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

# Batches begin no sooner after each other, but for the first and the last words of a reply: many slow streams
# would have a commit each.
APART_SECONDS = 0.03

_Row = tuple[TurnKey, str, int, bool, int]
# Rows, and whether their leases are renewed.
_Batch = tuple[Sequence[_Row], bool]


class Writable(Protocol):
    """A running reply as its writer sees it."""

    key: TurnKey
    asks: int
    lost: bool

    @property
    def read_elsewhere(self) -> bool:
        """Whether other workers are to be told of its text."""
        ...

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
    """Writes what `running()` has to write, in batches APART_SECONDS apart; beats renew silent leases."""

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
        self._commits: GroupCommit[_Batch, dict[int, bool]] = GroupCommit(database, self._insert, "deltas")
        self._wanted = asyncio.Event()
        self._at_once = asyncio.Event()
        self._next_beat = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._write_on())

    def wake(self, *, at_once: bool = False) -> None:
        """Say that there is text to write; `at_once` if it should not wait for company."""
        self._wanted.set()
        if at_once:
            self._at_once.set()

    def beat(self) -> None:
        """Renew all leases now; a turn that was stopped elsewhere is found out by that."""
        self._next_beat = 0.0
        self.wake(at_once=True)

    async def close(self) -> None:
        """Stop writing; a batch under way is finished by its own task."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _write_on(self) -> None:
        loop = asyncio.get_running_loop()
        began = 0.0
        while True:
            await _set_by(self._at_once, began + APART_SECONDS)
            await _set_by(self._wanted, self._next_beat)
            self._wanted.clear()
            self._at_once.clear()
            began = loop.time()
            due = began >= self._next_beat
            batch = [turn for turn in self._running() if not turn.lost and (due or turn.piece()[0])]
            if due:
                self._next_beat = began + self._lease / _BEATS_A_LEASE
            if batch and not await self.save_message(batch, renew=due):
                self._wanted.set()
                if due:
                    self._next_beat = began
                await asyncio.sleep(_PAUSE_AFTER_FAILURE)

    async def save_message(self, batch: Sequence[Writable], *, renew: bool) -> bool:
        """Write what running replies have to write, and renew their leases where it is time.

        A turn that somebody holds locked is tried again with the next batch, and holds up nobody. False where the
        database could not be asked, and it is not known what was kept.
        """
        rows = [(turn.key, *turn.piece(), turn.read_elsewhere, turn.asks) for turn in batch]
        held: dict[int, bool] = {}
        try:
            held = await self._commits.submit((rows, renew))
        except Unavailable:
            return False
        except Exception:
            log.exception("a batch of replies cannot be written")
        for place, turn in enumerate(batch):
            if place not in held:
                turn.lose()
            elif held[place]:
                turn.committed()
        if not all(held.values()):
            self._wanted.set()
            if renew:
                self._next_beat = asyncio.get_running_loop().time() + _PAUSE_AFTER_FAILURE
        return True

    async def _insert(
        self, connection: AsyncConnection, batches: Sequence[_Batch]
    ) -> Sequence[dict[int, bool]]:
        return [
            await repository.insert_deltas(connection, rows, self._worker_id, self._lease, renew=renew)
            for rows, renew in batches
        ]


async def _set_by(event: asyncio.Event, deadline: float) -> None:
    """Wait until `event` is set, or `deadline`, a time of the loop, has come."""
    if not event.is_set() and deadline > asyncio.get_running_loop().time():
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                await event.wait()
