"""One run of a job: a handler in a task of its own, and what may break it off."""

from __future__ import annotations

import asyncio
import logging
from typing import Literal

from quart_assessment.jobs.facts import Handler, Job

log = logging.getLogger(__name__)

# A handler that is cancelled and does not end within this time is no longer waited for.
UNWILLING_SECONDS = 10.0

Broken = Literal["timeout", "lost", "stopped"]
"""Why a run was broken off: it took too long, its lease ran out, its worker stops."""


class Run:
    """A handler at work. It ends by itself, after `seconds`, or when its lease runs out by this worker's clock.

    A lease that is not renewed in time ends the run before another worker can begin one: this clock was read before
    the database counted.
    """

    def __init__(self, job: Job, handler: Handler, lease_end: float, seconds: float) -> None:
        self.job = job
        self.broken: Broken | None = None
        self.let_go = False
        self._loop = asyncio.get_running_loop()
        self._handling = asyncio.create_task(handler(job))
        self._lease_end = lease_end
        self._lapse = self._loop.call_at(lease_end, self.break_off, "lost")
        self._too_long = self._loop.call_later(seconds, self.break_off, "timeout")
        self._unwilling: asyncio.TimerHandle | None = None
        self._handling.add_done_callback(self._stop_timers)

    @property
    def held(self) -> bool:
        """Whether its lease has not run out, as far as this worker knows."""
        return not self.let_go and self._loop.time() < self._lease_end

    def renewed(self, lease_end: float) -> None:
        """Hear that the lease lasts until `lease_end`, by this loop's clock."""
        self._lease_end = lease_end
        self._lapse.cancel()
        if not self._handling.done():
            self._lapse = self._loop.call_at(lease_end, self.break_off, "lost")

    def break_off(self, why: Broken) -> None:
        """Cancel the handler; a lost lease is lost whatever else broke the run off."""
        if self.broken is None or why == "lost":
            self.broken = why
        if not self._handling.done():
            self._handling.cancel()
            if self._unwilling is None:
                self._unwilling = self._loop.call_later(UNWILLING_SECONDS, self._give_up)

    async def ended(self) -> BaseException | None:
        """Wait for the handler's end; gives what it raised, CancelledError among it, None if it returned."""
        await asyncio.wait({self._handling})
        if self._handling.cancelled():
            return asyncio.CancelledError()
        return self._handling.exception()

    def _give_up(self) -> None:
        # Its lease is left to run out: others may then take the job up, and this worker not.
        self.let_go = True
        log.error("a handler does not end though it is cancelled", extra={"kind": self.job.kind})

    def _stop_timers(self, _handling: object) -> None:
        for timer in (self._lapse, self._too_long, self._unwilling):
            if timer is not None:
                timer.cancel()
