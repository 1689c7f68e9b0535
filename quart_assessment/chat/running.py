"""One reply being made: what came, what of it is committed, and who waits for more. Touches no database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from quart_assessment import measures
from quart_assessment.chat.facts import TurnKey


class RunningReply:
    """A reply between the model and its readers. Readers see what is committed, never more.

    Of the text, one piece at a time is on its way into the database; what comes meanwhile is the next piece.
    """

    def __init__(self, key: TurnKey) -> None:
        self.key = key
        self.lost = False
        self.ended = False
        self._began = asyncio.get_running_loop().time()
        self._committed: list[str] = []
        self._length = 0
        self._piece = ""
        self._piece_came = 0.0
        self._coming: list[str] = []
        self._coming_since = 0.0
        self._changed = asyncio.Event()

    @property
    def has_text(self) -> bool:
        """Whether any text came, committed or not."""
        return bool(self._length or self._piece or self._coming)

    def add(self, text: str) -> None:
        """Take text from the model."""
        if not self._coming:
            self._coming_since = asyncio.get_running_loop().time()
        self._coming.append(text)

    def piece(self) -> tuple[str, int]:
        """Give the piece to write, and the reply's length in code points up to its end."""
        if not self._piece and self._coming:
            self._piece, self._piece_came = "".join(self._coming), self._coming_since
            self._coming = []
        return self._piece, self._length + len(self._piece)

    def committed(self) -> None:
        """Show readers the piece that was written."""
        if not self._piece:
            return
        now = asyncio.get_running_loop().time()
        measures.chunk_delays.observe(now - self._piece_came)
        if not self._length:
            measures.first_chunks.observe(now - self._began)
        self._committed.append(self._piece)
        self._length += len(self._piece)
        self._piece = ""
        self._tell()

    def lose(self) -> None:
        """Stop: the turn was ended elsewhere, or its lease ran out."""
        self.lost = True
        self._tell()

    def end(self) -> None:
        """Say that nothing more will come; how the turn ended is in the database."""
        self.ended = True
        self._tell()

    async def flushed(self) -> None:
        """Wait until all text is committed, or the turn is lost."""
        while not self.lost and (self._piece or self._coming):
            await self._changed.wait()

    async def lost_or_ended(self) -> None:
        """Wait until the turn is no longer made here."""
        while not self.lost and not self.ended:
            await self._changed.wait()

    async def read(self, start: int) -> AsyncGenerator[str, None]:
        """Give the committed text from code point `start` on, until the reply ends or is lost."""
        seen = 0
        position = 0
        while True:
            while seen < len(self._committed):
                piece = self._committed[seen]
                seen += 1
                position += len(piece)
                if position > start:
                    yield piece[max(0, start - position + len(piece)) :]
            if self.lost or self.ended:
                return
            await self._changed.wait()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
