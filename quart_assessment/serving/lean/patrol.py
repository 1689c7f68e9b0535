"""Who looks for clients that left, without a task for every request."""

from __future__ import annotations

import asyncio

from hypercorn.typing import ASGIReceiveCallable

ROUND_SECONDS = 0.05


class Visit:
    """One request in hand. Its task is cancelled when its client leaves."""

    __slots__ = ("_left", "_patrol", "_receive", "_task", "_watcher", "seen")

    def __init__(self, patrol: Patrol, task: asyncio.Task[None], receive: ASGIReceiveCallable) -> None:
        self._patrol = patrol
        self._task: asyncio.Task[None] | None = task
        self._receive: ASGIReceiveCallable | None = receive
        self._watcher: asyncio.Task[None] | None = None
        self._left = False
        self.seen = False

    def watch(self) -> None:
        """Begin to look whether the client leaves."""
        self._watcher = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        receive, task = self._receive, self._task
        while receive is not None and (await receive())["type"] != "http.disconnect":
            pass
        if task is not None and self._task is task:
            self._left = True
            task.cancel()

    def client_left(self) -> bool:
        """Tell whether it was this visit that cancelled its task, and take the cancellation back."""
        if self._left and self._task is not None:
            # Somebody else's cancellation that came as well goes on.
            return self._task.uncancel() == 0
        return False

    def end(self) -> None:
        """The request was served."""
        self._patrol.forget(self)
        self._task = self._receive = None
        if self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None


class Patrol:
    """Goes around while requests are in hand: one that it meets a second time gets a task that waits for its end.

    Most requests are served before that. A client that leaves is noticed within two rounds.
    """

    def __init__(self) -> None:
        self._in_hand: set[Visit] = set()
        self._round: asyncio.TimerHandle | None = None

    def begin(self, receive: ASGIReceiveCallable) -> Visit:
        """Take the request of the running task in hand."""
        task = asyncio.current_task()
        assert task is not None
        visit = Visit(self, task, receive)
        self._in_hand.add(visit)
        if self._round is None:
            self._round = asyncio.get_running_loop().call_later(ROUND_SECONDS, self._go_around)
        return visit

    def forget(self, visit: Visit) -> None:
        """Let go of a request that was served or is watched."""
        self._in_hand.discard(visit)

    def _go_around(self) -> None:
        for visit in [one for one in self._in_hand if one.seen]:
            self._in_hand.discard(visit)
            visit.watch()
        for visit in self._in_hand:
            visit.seen = True
        self._round = (
            asyncio.get_running_loop().call_later(ROUND_SECONDS, self._go_around) if self._in_hand else None
        )
