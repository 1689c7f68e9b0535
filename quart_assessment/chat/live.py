"""The replies this worker is making. Each is a task of its own, which no request's end can stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment import measures
from quart_assessment.chat import repository, risk
from quart_assessment.chat.delta_writer import DeltaWriter
from quart_assessment.chat.ending import ReplyText
from quart_assessment.chat.facts import MOST_ASKS, State, TurnKey
from quart_assessment.chat.prompt import PromptTooLong, build_messages
from quart_assessment.chat.providers import (
    Message,
    ModelFailure,
    ModelRefused,
    ModelTimedOut,
    ModelUnavailable,
    Provider,
)
from quart_assessment.chat.running import RunningReply
from quart_assessment.chat.second_check import look_again
from quart_assessment.database.engine import Database
from quart_assessment.database.listen import Listener
from quart_assessment.database.schema import new_id
from quart_assessment.database.transactions import committed
from quart_assessment.problems import Problem, Unavailable
from quart_assessment.safety.replies import ReplyCheck
from quart_assessment.safety.rules import Hit
from quart_assessment.sessions import service as sessions
from quart_assessment.sessions import verbs
from quart_assessment.settings import Settings
from quart_assessment.studies.definition import ChatSettings

log = logging.getLogger(__name__)

MOST_HISTORY = 400
_PAUSE_BEFORE_RETRY = 0.5


@dataclass(frozen=True, slots=True)
class Ask:
    """All a reply is made from, but for the history, which is read from the stored turns.

    `number` counts the participant's messages with a reply, this one included; 0 is the greeting. `asked` is the end
    of the reply before it.
    """

    key: TurnKey
    assessment_id: UUID
    turn_number: int
    message: str | None
    number: int
    asks: int
    settings: ChatSettings
    language: str
    asked: str | None

    @property
    def may_end(self) -> bool:
        """Whether the model's tag ends the interview at this turn."""
        return self.turn_number > 0 and self.number >= self.settings.min_turns

    @property
    def is_last(self) -> bool:
        """Whether a reply to this message is the last one the study allows."""
        return self.turn_number > 0 and self.number >= self.settings.max_turns


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How an ask ended: the code of its failure, or None; `tagged`: the model ended the interview.

    `cut_by` names the rule that the reply was cut for; `risk` is what a second look at the message saw, for which
    the model was not asked for a reply.
    """

    failure: str | None
    tagged: bool = False
    cut_by: str | None = None
    risk: Hit | None = None


class LiveTurns:
    """The replies being made by one worker, and the way to start one."""

    def __init__(
        self, settings: Settings, database: Database, provider: Provider, listener: Listener
    ) -> None:
        self.worker_id = new_id()
        self.model = settings.llm_model
        self.lease = settings.turn_lease_seconds
        self.database = database
        self.listener = listener
        self._settings = settings
        self.provider = provider
        self._running: dict[TurnKey, RunningReply] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._reserved = 0
        self._closing = False
        self._writer = DeltaWriter(database, self.worker_id, self.lease, self._running.values)
        self._watcher: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to take turns."""
        self.listener.start()
        self._writer.start()
        self._watcher = asyncio.create_task(self._watch())

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
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.wait({self._watcher})
        await self.listener.close()
        await self.provider.close()

    @contextmanager
    def room(self) -> Iterator[bool]:
        """Keep room for one more reply while the block runs; False where the worker has none."""
        free = not self._closing and len(self._running) + self._reserved < self._settings.turns_at_once
        self._reserved += free
        try:
            yield free
        finally:
            self._reserved -= free

    def find(self, key: TurnKey) -> RunningReply | None:
        """Give the reply of a turn, if this worker makes it."""
        return self._running.get(key)

    def start(self, ask: Ask) -> None:
        """Begin to make the reply of a turn whose message is committed and which is this worker's."""
        reply = RunningReply(ask.key)
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

    async def _make(self, ask: Ask, reply: RunningReply) -> None:
        measures.turns_running.inc()
        asking = asyncio.create_task(self._asked(ask, reply))
        reply.when_lost(asking.cancel)
        try:
            await asyncio.wait({asking})
            if not reply.lost:
                await self._end(ask, reply, asking.result())
        except asyncio.CancelledError:
            await _cancelled(asking)
            await self._end(ask, reply, _Outcome("interrupted"))
            raise
        except Problem:
            # The database was away when the history was read, or an ask counted.
            await self._end(ask, reply, _Outcome("interrupted"))
        except Exception:
            log.exception("a reply broke off")
            await self._end(ask, reply, _Outcome("interrupted"))
        finally:
            await _cancelled(asking)
            self._running.pop(ask.key, None)
            reply.end()
            self.listener.wake(ask.key.topic)
            measures.turns_running.dec()

    async def _asked(self, ask: Ask, reply: RunningReply) -> _Outcome:
        # Readers on other workers are told of new text only where they asked for it.
        with self.listener.subscribed(ask.key.call) as reply.wanted:
            return await self._ask(ask, reply)

    async def _ask(self, ask: Ask, reply: RunningReply) -> _Outcome:
        """Ask the model, and once more if it gave nothing; time-outs and refusals are not asked again."""
        hit = await self._second_hit(ask)
        if hit is not None:
            return _Outcome(None, risk=hit)
        until = asyncio.get_running_loop().time() + self._settings.llm_turn_timeout
        try:
            messages = await self._messages(ask)
        except PromptTooLong:
            return _Outcome("too_long")
        try:
            return await self._read_reply(ask, reply, messages, until)
        except ModelFailure as failure:
            if reply.has_text or not isinstance(failure, ModelUnavailable) or ask.asks >= MOST_ASKS:
                return _failed(failure, reply)
        await asyncio.sleep(_PAUSE_BEFORE_RETRY)
        if not await self._count_ask(ask.key):
            reply.lose()
            return _Outcome("interrupted")
        try:
            return await self._read_reply(ask, reply, messages, until)
        except ModelFailure as failure:
            return _failed(failure, reply)

    async def _second_hit(self, ask: Ask) -> Hit | None:
        if ask.message is None or not ask.settings.second_check:
            return None

        def asks(messages: Sequence[Message], until: float) -> AsyncGenerator[str, None]:
            return self.provider.reply(messages, temperature=0, until=until)

        return await look_again(asks, ask.message, ask.asked)

    async def _messages(self, ask: Ask) -> list[Message]:
        async with self.database.reading() as connection:
            history = await repository.select_history(
                connection, ask.assessment_id, ask.turn_number, MOST_HISTORY
            )
        return build_messages(
            ask.settings, history, ask.message, ask.number, self._settings.llm_prompt_characters
        )

    async def _read_reply(
        self, ask: Ask, reply: RunningReply, messages: list[Message], until: float
    ) -> _Outcome:
        filtered, checked = ReplyText(may_end=ask.may_end), ReplyCheck(ask.language)
        with measures.model_times.time():
            texts = self.provider.reply(messages, temperature=ask.settings.temperature, until=until)
            async with aclosing(texts):
                async for text in texts:
                    self._show(reply, checked.feed(filtered.feed(text)))
                    if filtered.ended or checked.hit is not None:
                        break
        self._show(reply, checked.feed(filtered.finish()) + checked.finish())
        if checked.hit is not None:
            measures.replies_cut.labels(checked.hit.rule).inc()
            return _Outcome(None if reply.has_text else ModelRefused.code, cut_by=checked.hit.detector)
        if not reply.has_text and not filtered.ended:
            raise ModelUnavailable
        return _Outcome(None, filtered.ended)

    def _show(self, reply: RunningReply, text: str) -> None:
        if text:
            self._writer.wake(at_once=not reply.has_text)
            reply.add(text)

    async def _count_ask(self, key: TurnKey) -> bool:
        async def work(connection: AsyncConnection) -> bool:
            return await repository.update_asks(connection, key, self.worker_id, self.lease)

        return await committed(self.database, work)

    async def _end(self, ask: Ask, reply: RunningReply, outcome: _Outcome) -> None:
        """Commit what is left of the text, then the turn's end; given up if the lease runs out meanwhile."""
        try:
            async with asyncio.timeout(self.lease):
                self._writer.wake(at_once=True)
                await reply.flushed()
                while not reply.lost:
                    try:
                        await self._commit_end(ask, reply, outcome)
                        return
                    except Unavailable:
                        await asyncio.sleep(_PAUSE_BEFORE_RETRY)
        except (TimeoutError, Problem):
            log.warning("a turn could not be ended")
        except Exception:
            # Its lease ends it: nothing that happens here may keep a reader waiting for this task.
            log.exception("a turn could not be ended")

    async def _commit_end(self, ask: Ask, reply: RunningReply, outcome: _Outcome) -> None:
        hit = outcome.risk
        if hit is not None:

            async def answer(connection: AsyncConnection) -> None:
                await risk.answer_running_turn(connection, ask.key, self.worker_id, ask.settings, hit)

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
                ask.key,
                self.worker_id,
                state,
                outcome.failure,
                ended=reason is not None,
                cut_by=outcome.cut_by,
            )
            if ended and session is not None and reason is not None:
                await verbs.end_part(connection, session, "chat", reason)

        await committed(self.database, work)


def _failed(failure: ModelFailure, reply: RunningReply) -> _Outcome:
    if isinstance(failure, ModelTimedOut):
        measures.timeouts.labels("model").inc()
    return _Outcome("interrupted" if reply.has_text else failure.code)


def _state(outcome: _Outcome, reply: RunningReply) -> State:
    if outcome.failure is None:
        return "complete"
    return "interrupted" if reply.has_text or outcome.failure == "interrupted" else "failed"


async def _cancelled(task: asyncio.Task[_Outcome]) -> None:
    task.cancel()
    await asyncio.wait({task})
