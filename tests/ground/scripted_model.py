"""A real HTTP server that speaks the streaming chat protocol and fails as it is told: the fault injector."""

import asyncio
import json
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.ground.service import Model

CERTIFICATE = Path(__file__).with_name("untrusted.pem")
"""A certificate for 127.0.0.1 that nobody has signed, with its key."""


@dataclass
class Script:
    """What one request is answered with.

    `pieces` are sent as deltas, `pause` seconds apart; then `finish` as the reason, [DONE], and the end.
    `hold` stalls before the pieces, `cut` breaks the connection after them, `stall` is silent after them.
    `raw` is sent instead of everything, as it is; `echo`: all that was asked is sent instead of the pieces.
    `usage` are the tokens told of before [DONE].
    """

    pieces: Iterable[str] = ("Thank you.",)
    pause: float = 0
    status: int = 200
    finish: str | None = "stop"
    cut: bool = False
    stall: bool = False
    hold: asyncio.Event | None = None
    raw: Iterable[bytes] | None = None
    location: str | None = None
    retry_after: str | None = None
    usage: tuple[int, int] | None = None
    echo: bool = False


@dataclass
class ScriptedModel:
    """Answers each request by the next script, the last one for ever; keeps every request's head and JSON.

    `said` counts the events that were sent, of all replies.
    """

    port: int = 0
    scripts: deque[Script] = field(default_factory=deque)
    requests: list[dict[str, Any]] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    open: int = 0
    finished: int = 0
    said: int = 0

    @property
    def model(self) -> Model:
        return Model(f"http://127.0.0.1:{self.port}/v1", "a key", "scripted")

    def say(self, *scripts: Script) -> None:
        self.scripts = deque(scripts)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            while await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            (
                int(line.split(":")[1])
                for line in head.splitlines()
                if line.lower().startswith("content-length:")
            ),
            0,
        )
        body = await reader.readexactly(length)
        self.heads.append(head)
        if head.startswith("GET"):
            writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{"data":[]}')
            await writer.drain()
            return True
        self.requests.append(json.loads(body))
        script = self.scripts.popleft() if len(self.scripts) > 1 else self.scripts[0]
        if script.echo:
            whole = json.dumps(self.requests[-1], ensure_ascii=False)
            script = replace(script, pieces=[whole[at : at + 200] for at in range(0, len(whole), 200)])
        if script.status != 200:
            return await self._refuse(writer, script)
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        await self._stream(reader, writer, script)
        return not script.cut

    async def _refuse(self, writer: asyncio.StreamWriter, script: Script) -> bool:
        words = b'{"error":{"message":"the secret words of a provider","code":"x"}}'
        place = f"location: {script.location}\r\n" if script.location else ""
        place += f"retry-after: {script.retry_after}\r\n" if script.retry_after else ""
        writer.write(
            f"HTTP/1.1 {script.status} No\r\n{place}content-length: {len(words)}\r\n\r\n".encode() + words
        )
        await writer.drain()
        return True

    async def _stream(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, script: Script
    ) -> None:
        if script.hold is not None:
            await script.hold.wait()
        for data in script.raw if script.raw is not None else self._events(script):
            await _send(writer, data)
            self.said += 1
            if script.pause:
                await asyncio.sleep(script.pause)
        if script.stall:
            # Until the asker goes away.
            await reader.read(1)
            raise ConnectionResetError
        if not script.cut:
            writer.write(b"0\r\n\r\n")
            await writer.drain()
            self.finished += 1

    def _events(self, script: Script) -> Iterable[bytes]:
        for piece in script.pieces:
            said = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
            yield event({"model": "scripted-2024", "choices": [said]})
        if not script.cut and not script.stall and script.finish is not None:
            yield event({"choices": [{"index": 0, "delta": {}, "finish_reason": script.finish}]})
            if script.usage is not None:
                tokens = dict(zip(("prompt_tokens", "completion_tokens"), script.usage, strict=True))
                yield event({"model": "scripted-2024", "choices": [], "usage": tokens})
            yield b"data: [DONE]\n\n"


def event(chunk: dict[str, Any]) -> bytes:
    """Write one event of the stream."""
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n%s\r\n" % (len(data), data))
    await writer.drain()


@asynccontextmanager
async def scripted(*scripts: Script, port: int = 0, tls: bool = False) -> AsyncIterator[ScriptedModel]:
    """Run a scripted model, on a port of its own unless one is given; `tls`: with a certificate that is CERTIFICATE."""
    model = ScriptedModel()
    model.say(*(scripts or (Script(),)))
    context = None
    if tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(CERTIFICATE)
    server = await asyncio.start_server(model._serve, "127.0.0.1", port, ssl=context)
    model.port = server.sockets[0].getsockname()[1]
    try:
        yield model
    finally:
        server.close()


async def until(true: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until it is so; fails after `seconds`."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)
