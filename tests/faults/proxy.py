"""A proxy that passes bytes on until it is told to fail: cuts anywhere, in mid-word, either way, and silences.

It knows nothing of what it passes on, so it stands before the service as well as before PostgreSQL.
"""

from __future__ import annotations

import asyncio
import math
import random
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

Address = Path | int
"""A Unix socket, or a port of this machine."""

READ_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one connection: cut after so many bytes up or down, by a reset or an end; slow, in bits."""

    up: int | None = None
    down: int | None = None
    reset: bool = False
    delay: float = 0
    split: int | None = None


def random_fate(chance: random.Random, most_up: int, most_down: int) -> Fate:
    """Draw a fate that ends within so many bytes, short ends as likely as long ones."""

    def somewhere(most: int) -> int:
        return int(math.exp(chance.uniform(0, math.log(most))))

    goes_up = chance.random() < 0.5
    return Fate(
        up=somewhere(most_up) if goes_up else None,
        down=None if goes_up else somewhere(most_down),
        reset=chance.random() < 0.5,
        delay=chance.uniform(0, 0.005) if chance.random() < 0.2 else 0,
        split=chance.randrange(1, 2000) if chance.random() < 0.2 else None,
    )


@dataclass(eq=False, slots=True)
class Line:
    """One connection through the proxy: both its ends."""

    fate: Fate
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def cut(self, *, reset: bool) -> None:
        """End both ends: with what was passed on delivered, or with a reset that may overtake it."""
        for writer in self.writers:
            if not reset:
                writer.close()
                continue
            raw = writer.get_extra_info("socket")
            if raw is not None and raw.family != socket.AF_UNIX:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class FaultProxy:
    """Passes connections on to `upstream`, each to the fate that `fate` draws for it."""

    def __init__(self, upstream: Address) -> None:
        self.fate: Callable[[], Fate] = Fate
        self.cuts = 0
        self.port = 0
        self._upstream = upstream
        self._lines: set[Line] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._goes_up = asyncio.Event()
        self._goes_up.set()

    @property
    def url(self) -> str:
        """Where it stands in for an HTTP service."""
        return f"http://127.0.0.1:{self.port}"

    def hold(self) -> None:
        """Let nothing more go up; what comes down still comes. Both ends believe in a slow network."""
        self._goes_up.clear()

    def cut_all(self, *, reset: bool = True) -> int:
        """Cut what is connected, drop what is held, and give how many lines that were."""
        lines = list(self._lines)
        for line in lines:
            line.cut(reset=reset)
        self._lines.clear()
        self._goes_up.set()
        return len(lines)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on, to its end."""
        line = Line(self.fate(), [writer])
        self._lines.add(line)
        try:
            if isinstance(self._upstream, Path):
                above, up = await asyncio.open_unix_connection(self._upstream)
            else:
                above, up = await asyncio.open_connection("127.0.0.1", self._upstream)
            line.writers.append(up)
            ways = {
                asyncio.create_task(self._pass(line, reader, up, line.fate.up, up=True)),
                asyncio.create_task(self._pass(line, above, writer, line.fate.down, up=False)),
            }
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except OSError:
            pass
        finally:
            line.cut(reset=False)
            self._lines.discard(line)

    async def _pass(
        self,
        line: Line,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        left: int | None,
        *,
        up: bool,
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(READ_BYTES):
                if up:
                    await self._goes_up.wait()
                    if line not in self._lines:
                        return
                if left is not None:
                    data = data[:left]
                    left -= len(data)
                await _write(writer, data, line.fate)
                if left == 0:
                    self.cuts += 1
                    line.cut(reset=line.fate.reset)
                    return


async def _write(writer: asyncio.StreamWriter, data: bytes, fate: Fate) -> None:
    size = fate.split or len(data)
    for start in range(0, len(data), size):
        if fate.delay:
            await asyncio.sleep(fate.delay)
        writer.write(data[start : start + size])
        await writer.drain()


@asynccontextmanager
async def proxied(upstream: Address, at: Path | None = None) -> AsyncIterator[FaultProxy]:
    """Run a proxy before `upstream`, at a Unix socket or on a port of its own."""
    proxy = FaultProxy(upstream)
    if at is not None:
        server = await asyncio.start_unix_server(proxy.serve, at)
    else:
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut_all()
