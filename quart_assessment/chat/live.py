"""The replies this worker is making. Each is a task of its own, which no request's end can stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment import measures
from quart_assessment.chat import repository, risk
from quart_assessment.chat.asking import Asking, Outcome, Worker
from quart_assessment.chat.delta_writer import DeltaWriter
from quart_assessment.chat.facts import Ask, State, TurnKey
from quart_assessment.chat.finishing import settle_all_lost
from quart_assessment.chat.lines import Lines
from quart_assessment.chat.makings import repository as makings
from quart_assessment.chat.running import RunningReply
from quart_assessment.chat.spending.repository import settle
from quart_assessment.database.engine import Database
from quart_assessment.database.listen import Listener
from quart_assessment.database.schema import new_id
from quart_assessment.database.transactions import committed
from quart_assessment.problems import Problem, Unavailable
from quart_assessment.sessions import service as sessions
from quart_assessment.sessions import verbs
from quart_assessment.settings import Settings
from quart_assessment.studies.definition import ChatSettings

log = logging.getLogger(__name__)

_PAUSE_AFTER_FAILURE = 0.5
_LOOKS_A_LEASE = 3


class LiveTurns:
    """The replies being made by one worker, and the way to start one."""

    def __init__(self, settings: Settings, database: Database, lines: Lines, listener: Listener) -> None:
        self.worker_id = new_id()
        self.lease = settings.turn_lease_seconds
        self.database = database
        self.listener = listener
        self.lines = lines
        self._most = settings.turns_at_once
        self._running: dict[TurnKey, RunningReply] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._reserved = 0
        self._closing = False
        self._writer = DeltaWriter(database, self.worker_id, self.lease, self._running.values)
        self._worker = Worker(self.worker_id, self.lease, database, lines, self._writer)
        self._watchers: list[asyncio.Task[None]] = []

    def open(self) -> None:
        """Begin to take turns."""
        self.listener.start()
        self._writer.start()
        self._watchers = [asyncio.create_task(self._watch()), asyncio.create_task(self._settle_lost())]

    async def close(self, seconds: float) -> None:
        """Take no more turns; those running after `seconds` are interrupted, their text kept."""
        self._closing = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self.lease)
        await self._writer.close()
        for watcher in self._watchers:
            watcher.cancel()
        if self._watchers:
            await asyncio.wait(self._watchers)
        await self.listener.close()
        await self.lines.close()

    @contextmanager
    def room(self) -> Iterator[bool]:
        """Keep room for one more reply while the block runs; False where the worker has none."""
        free = not self._closing and len(self._running) + self._reserved < self._most
        self._reserved += free
        try:
            yield free
        finally:
            self._reserved -= free

    def takes(self, settings: ChatSettings) -> bool:
        """Whether there is a place before a study's model, or the study has a script for when there is none."""
        line = self.lines.find(settings.connection)
        return line is None or settings.fallback is not None or not line.queue.is_full

    def find(self, key: TurnKey) -> RunningReply | None:
        """Give the reply of a turn, if this worker makes it."""
        return self._running.get(key)

    def start(self, ask: Ask) -> None:
        """Begin to make the reply of a turn whose message is committed and which is this worker's.

        An earlier ask of it, whose lease ran out while this worker could not renew it, is given up.
        """
        earlier = self.find(ask.key)
        if earlier is not None:
            earlier.lose()
        reply = RunningReply(ask.key, ask.asks)
        self._running[ask.key] = reply
        task = asyncio.create_task(self._make(ask, reply))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self) -> None:
        # A turn of ours that another worker stopped is told by our own id; the next beat finds out which.
        with self.listener.subscribed(str(self.worker_id)) as stopped:
            while True:
                await stopped.wait()
                stopped.clear()
                self._writer.beat()

    async def _settle_lost(self) -> None:
        # Of any worker: whoever was lost has nobody else, and its reader may have left.
        while True:
            await asyncio.sleep(self.lease / _LOOKS_A_LEASE)
            try:
                await settle_all_lost(self.database)
            except Problem:
                continue
            except Exception:
                log.exception("turns of lost workers cannot be settled")

    async def _make(self, ask: Ask, reply: RunningReply) -> None:
        measures.turns_running.inc()
        asking = Asking(self._worker, ask, reply)
        task = asyncio.create_task(self._asked(asking))
        reply.when_lost(task.cancel)
        try:
            await asyncio.wait({task})
            if reply.lost:
                await self._record(asking)
            else:
                await self._end(asking, task.result())
        except asyncio.CancelledError:
            await _cancelled(task)
            await self._end(asking, Outcome("interrupted"))
            raise
        except Problem:
            # The database was away when the history was read, or an ask counted.
            await self._end(asking, Outcome("interrupted"))
        except Exception:
            log.exception("a reply broke off")
            await self._end(asking, Outcome("interrupted"))
        finally:
            await _cancelled(task)
            if self.find(ask.key) is reply:
                del self._running[ask.key]
            reply.end()
            self.listener.wake(ask.key.topic)
            measures.turns_running.dec()

    async def _asked(self, asking: Asking) -> Outcome:
        # Readers on other workers are told of new text only where they asked for it.
        with self.listener.subscribed(asking.ask.key.call) as asking.reply.wanted:
            return await asking.outcome()

    async def _end(self, asking: Asking, outcome: Outcome) -> None:
        """Commit what is left of the text, then the turn's end; given up if the lease runs out meanwhile."""
        reply = asking.reply
        try:
            async with asyncio.timeout(self.lease):
                self._writer.wake(at_once=True)
                await reply.flushed()
                while not reply.lost:
                    try:
                        await self._commit_end(asking, outcome)
                        return
                    except Unavailable:
                        await asyncio.sleep(_PAUSE_AFTER_FAILURE)
        except (TimeoutError, Problem):
            log.warning("a turn could not be ended")
        except Exception:
            # Its lease ends it: nothing that happens here may keep a reader waiting for this task.
            log.exception("a turn could not be ended")

    async def _record(self, asking: Asking) -> None:
        """Keep how a reply was made whose turn was ended elsewhere; nobody waits for it."""

        async def work(connection: AsyncConnection) -> None:
            await self._keep_making(connection, asking)

        with suppress(Problem):
            await committed(self.database, work)

    async def _commit_end(self, asking: Asking, outcome: Outcome) -> None:
        ask, reply, hit = asking.ask, asking.reply, outcome.risk
        if hit is not None:

            async def answer(connection: AsyncConnection) -> None:
                await risk.answer_running_turn(connection, asking.hold, ask.settings, hit)
                await self._settle(connection, asking)

            await committed(self.database, answer)
            return
        state = _state(outcome, reply)
        reason = "tag" if outcome.tagged else "turn_limit" if ask.is_last and state != "failed" else None
        if state == "interrupted" and not reply.has_text:
            reason = None

        async def work(connection: AsyncConnection) -> None:
            # Locked before its turn: the order in which every verb locks.
            session = None if reason is None else await sessions.lock_any(connection, ask.key.session_id)
            ended = await repository.update_ended(
                connection,
                asking.hold,
                state,
                outcome.failure,
                ended=reason is not None,
                cut_by=outcome.cut_by,
            )
            if ended and session is not None and reason is not None:
                await verbs.end_part(connection, session, "chat", reason)
            await self._keep_making(connection, asking)

        await committed(self.database, work)

    async def _keep_making(self, connection: AsyncConnection, asking: Asking) -> None:
        await makings.update_making(connection, asking.hold, asking.making.values())
        await self._settle(connection, asking)

    async def _settle(self, connection: AsyncConnection, asking: Asking) -> None:
        # The study's row is locked last: all its interviews wait for it.
        making = asking.making
        if making.spent is not None:
            day_at = making.spent.day_at
            await settle(connection, asking.hold, asking.ask.study_id, day_at, making.tokens)


def _state(outcome: Outcome, reply: RunningReply) -> State:
    if outcome.failure is None:
        return "complete"
    return "interrupted" if reply.has_text or outcome.failure == "interrupted" else "failed"


async def _cancelled(task: asyncio.Task[Outcome]) -> None:
    task.cancel()
    await asyncio.wait({task})
