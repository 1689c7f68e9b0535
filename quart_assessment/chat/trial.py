"""An interview held without a service: nothing is stored, nothing is counted, no safety rule looks at it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from quart_assessment.chat.ending import ReplyText
from quart_assessment.chat.lines import Line
from quart_assessment.chat.providers import Conversation, Exchange, Prompt, Told
from quart_assessment.studies.definition import ChatSettings


class Trial:
    """The interview of a study as its model would hold it; `ended` once the tag or the turn limit came."""

    def __init__(self, settings: ChatSettings, language: str, line: Line) -> None:
        self._settings = settings
        self._language = language
        self._line = line
        self._history: list[Exchange] = []
        self.ended = False

    def greet(self) -> str | None:
        """Give the study's own greeting; None where the model is to make one: reply(None) does."""
        text = self._settings.greeting_in(self._language)
        if text is not None:
            self._history.append(Exchange(None, text))
        return text

    def prompt(self, message: str | None) -> Prompt:
        """Give what the reply to a message, or the greeting, is asked for with; raises PromptTooLong."""
        return self._line.provider.prepare(
            Conversation(self._settings, self._language, self._history, message, self._number(message))
        )

    async def reply(self, message: str | None) -> AsyncGenerator[str, None]:
        """Yield the reply as a participant would read it; raises PromptTooLong, ModelFailure."""
        number = self._number(message)
        shown = ReplyText(may_end=message is not None and number >= self._settings.min_turns)
        until = asyncio.get_running_loop().time() + self._line.connection.limits.turn
        told: list[str] = []
        async with aclosing(self._line.provider.reply(self.prompt(message), Told(), until=until)) as texts:
            async for text in texts:
                if more := shown.feed(text):
                    told.append(more)
                    yield more
                if shown.ended:
                    break
        if more := shown.finish():
            told.append(more)
            yield more
        self._history.append(Exchange(message, "".join(told)))
        self.ended = shown.ended or number >= self._settings.max_turns

    def _number(self, message: str | None) -> int:
        said = sum(exchange.message is not None for exchange in self._history)
        return 0 if message is None else said + 1
