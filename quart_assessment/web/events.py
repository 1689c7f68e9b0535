"""Server-sent events: how they are written, and a reply that streams them for as long as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

from quart import Response, current_app

from quart_assessment import measures
from quart_assessment.web.envelope import as_json
from quart_assessment.web.state import STOPPING

PING = b": ping\n\n"
PING_SECONDS = 15.0
# Events that wait for a reader who takes them too slowly; past it their source waits.
MOST_UNSENT = 16
# Signs that many clients take for the end of a line, though the standard does not.
_MISTAKEN = tuple((sign.encode(), b"\\u%04x" % ord(sign)) for sign in "\x85\u2028\u2029")
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `id` is what a reader names in Last-Event-ID to go on after it; None keeps the last one."""

    name: str
    data: dict[str, Any]
    id: str | None = None


def written(event: Event) -> bytes:
    """Write an event as it goes over the wire (WHATWG HTML, section 9.2); its data is one line of JSON."""
    identity = b"" if event.id is None else b"id: %s\n" % event.id.encode()
    data = as_json(event.data)
    if not data.isascii():
        for sign, escaped in _MISTAKEN:
            data = data.replace(sign, escaped)
    return b"event: %s\n%sdata: %s\n\n" % (event.name.encode(), identity, data)


def streamed(events: AsyncGenerator[Event, None]) -> Response:
    """Reply with `events`, a ping after each 15 s of silence; ends early when the worker stops.

    `events` must hold no connection while it waits: a stream may last as long as its reader likes.
    """
    stopping = cast("asyncio.Event | None", current_app.extensions.get(STOPPING))
    response = Response(
        _bytes_of(events, stopping or asyncio.Event()), content_type="text/event-stream", headers=_HEADERS
    )
    # RESPONSE_TIMEOUT would cut a long reply; what bounds it is the turn's own lease and time limits.
    response.timeout = None
    return response


async def _bytes_of(events: AsyncGenerator[Event, None], stopping: asyncio.Event) -> AsyncIterator[bytes]:
    measures.streams.inc()
    outgoing = _Outgoing()
    filling = asyncio.ensure_future(outgoing.fill(events))
    stopped = asyncio.ensure_future(stopping.wait())
    stopped.add_done_callback(lambda _: filling.cancel())
    filling.add_done_callback(outgoing.end)
    try:
        while (data := await outgoing.take()) is not None:
            yield data
        if not filling.cancelled():
            filling.result()
    finally:
        outgoing.close()
        stopped.cancel()
        await _ended(filling)
        measures.streams.dec()


class _Outgoing:
    """What is to be sent next: events that came since the last sending go out together, silence as pings."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready: list[bytes] = []
        self._ended = False
        self._taker: asyncio.Future[None] | None = None
        self._filler: asyncio.Future[None] | None = None
        self._sent = self._loop.time()
        self._timer = self._loop.call_later(PING_SECONDS, self._look)

    async def fill(self, events: AsyncGenerator[Event, None]) -> None:
        """Take events as they come, no more than MOST_UNSENT ahead of a slow reader."""
        async with aclosing(events):
            async for event in events:
                self._ready.append(written(event))
                _wake(self._taker)
                while len(self._ready) >= MOST_UNSENT:
                    self._filler = self._loop.create_future()
                    await self._filler

    async def take(self) -> bytes | None:
        """Wait for what is to be sent; None after the last of it."""
        if not self._ready and not self._ended:
            self._taker = self._loop.create_future()
            await self._taker
        self._sent = self._loop.time()
        if self._ready:
            data = b"".join(self._ready)
            self._ready.clear()
            _wake(self._filler)
            return data
        return None if self._ended else PING

    def end(self, _: object) -> None:
        """Hear that no more events will come."""
        self._ended = True
        _wake(self._taker)

    def close(self) -> None:
        """Stop the clock."""
        self._timer.cancel()

    def _look(self) -> None:
        # One timer a stream, set anew only when it has run out, not with every event.
        silent = self._loop.time() - self._sent
        if silent >= PING_SECONDS:
            _wake(self._taker)
            silent = 0.0
        self._timer = self._loop.call_later(PING_SECONDS - silent, self._look)


def _wake(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)


async def _ended(task: asyncio.Future[None]) -> None:
    # A generator cannot be closed while a step of it still runs.
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
