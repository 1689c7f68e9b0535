"""A small application behind PullBodies; the tests run it under a real Uvicorn."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

from quart import Response, request

from quart_assessment.problems import ClientLeft, Problem
from quart_assessment.serving.bodies import PullBodies, body_of
from quart_assessment.serving.lean import app_class
from quart_assessment.settings import MIB, Settings

settings = Settings()
quart_app = app_class(lean=os.environ.get("LEAN") == "1")(__name__)
quart_app.asgi_app = PullBodies(quart_app.asgi_app, settings)  # type: ignore[method-assign]
app = quart_app
happened: list[str] = []


@quart_app.errorhandler(Problem)
async def _refused(problem: Problem) -> tuple[dict[str, str], int]:
    return {"code": problem.code}, problem.status


@quart_app.errorhandler(ClientLeft)
async def _left(_: ClientLeft) -> tuple[str, int]:
    happened.append("left")
    return "", 499


@quart_app.route("/refuse", methods=["GET", "POST"])
async def _refuse() -> tuple[dict[str, str], int]:
    return {"code": "login_required"}, 401


@quart_app.post("/ignore")
async def _ignore() -> dict[str, str]:
    return {"body": "was not needed"}


@quart_app.post("/count")
async def _count() -> dict[str, int]:
    total = 0
    async for chunk in body_of(request.scope).chunks(5 * MIB):
        total += len(chunk)
    return {"bytes": total}


@quart_app.post("/read")
async def _read() -> dict[str, str]:
    return {"body": (await body_of(request.scope).read(5 * MIB)).decode()}


@quart_app.post("/hold")
async def _hold() -> dict[str, str]:
    async for _ in body_of(request.scope).chunks(1024 * MIB):
        await asyncio.sleep(3600)
    return {}


@quart_app.post("/work")
async def _work() -> dict[str, str]:
    await body_of(request.scope).read(MIB)
    try:
        happened.append("working")
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        happened.append("cancelled")
        raise
    return {}


@quart_app.route("/events", methods=["GET", "POST"])
async def _events() -> Response:
    async def ticks() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"data: tick\n\n"
                await asyncio.sleep(0.05)
        finally:
            happened.append("stream ended")

    response = Response(ticks(), mimetype="text/event-stream")
    response.timeout = None
    return response


@quart_app.get("/happened")
async def _happened() -> dict[str, list[str]]:
    seen = happened.copy()
    happened.clear()
    return {"happened": seen}
