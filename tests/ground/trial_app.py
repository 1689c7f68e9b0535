"""A small app behind the real worker, for tests of the worker alone."""

import asyncio
import os
from collections.abc import AsyncIterator

from quart import Quart, request

app = Quart(__name__)


@app.before_serving
async def _make_event() -> None:
    app.extensions["stopping"] = asyncio.Event()


@app.after_serving
async def _say_so() -> None:
    print("trial app ended in order", flush=True)


@app.get("/pid")
async def pid() -> str:
    return str(os.getpid())


@app.get("/wait/<float:seconds>")
async def wait(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return str(os.getpid())


@app.post("/echo")
async def echo() -> bytes:
    data = await request.get_data(as_text=False)
    return bytes(data) if isinstance(data, bytes) else data.encode()


@app.get("/stream")
async def stream() -> tuple[AsyncIterator[bytes], int]:
    async def until_stopped() -> AsyncIterator[bytes]:
        yield b"begun\n"
        await app.extensions["stopping"].wait()
        yield b"told\n"

    return until_stopped(), 200


@app.get("/fault")
async def fault() -> str:
    raise RuntimeError("canary in an exception")
