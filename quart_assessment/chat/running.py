"""One reply being made: what came, what of it is committed, and who waits for more. Touches no database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

from quart_assessment import measures
from quart_assessment.chat.facts import TurnKey


class RunningReply:
    """A reply between the model and its readers. Readers see what is committed, never more.

    `asks` counts the asks of its turn up to this one. `wanted` is set once somebody reads it on another worker.
    Of the text, one piece at a time is on its way into the database; what comes meanwhile is the next piece.
    """

    def __init__(self, key: TurnKey, asks: int) -> None:
        self.key = key
        self.asks = asks
        self.wanted = asyncio.Event()
        self.lost = False
        self.ended = False
        self._place: int | None = None
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._committed = ""
        self._piece = ""
        self._piece_came = 0.0
        self._coming: list[str] = []
        self._coming_since = 0.0
        self._waiting: set[asyncio.Future[None]] = set()
        self._when_lost: Callable[[], object] | None = None

    @property
    def has_text(self) -> bool:
        """Whether any text came, committed or not."""
        return bool(self._committed or self._piece or self._coming)

    @property
    def read_elsewhere(self) -> bool:
        """Whether a reader on another worker asked to hear of every piece."""
        return self.wanted.is_set()

    def add(self, text: str) -> None:
        """Take text from the model."""
        if not self._coming:
            self._coming_since = self._loop.time()
        self._coming.append(text)

    def wait(self, place: int | None) -> None:
        """Hear of the place in the queue before the model; None: it waits no more."""
        self._place = place
        self._tell()

    def piece(self) -> tuple[str, int]:
        """Give the piece to write, and the reply's length in code points up to its end."""
        if not self._piece and self._coming:
            self._piece, self._piece_came = "".join(self._coming), self._coming_since
            self._coming = []
        return self._piece, len(self._committed) + len(self._piece)

    def committed(self) -> None:
        """Show readers the piece that was written."""
        if not self._piece:
            return
        now = self._loop.time()
        measures.chunk_delays.observe(now - self._piece_came)
        if not self._committed:
            measures.first_chunks.observe(now - self._began)
        self._committed += self._piece
        self._piece = ""
        self._tell()

    def lose(self) -> None:
        """Stop: the turn was ended elsewhere, or its lease ran out."""
        self.lost = True
        if self._when_lost is not None:
            self._when_lost()
        self._tell()

    def when_lost(self, call: Callable[[], object]) -> None:
        """Have `call` made when the turn is no longer made here."""
        self._when_lost = call

    def end(self) -> None:
        """Say that nothing more will come; how the turn ended is in the database."""
        self.ended = True
        self._when_lost = None
        self._tell()

    async def flushed(self) -> None:
        """Wait until all text is committed, or the turn is lost."""
        while not self.lost and (self._piece or self._coming):
            await self._change()

    async def read(self, start: int) -> AsyncGenerator[str | int, None]:
        """Give the committed text from code point `start` on, until the reply ends or is lost.

        Before that, while it waits for its turn: its place in the queue, as often as that changes.
        """
        told: int | None = None
        while True:
            text = self._committed[start:]
            if text:
                start += len(text)
                yield text
            elif self.lost or self.ended:
                return
            elif self._place not in (None, told):
                told = self._place
                yield told
            else:
                await self._change()

    async def _change(self) -> None:
        waiting = self._loop.create_future()
        self._waiting.add(waiting)
        try:
            await waiting
        finally:
            self._waiting.discard(waiting)

    def _tell(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
