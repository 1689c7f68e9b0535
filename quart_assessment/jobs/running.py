"""The worker: claims due jobs, a few at once, has them done, and says what became of them.

It is woken by NOTIFY and looks by itself from time to time. It holds no connection and no transaction while a job
runs. What it leaves when it is killed is taken up by another once the leases have run out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.database.engine import Database
from quart_assessment.database.listen import Listener
from quart_assessment.database.schema import new_id
from quart_assessment.database.transactions import committed
from quart_assessment.jobs import repository
from quart_assessment.jobs.facts import FailedAs, Handlers, Job, error_name
from quart_assessment.jobs.repository import Hold
from quart_assessment.jobs.run import Run
from quart_assessment.problems import Unavailable
from quart_assessment.settings import Settings

log = logging.getLogger(__name__)

_RENEWALS_A_LEASE = 3
_PAUSE_AFTER_FAILURE = 0.5
# Of GRACEFUL_TIMEOUT, what jobs under way are given before they are broken off and given back.
_SHARE_OF_THE_END = 2 / 3
_CLEAR_SECONDS = 600.0
_CLEARED_AT_ONCE = 5000
_TOPIC = ""

Result = TypeVar("Result")
Conclusion = Callable[[AsyncConnection], Awaitable[bool]]


class Worker:
    """Does jobs of the kinds that `handlers` name, until it is told to stop; `beat` is called at each look."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        handlers: Handlers,
        listener: Listener,
        beat: Callable[[], Awaitable[None]],
    ) -> None:
        self.id = new_id()
        self._settings = settings
        self._database = database
        self._handlers = handlers
        self._listener = listener
        self._beat = beat
        self._runs: dict[UUID, Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._away = False

    def stop(self) -> None:
        """Begin no further job, and end."""
        self._stopping = True
        self._look()

    async def work(self) -> int:
        """Do jobs until `stop`; then wait for those under way, and give back what does not end in time.

        Gives how many jobs are left to their leases, since their handlers do not end though they are cancelled.

        Raises:
            ExceptionGroup: a bug, or a database without the tables; jobs under way are left to their leases.
        """
        self._listener.start()
        try:
            async with asyncio.TaskGroup() as tasks:
                beside = [tasks.create_task(self._renew_on()), tasks.create_task(self._clear_on())]
                with self._listener.subscribed(_TOPIC) as woken:
                    while not self._stopping:
                        woken.clear()
                        await self._beat()
                        await _wait(woken, await self._take(tasks))
                    left = await self._end(woken)
                for task in beside:
                    task.cancel()
        finally:
            await self._listener.close()
        return left

    async def _take(self, tasks: asyncio.TaskGroup) -> float:
        """Claim as many due jobs as there is room for, and begin them; gives the seconds until the next look."""
        settings, room = self._settings, self._settings.jobs_at_once - len(self._runs)
        if room <= 0:
            return settings.job_poll_seconds
        begun = asyncio.get_running_loop().time()
        jobs = await self._kept(lambda connection: self._claim(connection, room))
        if jobs is None:
            return min(_PAUSE_AFTER_FAILURE, settings.job_poll_seconds)
        for job in jobs:
            handler = self._handlers[job.kind]
            run = Run(job, handler, begun + settings.job_lease_seconds, settings.job_timeout_seconds)
            self._runs[job.id] = run
            task = tasks.create_task(self._see_through(run))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return settings.job_poll_seconds

    async def _claim(self, connection: AsyncConnection, room: int) -> list[Job]:
        return await repository.update_claimed(
            connection,
            self.id,
            list(self._handlers),
            most=room,
            lease=self._settings.job_lease_seconds,
            most_attempts=self._settings.job_attempts,
            running=list(self._runs),
        )

    async def _see_through(self, run: Run) -> None:
        try:
            error = await run.ended()
            if run.broken != "lost":
                await self._note(run, self._conclusion(run, error))
        finally:
            del self._runs[run.job.id]
            self._look()

    def _conclusion(self, run: Run, error: BaseException | None) -> Conclusion:
        """Give what is to be said of a run in the database."""
        hold, settings = Hold(self.id, run.job), self._settings
        if error is None:
            return lambda connection: repository.update_done(connection, hold)
        if isinstance(error, asyncio.CancelledError) and run.broken == "stopped":
            return lambda connection: repository.update_returned(connection, hold)
        too_long = isinstance(error, asyncio.CancelledError) and run.broken == "timeout"
        name = "timeout" if too_long else error_name(error)
        outcome: FailedAs = "timeout" if too_long else "error"
        log.warning(
            "a job failed",
            extra={"kind": run.job.kind, "attempt": run.job.attempt, "failure": name},
            exc_info=None if too_long else error,
        )
        return lambda connection: repository.update_failed(
            connection,
            hold,
            outcome,
            name,
            most_attempts=settings.job_attempts,
            first_pause=settings.job_backoff_seconds,
            longest_pause=settings.job_longest_backoff_seconds,
        )

    async def _note(self, run: Run, conclusion: Conclusion) -> None:
        """Commit the end of a run, again and again while the database is away and the lease lasts."""
        while run.held:
            held = await self._kept(conclusion)
            if held is not None:
                if not held:
                    log.warning(
                        "a job was no longer this worker's when it ended", extra={"kind": run.job.kind}
                    )
                return
            await asyncio.sleep(_PAUSE_AFTER_FAILURE)
        log.warning("the end of a job could not be kept: it will run again", extra={"kind": run.job.kind})

    async def _renew_on(self) -> None:
        lease = self._settings.job_lease_seconds
        pause = lease / _RENEWALS_A_LEASE
        while True:
            await asyncio.sleep(min(pause, _PAUSE_AFTER_FAILURE) if self._away else pause)
            runs = {id_: run for id_, run in self._runs.items() if run.held}
            if runs:
                await self._renew(runs, lease)

    async def _renew(self, runs: dict[UUID, Run], lease: float) -> None:
        begun = asyncio.get_running_loop().time()
        renewed = await self._kept(
            lambda connection: repository.update_leases(connection, self.id, list(runs), lease)
        )
        if renewed is None:
            return
        for id_, run in runs.items():
            if id_ not in renewed:
                run.break_off("lost")
            elif renewed[id_]:
                run.renewed(begun + lease)

    async def _clear_on(self) -> None:
        days = self._settings.job_keep_days
        while True:
            await self._kept(lambda connection: repository.delete_done(connection, days, _CLEARED_AT_ONCE))
            await asyncio.sleep(_CLEAR_SECONDS)

    async def _end(self, woken: asyncio.Event) -> int:
        """Wait for the jobs under way, break off those that take too long, leave the rest; gives how many."""
        log.info("the worker stops", extra={"jobs": len(self._runs)})
        grace = self._settings.graceful_timeout
        await self._emptied(woken, grace * _SHARE_OF_THE_END)
        for run in self._runs.values():
            run.break_off("stopped")
        await self._emptied(woken, grace * (1 - _SHARE_OF_THE_END))
        for task in self._tasks:
            task.cancel()
        return len(self._runs)

    async def _emptied(self, woken: asyncio.Event, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._runs:
                    woken.clear()
                    await woken.wait()

    async def _kept(self, work: Callable[[AsyncConnection], Awaitable[Result]]) -> Result | None:
        """Commit `work`; None where the database is away or busy, which is logged once."""
        try:
            result = await committed(self._database, work)
        except Unavailable as problem:
            if not self._away:
                log.warning(
                    "the database is away or busy", extra={"kind": error_name(problem.__cause__ or problem)}
                )
            self._away = True
            return None
        if self._away:
            log.info("the database is back")
        self._away = False
        return result

    def _look(self) -> None:
        self._listener.wake(_TOPIC)


async def _wait(woken: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(woken.wait(), seconds)
