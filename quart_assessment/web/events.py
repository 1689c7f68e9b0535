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
    return b"event: %s\n%sdata: %s\n\n" % (event.name.encode(), identity, as_json(event.data))


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
    stopped = asyncio.ensure_future(stopping.wait())
    try:
        async with aclosing(events):
            while True:
                coming = asyncio.ensure_future(_next(events))
                try:
                    while not coming.done() and not stopped.done():
                        await asyncio.wait(
                            {coming, stopped}, timeout=PING_SECONDS, return_when=asyncio.FIRST_COMPLETED
                        )
                        if not coming.done() and not stopped.done():
                            yield PING
                finally:
                    await _ended(coming)
                if coming.cancelled() or (event := coming.result()) is None:
                    return
                yield written(event)
    finally:
        stopped.cancel()
        measures.streams.dec()


async def _next(events: AsyncGenerator[Event, None]) -> Event | None:
    return await anext(events, None)


async def _ended(task: asyncio.Future[Event | None]) -> None:
    # A generator cannot be closed while a step of it still runs.
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
