"""HTTP/1.1 to a model as a transport of httpx2, made for many slow streams.

Bytes are parsed as they arrive and kept until they are read: a piece wakes its reader once and costs no timer,
no task and no search through a pool. One address, no proxy, no redirects.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import cast
from urllib.parse import urlsplit

import httptools
import httpx2

# Uvicorn, which many model servers run on, closes an idle connection after 5 s.
KEPT_SECONDS = 4.0
CONNECTING_AT_ONCE = 64
HEAD_BYTES = 64 * 1024
# Unread bytes of a reply, past which the model is held back by TCP.
HELD_BYTES = 256 * 1024
_KEY = "qa.reply"


class Wire(httpx2.AsyncBaseTransport):
    """Connections to `base_url`, at most `most` of them; each carries one exchange at a time."""

    def __init__(self, base_url: str, most: int) -> None:
        parts = urlsplit(base_url)
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = httpx2.create_ssl_context() if parts.scheme == "https" else None
        self._most = most
        self._connecting = asyncio.Semaphore(CONNECTING_AT_ONCE)
        self._idle: deque[_Connection] = deque()
        self._open: set[_Connection] = set()
        self._opening = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request whole and wait for the head of its reply.

        Raises:
            httpx2.TransportError: no connection, none in time, or none free; the other side broke off or is
                not speaking HTTP.
        """
        limits: dict[str, float | None] = request.extensions.get("timeout", {})
        asked = _written(request, await request.aread())
        connection = self._take_idle() or await self._connect(limits.get("connect"))
        reply = connection.ask(asked, limits.get("read"))
        try:
            await reply.head()
        except BaseException:
            connection.abort()
            raise
        return httpx2.Response(reply.status, headers=reply.headers, stream=reply, extensions={_KEY: reply})

    async def aclose(self) -> None:
        """Close all connections; replies under way break off."""
        for connection in list(self._open):
            connection.abort()

    def release(self, connection: _Connection) -> None:
        """Keep a connection whose exchange has ended for the next one."""
        connection.kept_until = asyncio.get_running_loop().time() + KEPT_SECONDS
        self._idle.append(connection)

    def forget(self, connection: _Connection) -> None:
        """Drop a connection that was closed."""
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def _take_idle(self) -> _Connection | None:
        now = asyncio.get_running_loop().time()
        while self._idle:
            connection = self._idle.pop()
            if connection.kept_until > now:
                return connection
            connection.abort()
        return None

    async def _connect(self, seconds: float | None) -> _Connection:
        if len(self._open) + self._opening >= self._most:
            raise httpx2.PoolTimeout("no connection is free")
        self._opening += 1
        try:
            async with self._connecting, asyncio.timeout(seconds):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: _Connection(self), self._host, self._port, ssl=self._tls
                )
        except TimeoutError:
            raise httpx2.ConnectTimeout("not connected in time") from None
        except OSError as error:
            raise httpx2.ConnectError(type(error).__name__) from None
        finally:
            self._opening -= 1
        self._open.add(connection)
        return connection


class Reply(httpx2.AsyncByteStream):
    """One reply: its head once `head` has returned, then its body, which one reader takes as it comes."""

    def __init__(self, connection: _Connection, silence: float | None) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._connection = connection
        self._silence = silence
        self._pieces: list[bytes] = []
        self._held = 0
        self._begun = False
        self._ended = False
        self._broken: httpx2.TransportError | None = None
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def head(self) -> None:
        """Wait for the status and the headers."""
        deadline = self._silent_until()
        while not self._begun:
            await self._more(deadline)

    async def read(self, deadline: float) -> bytes:
        """Take what came since the last call; wait for it until `deadline`, a time of the loop. b"" is the end.

        Raises:
            httpx2.ReadTimeout: nothing came in time.
            httpx2.RemoteProtocolError: the other side broke off.
        """
        while not self._pieces:
            if self._ended:
                return b""
            await self._more(deadline)
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        if self._held > HELD_BYTES:
            self._connection.resume()
        self._held = 0
        return data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the body as httpx2 reads it."""
        while data := await self.read(self._silent_until()):
            yield data

    async def aclose(self) -> None:
        """Give the connection back, or end it where the reply has not ended."""
        self._connection.done(self, whole=self._ended and not self._pieces)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def begin(self, status: int) -> None:
        """Hear that the head is whole."""
        self.status = status
        self._begun = True

    def add(self, data: bytes) -> None:
        """Hear a part of the body."""
        self._pieces.append(data)
        self._held += len(data)

    @property
    def is_full(self) -> bool:
        """Whether more is held than should be."""
        return self._held > HELD_BYTES

    def end(self) -> None:
        """Hear that the body is whole."""
        self._ended = True

    def fail(self, error: httpx2.TransportError) -> None:
        """Hear that no more will come; what came before can still be read."""
        if not self._ended and self._broken is None:
            self._broken = error
        self.wake()

    def wake(self) -> None:
        """Let the reader look."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _silent_until(self) -> float:
        return self._loop.time() + (86_400.0 if self._silence is None else self._silence)

    async def _more(self, deadline: float) -> None:
        if self._broken is not None:
            raise self._broken
        self._deadline = deadline
        if self._timer is None or deadline < self._timer.when():
            self._set_timer()
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._deadline, self._look)

    def _look(self) -> None:
        # The deadline moves on with every piece; the timer follows only when it has run out.
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return
        if self._loop.time() < self._deadline:
            self._set_timer()
        else:
            self._waiter.set_exception(httpx2.ReadTimeout("nothing came in time"))


def reply_of(response: httpx2.Response) -> Reply | None:
    """Give the reply under `response`; None where it came by another transport, or is compressed."""
    reply = response.extensions.get(_KEY)
    plain = response.headers.get("content-encoding", "identity") == "identity"
    return reply if isinstance(reply, Reply) and plain else None


class _Connection(asyncio.Protocol):
    """One connection; httptools calls the `on_` methods."""

    def __init__(self, wire: Wire) -> None:
        self.kept_until = 0.0
        self._wire = wire
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._reply: Reply | None = None
        self._head_bytes = 0

    def ask(self, asked: bytes, silence: float | None) -> Reply:
        self._reply = Reply(self, silence)
        self._head_bytes = 0
        if self._transport is None or self._transport.is_closing():
            self._reply.fail(httpx2.RemoteProtocolError("closed"))
        else:
            self._transport.write(asked)
        return self._reply

    def done(self, reply: Reply, *, whole: bool) -> None:
        if self._reply is not reply:
            return
        self._reply = None
        if whole and self._transport is not None and not self._transport.is_closing():
            self._wire.release(self)
        else:
            self.abort()

    def abort(self) -> None:
        self._wire.forget(self)
        if self._transport is not None:
            self._transport.abort()

    def resume(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._transport = None
        self._wire.forget(self)
        if self._reply is not None:
            self._reply.fail(httpx2.RemoteProtocolError("broke off"))

    def data_received(self, data: bytes) -> None:
        reply = self._reply
        if reply is None:
            self.abort()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._fail("no HTTP")
            return
        if not reply.status:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._fail("an endless head")
        elif reply.is_full and self._transport is not None:
            self._transport.pause_reading()
        reply.wake()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._reply is not None and not self._reply.status:
            self._reply.headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if self._reply is None:
            return
        if status < 200:
            self._reply.headers.clear()
        else:
            self._reply.begin(status)

    def on_body(self, data: bytes) -> None:
        if self._reply is not None:
            self._reply.add(data)

    def on_message_complete(self) -> None:
        if self._reply is not None and self._reply.status:
            self._reply.end()
            if not self._parser.should_keep_alive() and self._transport is not None:
                self._transport.close()

    def _fail(self, what: str) -> None:
        if self._reply is not None:
            self._reply.fail(httpx2.RemoteProtocolError(what))
        self.abort()


def _written(request: httpx2.Request, content: bytes) -> bytes:
    lines = [b"%s %s HTTP/1.1" % (request.method.encode(), request.url.raw_path)]
    for name, value in request.headers.raw:
        if b"\n" in name + value or b"\r" in name + value:
            raise httpx2.LocalProtocolError("a line break in a header")
        lines.append(b"%s: %s" % (name, value))
    return b"\r\n".join([*lines, b"", content])
