"""The real local model in a process of its own, and a pass-through that records what it is asked."""

import asyncio
import json
import os
import secrets
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import h11
import httpx

from tests.ground.ports import free_port, wait_until
from tests.ground.service import PROGRAM, Model, bare_environment


@contextmanager
def running_model(folder: Path) -> Iterator[Model]:
    """Serve SmolLM2 as `make run` does."""
    port, key = free_port(), secrets.token_urlsafe(16)
    with open(folder / "model.log", "ab") as log:
        process = subprocess.Popen(
            [*PROGRAM, "model", "--port", str(port), "--with-parent", str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=bare_environment() | {"LLM_API_KEY": key},
        )

    def answers() -> bool:
        assert process.poll() is None, (folder / "model.log").read_text()
        with suppress(httpx.TransportError):
            return httpx.get(f"http://127.0.0.1:{port}/health", timeout=5).status_code == 200
        return False

    try:
        wait_until(answers, "the local model", 60)
        yield Model(f"http://127.0.0.1:{port}/v1", key)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


class PassThrough:
    """Stands between a service and the real model and keeps the JSON of every request."""

    def __init__(self, model: Model) -> None:
        self._upstream = urlsplit(model.base_url)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.requests: list[dict[str, Any]] = []
        # What the model sent back, with the moment (time.monotonic) at which it came.
        self.replies: list[tuple[float, bytes]] = []
        self._original = model

    @property
    def model(self) -> Model:
        """The same model, reached through here."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return Model(f"http://127.0.0.1:{port}{self._upstream.path}", self._original.key, self._original.name)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", 0)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        # asyncio's streams would log a cancelled caller as an error; a closed connection ends it.
        for writer in list(self._writers):
            writer.close()
        while self._writers:
            await asyncio.sleep(0.01)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        there, back = await asyncio.open_connection(self._upstream.hostname, self._upstream.port)
        record = self._recorder()
        ways = [
            asyncio.create_task(_copy(reader, back, record)),
            asyncio.create_task(_copy(there, writer, self._time)),
        ]
        try:
            # One side's end is the end of both: nobody must reuse a connection whose other half is gone.
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            writer.close()
            back.close()
            self._writers.discard(writer)

    def _time(self, data: bytes) -> None:
        self.replies.append((time.monotonic(), data))

    def _recorder(self) -> Any:
        parser, body = h11.Connection(h11.SERVER), bytearray()

        def record(data: bytes) -> None:
            parser.receive_data(data)
            while True:
                event = parser.next_event()
                if isinstance(event, h11.Data):
                    body.extend(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    if body:
                        self.requests.append(json.loads(bytes(body)))
                    body.clear()
                    parser.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
                    parser.send(h11.EndOfMessage())
                    if parser.our_state is h11.MUST_CLOSE:
                        return
                    parser.start_next_cycle()
                elif event in (h11.NEED_DATA, h11.PAUSED) or isinstance(event, h11.ConnectionClosed):
                    return

        return record


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: Any) -> None:
    while data := await reader.read(65536):
        seen(data)
        writer.write(data)
        with suppress(ConnectionError):
            await writer.drain()


@asynccontextmanager
async def recording(model: Model) -> AsyncIterator[PassThrough]:
    """Open a recording pass-through to `model`."""
    through = PassThrough(model)
    await through.start()
    try:
        yield through
    finally:
        await through.stop()
