"""The queue before a connection: so many replies are made over it at once by a worker, the others wait their turn.

Studies take turns; within a study, who began to wait first is first. A session waits with one reply at most, so that
none can push another back. A place belongs to the reply, not to those who read it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import zip_longest
from uuid import UUID

from quart_assessment import measures
from quart_assessment.chat.connections import ModelConnection
from quart_assessment.chat.providers import ModelTimedOut, ModelUnavailable

# Those who wait hear of their new places no more often.
TELL_SECONDS = 1.0

Hear = Callable[[int | None], None]


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    admitted: asyncio.Future[None]
    hear: Hear


class FairQueue:
    """Who is asking over a connection, and who waits for that."""

    def __init__(self, connection: ModelConnection) -> None:
        self._limits = connection.limits
        self._name = connection.name
        self._asking = 0
        # In the order in which the studies' turns come.
        self._studies: dict[UUID, deque[_Waiting]] = {}
        self._length = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_full(self) -> bool:
        """Whether whoever comes now could not even wait."""
        return self._asking >= self._limits.at_once and self._length >= self._limits.waiting

    @asynccontextmanager
    async def turn(self, study_id: UUID, hear: Hear) -> AsyncIterator[None]:
        """Wait for a turn, and have it while the block runs.

        `hear` is told of the place in the queue, 1 being the next, when that changes; and None once it is over.

        Raises:
            ModelUnavailable: as many as may wait do.
            ModelTimedOut: the wait was longer than it may be.
        """
        if self._asking < self._limits.at_once:
            self._asking += 1
        else:
            await self._wait(study_id, hear)
        try:
            yield
        finally:
            self._leave()

    async def _wait(self, study_id: UUID, hear: Hear) -> None:
        if self.is_full:
            raise ModelUnavailable
        one = _Waiting(asyncio.get_running_loop().create_future(), hear)
        self._studies.setdefault(study_id, deque()).append(one)
        self._count(1)
        try:
            hear(next(place for place, other in enumerate(self._in_order(), 1) if other is one))
            with measures.model_waits.time():
                async with asyncio.timeout(self._limits.waiting_seconds):
                    await one.admitted
        except BaseException as failure:
            self._give_up(study_id, one)
            if isinstance(failure, TimeoutError):
                raise ModelTimedOut from None
            raise
        finally:
            hear(None)

    def _give_up(self, study_id: UUID, one: _Waiting) -> None:
        if one.admitted.done() and not one.admitted.cancelled():
            # Its turn came in the very moment in which it gave up.
            self._leave()
            return
        if one in self._studies.get(study_id, ()):
            self._take(study_id, one)

    def _leave(self) -> None:
        # The turn passes on: nobody who comes meanwhile can take it.
        while self._studies:
            study_id, waiting = next(iter(self._studies.items()))
            one = waiting[0]
            self._take(study_id, one)
            if waiting:
                self._studies[study_id] = self._studies.pop(study_id)
            if not one.admitted.done():
                one.admitted.set_result(None)
                return
        self._asking -= 1

    def _take(self, study_id: UUID, one: _Waiting) -> None:
        waiting = self._studies[study_id]
        waiting.remove(one)
        if not waiting:
            del self._studies[study_id]
        self._count(-1)

    def _count(self, change: int) -> None:
        self._length += change
        measures.model_waiting.labels(self._name).inc(change)
        if self._timer is None and self._length:
            self._timer = asyncio.get_running_loop().call_later(TELL_SECONDS, self._tell)

    def _tell(self) -> None:
        self._timer = None
        for place, one in enumerate(self._in_order(), 1):
            one.hear(place)

    def _in_order(self) -> Iterator[_Waiting]:
        for one_of_each in zip_longest(*self._studies.values()):
            yield from (one for one in one_of_each if one is not None)
