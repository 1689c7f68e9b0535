"""Making one reply: the model is asked, once more if it gave nothing, then the script if the study has it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment import measures
from quart_assessment.chat import repository
from quart_assessment.chat.delta_writer import DeltaWriter
from quart_assessment.chat.ending import ReplyText
from quart_assessment.chat.facts import MOST_ASKS, NO_CONSENT, TurnKey
from quart_assessment.chat.lines import Line, Lines
from quart_assessment.chat.makings.making import Making
from quart_assessment.chat.providers import (
    Conversation,
    ModelFailure,
    ModelTimedOut,
    ModelUnavailable,
    Prompt,
    PromptTooLong,
)
from quart_assessment.chat.running import RunningReply
from quart_assessment.database.engine import Database
from quart_assessment.database.transactions import committed
from quart_assessment.sessions import service as sessions
from quart_assessment.sessions.facts import EXTERNAL_MODEL
from quart_assessment.studies.definition import ChatSettings

MOST_HISTORY = 400
_PAUSE_BEFORE_RETRY = 0.5
# A provider that asks to be left alone for longer is not asked again by itself.
LONGEST_WAIT = 5.0
# What a model may take to end a reply after the tag, so that it can say how many tokens that was.
_REST_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Ask:
    """All a reply is made from, but for the history, which is read from the stored turns.

    `number` counts the participant's messages with a reply, this one included; 0 is the greeting.
    """

    key: TurnKey
    assessment_id: UUID
    turn_number: int
    message: str | None
    number: int
    asks: int
    settings: ChatSettings
    language: str

    @property
    def may_end(self) -> bool:
        """Whether the model's tag ends the interview at this turn."""
        return self.turn_number > 0 and self.number >= self.settings.min_turns

    @property
    def is_last(self) -> bool:
        """Whether a reply to this message is the last one the study allows."""
        return self.turn_number > 0 and self.number >= self.settings.max_turns


class NotAgreed(Exception):
    """The participant did not agree that words go to a model outside, or took that back."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an ask ended: the code of its failure, or None; `tagged`: the model ended the interview."""

    failure: str | None
    tagged: bool = False


@dataclass(frozen=True, slots=True)
class Worker:
    """What the replies of a worker share; `lease` is in seconds."""

    id: UUID
    lease: float
    database: Database
    lines: Lines
    writer: DeltaWriter


class Asking:
    """One reply on its way: what comes of it goes into `reply`, how it was made into `making`."""

    def __init__(self, worker: Worker, ask: Ask, reply: RunningReply) -> None:
        self.ask = ask
        self.reply = reply
        self.making = Making(ask.settings.connection)
        self._worker = worker

    async def outcome(self) -> Outcome:
        """Make the reply, by the script where the study says so and the model gave nothing.

        Raises a Problem where the database is away.
        """
        outcome = await self._by_model()
        gave_nothing = outcome.failure not in (None, "interrupted") and not self.reply.has_text
        script = self._worker.lines.find(self.ask.settings.fallback or "")
        if not gave_nothing or script is None:
            return outcome
        self.making.fallback_for = outcome.failure
        return await self._by_script(script)

    async def _by_model(self) -> Outcome:
        line = self._worker.lines.find(self.ask.settings.connection)
        if line is None:
            return Outcome(ModelUnavailable.code)
        until = asyncio.get_running_loop().time() + line.connection.limits.turn
        try:
            prompt = await self._prompt(line)
        except NotAgreed:
            return Outcome(NO_CONSENT)
        except PromptTooLong:
            return Outcome("too_long")
        try:
            return await self._read_reply(line, prompt, until)
        except ModelFailure as failure:
            if not self._is_worth_another(failure):
                return self._failed(failure)
            pause = max(_PAUSE_BEFORE_RETRY, failure.wait)
        await asyncio.sleep(pause)
        if not await self._count_ask():
            self.reply.lose()
            return Outcome("interrupted")
        try:
            return await self._read_reply(line, prompt, until)
        except ModelFailure as failure:
            return self._failed(failure)

    async def _by_script(self, line: Line) -> Outcome:
        until = asyncio.get_running_loop().time() + line.connection.limits.turn
        return await self._read_reply(line, await self._prompt(line), until)

    async def _prompt(self, line: Line) -> Prompt:
        ask, connected = self.ask, line.connection
        self.making.note_connection(connected)
        async with self._worker.database.reading() as connection:
            history = await repository.select_history(
                connection, ask.assessment_id, ask.turn_number, MOST_HISTORY
            )
            if connected.external:
                session = await sessions.get_any(connection, ask.key.session_id)
                if EXTERNAL_MODEL not in session.agreed:
                    raise NotAgreed
        return line.provider.prepare(
            Conversation(ask.settings, ask.language, history, ask.message, ask.number)
        )

    async def _read_reply(self, line: Line, prompt: Prompt, until: float) -> Outcome:
        filtered = ReplyText(may_end=self.ask.may_end)
        with measures.model_times.time():
            texts = line.provider.reply(prompt, self.making.note_ask(prompt), until=until)
            async with aclosing(texts):
                async for text in texts:
                    self.making.note_piece()
                    self._show(filtered.feed(text))
                    if filtered.ended:
                        await _take_the_rest(texts)
                        break
        self._show(filtered.finish())
        if not self.reply.has_text and not filtered.ended:
            raise ModelUnavailable
        return Outcome(None, filtered.ended)

    def _show(self, text: str) -> None:
        if text:
            self._worker.writer.wake(at_once=not self.reply.has_text)
            self.reply.add(text)

    def _is_worth_another(self, failure: ModelFailure) -> bool:
        """Whether the model is asked again by itself: it gave nothing, and that may have passed."""
        silent = not self.reply.has_text and self.ask.asks < MOST_ASKS
        return silent and failure.may_pass and failure.wait <= LONGEST_WAIT

    def _failed(self, failure: ModelFailure) -> Outcome:
        if isinstance(failure, ModelTimedOut):
            measures.timeouts.labels("model").inc()
        return Outcome("interrupted" if self.reply.has_text else failure.code)

    async def _count_ask(self) -> bool:
        async def work(connection: AsyncConnection) -> bool:
            worker = self._worker
            return await repository.update_asks(connection, self.ask.key, worker.id, worker.lease)

        return await committed(self._worker.database, work)


async def _take_the_rest(texts: AsyncGenerator[str, None]) -> None:
    with suppress(TimeoutError, ModelFailure):
        async with asyncio.timeout(_REST_SECONDS):
            async for _ in texts:
                pass
