"""The provider that needs no model and no network: it says what the script says, in pieces as a model would."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator

from quart_assessment.chat.providers import Conversation, Message, Prompt, Told
from quart_assessment.chat.providers.script import next_reply, version

PIECE_SECONDS = 0.05
_PIECE = re.compile(r"(?:\S+\s*){1,3}")


class Scripted:
    """A `Provider` whose prompt holds the reply itself."""

    def prepare(self, conversation: Conversation) -> Prompt:
        """Find what is said next; see `Provider.prepare`."""
        said = Message("assistant", next_reply(conversation))
        return Prompt([said], {}, version(conversation.settings))

    async def reply(
        self,
        prompt: Prompt,
        told: Told,  # noqa: ARG002
        *,
        until: float,  # noqa: ARG002
    ) -> AsyncGenerator[str, None]:
        """Say it, a few words at a time; see `Provider.reply`."""
        for piece in _PIECE.findall(prompt.messages[-1].content):
            yield piece
            await asyncio.sleep(PIECE_SECONDS)

    async def probe(self) -> None:
        """The script is always there."""

    async def close(self) -> None:
        """Nothing is open."""
