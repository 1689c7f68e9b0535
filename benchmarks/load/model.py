"""`python -m benchmarks.load.model PORT`: an OpenAI-compatible model that talks at an even pace, made to be cheap.

A request for the model `paced-RATE-TOKENS` is answered by TOKENS tokens, RATE a second, the first at once. Each
token is ` @` and the time of its sending: microseconds of CLOCK_MONOTONIC, which all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import re
import resource
import sys
import time
from typing import cast

import uvloop

MARK = re.compile(rb"@(\d{15})")
_ASKED = re.compile(rb'"model":\s*"paced-([\d.]+)-(\d+)"')
_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_MODELS = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{"data":[]}'
_BEFORE = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"paced","choices":'
    b'[{"index":0,"delta":{"content":" @'
)
_AFTER = b'"},"finish_reason":null}]}\n\n'
_LAST = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"paced","choices":'
    b'[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)


def _chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


_TOKEN = b"%x\r\n%b%%015d%b\r\n" % (len(_BEFORE) + 15 + len(_AFTER), _BEFORE, _AFTER)
_END = _chunked(_LAST) + b"0\r\n\r\n"


class PacedModel(asyncio.Protocol):
    """One connection, which may ask again after a reply."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self._next: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are no subclass of it.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if self._next is not None:
            self._next.cancel()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, rest = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        size = int(length[1]) if length else 0
        if not found or len(rest) < size:
            return
        self._received = rest[size:]
        asked = _ASKED.search(rest[:size])
        if asked is None:
            self._transport.write(_MODELS)
            return
        self._transport.write(_HEAD)
        self._talk(self._loop.time(), 1 / float(asked[1]), int(asked[2]), 0)

    def _talk(self, began: float, pace: float, tokens: int, said: int) -> None:
        self._transport.write(_TOKEN % (time.monotonic_ns() // 1000))
        said += 1
        if said == tokens:
            self._transport.write(_END)
            return
        self._next = self._loop.call_at(began + said * pace, self._talk, began, pace, tokens, said)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(PacedModel, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


def allow_many_files() -> None:
    """Let this process open as many connections as the machine allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    allow_many_files()
    uvloop.run(_serve(int(sys.argv[1])))
