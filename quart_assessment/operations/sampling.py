"""What has to be looked at from time to time: the loop's lag, memory, pools, the oldest open alert."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

from quart import Quart

from quart_assessment import measures
from quart_assessment.database.current import database_of
from quart_assessment.problems import Problem
from quart_assessment.safety import service as safety

LAG_SECONDS = 0.02
WORKER_SECONDS = 0.5
ALERTS_SECONDS = 15.0
_STATM = Path("/proc/self/statm")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident_bytes() -> int:
    """Give this process's resident memory (proc(5), statm's second field)."""
    return int(_STATM.read_bytes().split()[1]) * _PAGE


def install(app: Quart) -> None:
    """Sample for as long as the app serves."""
    tasks: list[asyncio.Task[None]] = []

    async def start() -> None:
        tasks.append(asyncio.create_task(_sample_lag()))
        tasks.append(asyncio.create_task(_sample_worker(app)))
        tasks.append(asyncio.create_task(_sample_alerts(app)))

    async def stop() -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    app.before_serving(start)
    app.after_serving(stop)


async def _sample_lag() -> None:
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        await asyncio.sleep(LAG_SECONDS)
        measures.loop_lag.observe(max(0.0, loop.time() - began - LAG_SECONDS))


async def _sample_worker(app: Quart) -> None:
    while True:
        await asyncio.sleep(WORKER_SECONDS)
        measures.memory.set(resident_bytes())
        database_of(app).sample_pools()


async def _sample_alerts(app: Quart) -> None:
    while True:
        with suppress(Problem):
            async with database_of(app).reading() as connection:
                measures.alert_backlog.set(await safety.backlog_age(connection))
        await asyncio.sleep(ALERTS_SECONDS)
