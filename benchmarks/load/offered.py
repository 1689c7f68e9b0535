"""`python -m benchmarks.load.offered < SPECIFICATION`: requests at fixed moments, whatever becomes of earlier ones.

A latency counts from the moment a request was due, so that a stall is seen by all who would have come meanwhile
(no coordinated omission). The specification is JSON: `port`, `rate` a second, `seconds`, `rows`: [[path, cookie]],
taken in turn, `version` (of the first answers) or `picture` and `digest` (a file to be sent, each time as a new
capture). The reply is JSON, times in milliseconds: `latencies` (percentiles), `sent`, `failed`, `why`, `cpu`.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any, cast

import uvloop

from benchmarks.load.model import allow_many_files
from benchmarks.measure import percentile

_SHARES = (0.5, 0.9, 0.99, 0.999, 1.0)
_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
_PATIENCE = 60


class Line(asyncio.Protocol):
    """One kept connection; answers one request at a time."""

    def __init__(self) -> None:
        self._received = b""
        self._reply: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are no subclass of it.
        self._transport = cast(asyncio.Transport, transport)

    def ask(self, request: bytes) -> asyncio.Future[int]:
        """Send a request; the future gives the reply's status, 0 where the connection broke."""
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._reply

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, rest = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if found and len(rest) >= (int(length[1]) if length else 0):
            self._received = b""
            self._answer(int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._answer(0)

    def _answer(self, status: int) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(status)


class Load:
    """The requests of one run and what became of them."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self._asked = asked
        self._idle: deque[Line] = deque()
        self._latencies: list[float] = []
        self._wrong: list[str] = []
        self._prefix = secrets.token_hex(4)
        picture = asked.get("picture")
        self._picture = None if picture is None else Path(picture).read_bytes()

    async def run(self) -> dict[str, Any]:
        """Send all of them, each at its moment."""
        tasks = []
        count = round(self._asked["rate"] * self._asked["seconds"])
        # Not the loop's time: uvloop's is a whole number of milliseconds, and as old as the round of the loop.
        began = time.monotonic() + 0.1
        for number in range(count):
            due = began + number / self._asked["rate"]
            await asyncio.sleep(due - time.monotonic())
            tasks.append(asyncio.create_task(self._one(due, self._request(number))))
        await asyncio.wait(tasks, timeout=_PATIENCE)
        answered = len(self._latencies)
        return {
            "latencies": {str(one): percentile(self._latencies, one) for one in _SHARES} if answered else {},
            "sent": count,
            "failed": count - answered,
            "why": self._wrong[:3],
            "cpu": time.process_time(),
        }

    async def _one(self, due: float, request: bytes) -> None:
        if self._idle:
            line = self._idle.pop()
        else:
            loop = asyncio.get_running_loop()
            _, line = await loop.create_connection(Line, "127.0.0.1", self._asked["port"])
        status = await line.ask(request)
        if status in (200, 201):
            self._latencies.append(1000 * (time.monotonic() - due))
            self._idle.append(line)
        else:
            self._wrong.append(f"status {status}")

    def _request(self, number: int) -> bytes:
        rows = self._asked["rows"]
        path, cookie = rows[number % len(rows)]
        if self._picture is None:
            version = self._asked["version"] + number // len(rows)
            body = b'{"value":%d,"version":%d,"response_time_ms":1234}' % (version % 2, version)
            lines = "Content-Type: application/json"
        else:
            body = self._picture
            path = f"{path}/{self._prefix}-0000-7000-8000-{number:012x}"
            lines = f"Content-Type: image/jpeg\r\nContent-Digest: sha-256=:{self._asked['digest']}:"
        head = f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n{lines}\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


if __name__ == "__main__":
    allow_many_files()
    json.dump(uvloop.run(Load(json.load(sys.stdin)).run()), sys.stdout)
