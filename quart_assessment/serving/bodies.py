"""Request bodies that are pulled by the handler: no byte is read from the client before somebody asks for it.

Quart takes a whole body into memory while a handler waits, and enforces neither a limit nor a time on
chunked ones. Here it is given an empty, completed body; the real one stands in the scope, and a client that
sends faster than the handler reads is held back by TCP.
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import AsyncIterator, Generator, Mapping
from typing import Any, cast

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
    WWWScope,
)

from quart_assessment import measures
from quart_assessment.problems import BadRequest, ClientLeft, TimedOut, TooLarge, UnsupportedType
from quart_assessment.settings import KIB, Settings

SCOPE_KEY = "qa.body"
FIRST_REFUSAL = 400
LINGER_SECONDS = 1.0
LINGER_BYTES = 256 * KIB
_Steps = Generator[Any, Any, ASGIReceiveEvent]
_DISCONNECT: ASGIReceiveEvent = {"type": "http.disconnect"}
_EMPTY: ASGIReceiveEvent = {"type": "http.request", "body": b"", "more_body": False}
_END: ASGISendEvent = {"type": "http.response.body", "body": b"", "more_body": False}


class PullBody:
    """The body of one request, read once and by one reader.

    `length` is the declared length in bytes, None where none was declared; `complete` tells whether every
    byte was read (true from the start for a GET without a body); `pulled` whether the reader asked for any.
    """

    def __init__(
        self, method: str, headers: Mapping[bytes, bytes], receive: ASGIReceiveCallable, settings: Settings
    ) -> None:
        length = headers.get(b"content-length", b"")
        self.length = int(length) if length.isdigit() else None
        self.declared = bool(self.length) or b"transfer-encoding" in headers
        self.complete = not self.declared and (method in ("GET", "HEAD") or self.length == 0)
        self.left = False
        self.pulled = False
        self.settled = asyncio.Event()
        self._coding = headers.get(b"content-encoding", b"identity")
        self._receive = receive
        self._settings = settings
        self._received = 0
        self._waited = 0.0

    async def chunks(self, limit: int) -> AsyncIterator[bytes]:
        """Give the body piece by piece, as the client sends it; at most `limit` bytes.

        Raises:
            UnsupportedType: the body is compressed.
            TooLarge: more than `limit` bytes were declared, or came.
            TimedOut: the client was silent for too long, or sends too slowly.
            BadRequest: the body ended before its declared length.
            ClientLeft: the client closed the connection.
        """
        self._check_coding()
        if self.length is not None and self.length > limit:
            raise TooLarge
        while not self.complete:
            chunk = await self._next()
            self._received += len(chunk)
            if self._received > limit:
                raise TooLarge
            if chunk:
                yield chunk
        if self.length is not None and self._received < self.length:
            raise BadRequest

    async def read(self, limit: int) -> bytes:
        """Give the whole body, at most `limit` bytes. Raises what `chunks` raises."""
        if self.length is None or self.length > limit:
            return b"".join([chunk async for chunk in self.chunks(limit)])
        # Of the usual small body all has come with its head, and one pull takes it.
        self._check_coding()
        parts: list[bytes] = []
        while not self.complete:
            parts.append(await self._next())
            self._received += len(parts[-1])
        if self._received < self.length:
            raise BadRequest
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def drop(self, limit: int) -> None:
        """Read on and forget what comes, until the end of the body or `limit` bytes of it.

        Raises:
            ClientLeft: the client closed the connection.
        """
        dropped = 0
        while not self.complete and dropped < limit:
            dropped += len(self._taken(await self._receive()))

    def _check_coding(self) -> None:
        if self._coding.strip().lower() not in (b"identity", b""):
            raise UnsupportedType

    async def _next(self) -> bytes:
        self.pulled = True
        steps = self._receive().__await__()
        try:
            signal = next(steps)
        except StopIteration as arrived:
            return self._taken(arrived.value)
        # Only a body that is still on its way costs a timer.
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(self._patience()):
                return self._taken(await _rest(signal, steps))
        except TimeoutError:
            measures.timeouts.labels("body").inc()
            raise TimedOut from None
        finally:
            self._waited += loop.time() - started

    def _patience(self) -> float:
        """Seconds the client may take now; only its own time counts, not what the reader spends on a disk."""
        settings = self._settings
        silence = settings.body_silence_timeout
        at_least_speed = max(silence, self._received / settings.body_bytes_a_second)
        return min(silence, min(settings.body_total_timeout, at_least_speed) - self._waited)

    def _taken(self, message: ASGIReceiveEvent) -> bytes:
        if message["type"] == "http.disconnect":
            self.left = True
            self.settled.set()
            raise ClientLeft
        event = cast("dict[str, Any]", message)
        if not event.get("more_body", False):
            self.complete = True
            self.settled.set()
        chunk: bytes = event.get("body", b"")
        return chunk


@types.coroutine
def _rest(signal: object, steps: _Steps) -> _Steps:
    """Await what is left of `steps`, whose first step was taken by hand and waits for `signal`."""
    try:
        yield signal
    except BaseException:
        steps.close()
        raise
    return (yield from steps)


class PullBodies:
    """ASGI middleware: puts the body of each request into its scope (`body_of`), out of Quart's reach."""

    def __init__(self, app: ASGIFramework, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Serve one connection of the server; only those of HTTP are touched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        body = PullBody(scope["method"], headers, receive, self._settings)
        cast("dict[str, object]", scope)[SCOPE_KEY] = body
        exchange = _Exchange(body, receive, send, scope["method"], b"expect" in headers)
        await self._app(scope, exchange.receive, send if body.complete else exchange.send)


class _Exchange:
    """One request: Quart sees an empty body, then the client's leaving; the client sees its reply whole."""

    def __init__(
        self, body: PullBody, receive: ASGIReceiveCallable, send: ASGISendCallable, method: str, expects: bool
    ) -> None:
        self._body = body
        self._receive = receive
        self._send = send
        self._method = method
        self._expects = expects
        self._opened = False
        self._closing = False

    async def receive(self) -> ASGIReceiveEvent:
        """Give Quart the empty body, and later the disconnect, which makes it cancel the handler."""
        if not self._opened:
            self._opened = True
            return _EMPTY
        body = self._body
        # One reader at a time: while the handler may still pull, its pull is what sees the client leave.
        if not body.complete:
            await body.settled.wait()
        while not body.left:
            if (await self._receive())["type"] == "http.disconnect":
                body.left = True
        return _DISCONNECT

    async def send(self, message: ASGISendEvent) -> None:
        """Pass a reply on; one that is sent before its request was read whole ends the connection, gently."""
        if message["type"] == "http.response.start" and not self._body.complete:
            message = await self._opening(cast("dict[str, Any]", message))
        elif self._closing and not message.get("more_body", False):
            await self._send(cast("ASGISendEvent", {**message, "more_body": True}))
            await self._linger()
            message = _END
        await self._send(message)

    async def _opening(self, message: dict[str, Any]) -> ASGISendEvent:
        body = self._body
        if not body.declared:
            body.settled.set()
        elif self._method in ("GET", "HEAD") or message["status"] < FIRST_REFUSAL:
            # Nobody needed this body; read away, it costs neither the connection nor the sight of its end.
            await self._linger()
        if body.declared and not body.complete:
            self._closing = True
            message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        return cast("ASGISendEvent", message)

    async def _linger(self) -> None:
        """Let the client read the reply: closing over unread bytes resets the connection (RFC 9112, 9.6)."""
        body = self._body
        if body.left or (self._expects and not body.pulled):
            return
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                await body.drop(LINGER_BYTES)
                if not body.complete:
                    await asyncio.sleep(LINGER_SECONDS)
        except (TimeoutError, ClientLeft):
            return


def body_of(scope: WWWScope) -> PullBody:
    """Give the body of the request of this scope; PullBodies must be around the application."""
    return cast("PullBody", cast("dict[str, object]", scope)[SCOPE_KEY])
