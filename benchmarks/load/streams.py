"""`python -m benchmarks.load.streams < SPECIFICATION`: reads many streams of the paced model's words at once.

The specification is JSON: `port`, `spread` (seconds over which the streams begin), `seconds` (that each lasts),
`patience` (seconds after which one counts as failed), `requests`: [[path, head lines, body], ...]. The reply is
JSON, times in milliseconds: `first` (from sending a request to the first word, one a stream), `delays` (percentiles
of how long words were under way while all streams ran), `beginning` (those before), `words`, `failed`, `why` (the
first failures), `cpu` (seconds this process used).
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any, cast

import uvloop

from benchmarks.load.model import MARK, allow_many_files
from benchmarks.measure import percentile

_SHARES = (0.5, 0.9, 0.99, 0.999, 1.0)
# A mark cut between two pieces is whole in the next one: '@' and 15 digits.
_TAIL = 15
_SETTLING = 1


class Reader(asyncio.Protocol):
    """One stream, read to its end."""

    def __init__(self, request: bytes, delays: list[tuple[int, int]], ended: asyncio.Future[None]) -> None:
        self._request = request
        self._delays = delays
        self._ended = ended
        self._tail = b""
        self._head = True
        self.first: int | None = None
        self.words = 0
        self.trouble: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are no subclass of it.
        self._transport = cast(asyncio.Transport, transport)
        self._sent = time.monotonic_ns() // 1000
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns() // 1000
        if self._head:
            self._head = False
            if not data.startswith(b"HTTP/1.1 200"):
                self.trouble = data[:40].decode(errors="replace") + data[-200:].decode(errors="replace")
        data = self._tail + data
        end = 0
        for mark in MARK.finditer(data):
            if self.first is None:
                self.first = now - self._sent
            self._delays.append((now, now - int(mark[1])))
            self.words += 1
            end = mark.end()
        if b"event: error" in data:
            self.trouble = data[-200:].decode(errors="replace")
        self._tail = data[max(end, len(data) - _TAIL) :]
        # The last chunk of chunked coding, or the connection's end, closes both kinds of stream.
        if data.endswith(b"\r\n0\r\n\r\n") or self.trouble:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self.trouble = self.trouble or type(exc).__name__
        if not self._ended.done():
            self._ended.set_result(None)


async def _read(asked: dict[str, Any]) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    delays: list[tuple[int, int]] = []
    began = time.monotonic()

    async def one(number: int, path: str, lines: list[str], body: str) -> Reader:
        await asyncio.sleep(began + asked["spread"] * number / len(asked["requests"]) - time.monotonic())
        head = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", *lines, "Content-Type: application/json"]
        request = "\r\n".join([*head, f"Content-Length: {len(body)}", "", body]).encode()
        ended: asyncio.Future[None] = loop.create_future()
        reader = Reader(request, delays, ended)
        await loop.create_connection(lambda: reader, "127.0.0.1", asked["port"])
        try:
            async with asyncio.timeout(asked["patience"]):
                await ended
        except TimeoutError:
            reader.trouble = "it did not end in time"
        return reader

    readers = await asyncio.gather(*(one(at, *request) for at, request in enumerate(asked["requests"])))
    troubles = [one.trouble or "no word" for one in readers if one.trouble or not one.words]
    all_run = 1e6 * (began + asked["spread"] + _SETTLING)
    first_end = 1e6 * (began + asked["seconds"])
    return {
        "first": [one.first / 1000 for one in readers if one.first is not None],
        "delays": _percentiles([delay for at, delay in delays if all_run <= at < first_end]),
        "beginning": _percentiles([delay for at, delay in delays if at < all_run]),
        "words": len(delays),
        "failed": len(troubles),
        "why": troubles[:3],
        "cpu": time.process_time(),
    }


def _percentiles(delays: list[int]) -> dict[str, float]:
    return {str(share): percentile(delays, share) / 1000 for share in _SHARES} if delays else {}


if __name__ == "__main__":
    allow_many_files()
    json.dump(uvloop.run(_read(json.load(sys.stdin))), sys.stdout)
