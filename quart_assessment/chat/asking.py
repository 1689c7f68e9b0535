"""Making one reply: the model is asked, once more if it gave nothing, then the script if the study has it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment import measures
from quart_assessment.chat import repository, second_check
from quart_assessment.chat.delta_writer import DeltaWriter
from quart_assessment.chat.ending import ReplyText
from quart_assessment.chat.facts import MOST_ASKS, NO_CONSENT, OVER_LIMIT, Ask, Hold
from quart_assessment.chat.lines import Line, Lines
from quart_assessment.chat.makings.making import Making, Spent
from quart_assessment.chat.providers import (
    Conversation,
    ModelFailure,
    ModelRefused,
    ModelTimedOut,
    ModelUnavailable,
    Prompt,
    PromptTooLong,
    take_the_rest,
)
from quart_assessment.chat.running import RunningReply
from quart_assessment.chat.spending.repository import OverLimit, settle, take_call
from quart_assessment.chat.spending.tokens import estimated_prompt
from quart_assessment.database.engine import Database
from quart_assessment.database.transactions import committed
from quart_assessment.safety.hits import Hit
from quart_assessment.safety.replies import ReplyCheck
from quart_assessment.sessions import service as sessions
from quart_assessment.sessions.facts import EXTERNAL_MODEL

MOST_HISTORY = 400
_PAUSE_BEFORE_RETRY = 0.5
# A provider that asks to be left alone for longer is not asked again by itself.
LONGEST_WAIT = 5.0


class NotAsked(Exception):
    """The model is not asked; `code` is the turn's error."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an ask ended: the code of its failure, or None; `tagged`: the model ended the interview.

    `cut_by` names the rule that the reply was cut for; `risk` is what a second look at the message saw, for which
    the model was not asked for a reply.
    """

    failure: str | None
    tagged: bool = False
    cut_by: str | None = None
    risk: Hit | None = None


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

    @property
    def hold(self) -> Hold:
        """By what this worker answers the turn."""
        return Hold(self.ask.key, self._worker.id, self.reply.asks)

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
        measures.fallbacks.labels(outcome.failure).inc()
        return replace(await self._by_script(script), cut_by=outcome.cut_by)

    async def _by_model(self) -> Outcome:
        line = self._worker.lines.find(self.ask.settings.connection)
        if line is None:
            return Outcome(ModelUnavailable.code)
        try:
            async with line.queue.turn(self.ask.study_id, self.reply.wait):
                return await self._ask(line)
        except NotAsked as refused:
            return Outcome(refused.code)
        except ModelFailure as failure:
            return self._failed(failure)

    async def _ask(self, line: Line) -> Outcome:
        hit = await self._second_hit(line)
        if hit is not None:
            return Outcome(None, risk=hit)
        until = asyncio.get_running_loop().time() + line.connection.limits.turn
        prompt = await self._prompt(line)
        try:
            return await self._read_reply(line, prompt, until)
        except ModelFailure as failure:
            if not self._is_worth_another(failure):
                raise
            pause = max(_PAUSE_BEFORE_RETRY, failure.wait)
        await asyncio.sleep(pause)
        if not await self._count_ask(line, prompt):
            self.reply.lose()
            return Outcome("interrupted")
        return await self._read_reply(line, prompt, until)

    async def _second_hit(self, line: Line) -> Hit | None:
        """Have the model look at the message once, where the study wants that; it is one of the calls counted."""
        ask, connected = self.ask, line.connection
        wanted = ask.settings.second_check and ask.asks == 1 and not connected.is_scripted
        if ask.message is None or not wanted:
            return None
        messages = second_check.messages(ask.message, ask.asked)
        tokens = estimated_prompt(messages)

        async def work(connection: AsyncConnection) -> Spent | None:
            return await self._admitted(connection, line, tokens, second_check.REPLY_TOKENS)

        spent = await committed(self._worker.database, work)
        look = await second_check.look_again(line.provider, connected, messages)
        if spent is not None:
            self.making.note_look(spent, tokens + second_check.REPLY_TOKENS, look.told, look.characters)
        return look.hit

    async def _by_script(self, line: Line) -> Outcome:
        until = asyncio.get_running_loop().time() + line.connection.limits.turn
        return await self._read_reply(line, await self._prompt(line), until)

    async def _prompt(self, line: Line) -> Prompt:
        """Put together what is asked for; that it is asked is counted then, if the model may be asked."""
        ask = self.ask
        self.making.note_connection(line.connection)

        async def work(connection: AsyncConnection) -> tuple[Prompt, Spent | None]:
            history = await repository.select_history(
                connection, ask.assessment_id, ask.turn_number, MOST_HISTORY
            )
            talk = Conversation(ask.settings, ask.language, history, ask.message, ask.number)
            try:
                prompt = line.provider.prepare(talk)
            except PromptTooLong:
                raise NotAsked("too_long") from None
            tokens = estimated_prompt(prompt.messages)
            return prompt, await self._admitted(connection, line, tokens, line.connection.limits.tokens)

        prompt, spent = await committed(self._worker.database, work)
        if spent is not None:
            self.making.spent = spent
        return prompt

    async def _count_ask(self, line: Line, prompt: Prompt) -> bool:
        """Count one more ask, after what the last one cost; False where the turn is no longer ours."""
        tokens, making = estimated_prompt(prompt.messages), self.making

        async def work(connection: AsyncConnection) -> tuple[bool, Spent | None]:
            if making.spent is not None:
                day_at = making.spent.day_at
                await settle(connection, self.hold, self.ask.study_id, day_at, making.tokens)
            ours = await repository.update_asks(connection, self.hold, self._worker.lease)
            if not ours:
                return False, None
            return True, await self._admitted(connection, line, tokens, line.connection.limits.tokens)

        ours, spent = await committed(self._worker.database, work)
        self.reply.asks += ours
        if spent is not None:
            making.note_again(spent)
        return ours

    async def _admitted(
        self, connection: AsyncConnection, line: Line, prompt_tokens: int, reply_tokens: int
    ) -> Spent | None:
        """Count a call, with the tokens of its prompt and the longest reply; None: no model.

        Raises NotAsked.
        """
        ask, connected = self.ask, line.connection
        if connected.is_scripted:
            return None
        if connected.external:
            session = await sessions.get_any(connection, ask.key.session_id)
            if EXTERNAL_MODEL not in session.agreed:
                raise NotAsked(NO_CONSENT)
        most = prompt_tokens + reply_tokens
        try:
            taken = await take_call(connection, ask.key, ask.study_id, ask.settings, most)
        except OverLimit:
            raise NotAsked(OVER_LIMIT) from None
        return Spent(taken.day_at, taken.turn_tokens - most, prompt_tokens)

    async def _read_reply(self, line: Line, prompt: Prompt, until: float) -> Outcome:
        ended = "lost"
        try:
            outcome = await self._read_once(line, prompt, until)
            ended = "whole"
        except ModelFailure as failure:
            ended = failure.code
            raise
        finally:
            told = self.making.told
            measures.called(line.connection.name, ended, told.tokens_in, told.tokens_out)
        return outcome

    async def _read_once(self, line: Line, prompt: Prompt, until: float) -> Outcome:
        filtered, checked = ReplyText(may_end=self.ask.may_end), ReplyCheck(self.ask.language)
        failure: ModelFailure | None = None
        with measures.model_times.time():
            texts = line.provider.reply(prompt, self.making.note_ask(prompt), until=until)
            async with aclosing(texts):
                try:
                    async for text in texts:
                        self.making.note_piece(text)
                        self._show(checked.feed(filtered.feed(text)))
                        if checked.hit is not None:
                            break
                        if filtered.ended:
                            await take_the_rest(texts)
                            break
                except ModelFailure as broken_off:
                    failure = broken_off
        # What was held back to be judged is text, too: a model that broke off after some is not asked again.
        self._show(checked.feed(filtered.finish()) + checked.finish())
        if checked.hit is not None:
            measures.replies_cut.labels(checked.hit.rule).inc()
            refused = None if self.reply.has_text else ModelRefused.code
            return Outcome(refused, cut_by=checked.hit.detector)
        if failure is not None:
            raise failure
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
