"""HTTP as uvicorn reads it, with what it leaves open: how long and how large a request's head may be, and a
clear answer when there are too many connections.
"""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from quart_assessment.problems import Unavailable
from quart_assessment.serving.lean.joined_writes import JoinedWrites
from quart_assessment.web.envelope import rfc3339
from quart_assessment.web.security import Header

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope

HEAD_BYTES = 64 * 1024


async def _too_busy(_scope: Scope, _receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    problem = Unavailable()
    request_id = str(uuid.uuid4())
    body = orjson.dumps(
        {"status": "SNAFU", "error": problem.sentence, "code": problem.code, "request_id": request_id}
    )
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", str(problem.retry_after).encode()),
        (b"x-request-id", request_id.encode()),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
        (b"x-server-time", rfc3339(datetime.now(UTC)).encode()),
        *BoundedProtocol.fixed_headers,
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


class BoundedProtocol(HttpToolsProtocol):
    """One connection. A request's head must be whole within `header_timeout` seconds and HEAD_BYTES.

    The worker sets the class variables before it listens.
    """

    header_timeout: ClassVar[float] = 15
    most_connections: ClassVar[int] = 2000
    fixed_headers: ClassVar[list[Header]] = []
    draining: ClassVar[bool] = False
    joined_writes: ClassVar[bool] = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self._served: ASGI3Application = self.app
        self._head_timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock of the first head: a silent connection is closed as a slow one is."""
        super().connection_made(JoinedWrites(transport, self.loop) if self.joined_writes else transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._end_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and refuse a head that does not end."""
        if self._head_timer is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_timer is not None and self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("Request head too large.")

    def on_message_begin(self) -> None:
        """Start the clock of a further head on a kept connection."""
        super().on_message_begin()
        if self._head_timer is None:
            self._await_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header of the head; trailers, which may come without end after a body, are dropped."""
        if self._head_timer is not None:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Hand the request to the app, or to the one who says that there are too many."""
        self._end_head()
        self.app = self._served if len(self.connections) <= self.most_connections else _too_busy
        super().on_headers_complete()
        if self.draining and self.cycle is not None:
            self.cycle.keep_alive = False

    def _await_head(self) -> None:
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(self.header_timeout, self._close_late)

    def _end_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _close_late(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.close()
