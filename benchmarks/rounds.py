"""One round of a closed loop against one program: what its clients saw, what it cost, and whether it was kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import psutil

from benchmarks.ground import Ground, counted, cpu_seconds, database_processes
from benchmarks.load.wrk import Closed
from tests.ground.postgres import Database
from tests.ground.service import Service


@dataclass(frozen=True, slots=True)
class Seen:
    """One round: what the clients saw, and CPU in microseconds a request of the program and of PostgreSQL."""

    load: Closed
    program: float
    database: float


def closed_round(
    ground: Ground, name: str, service: Service, load: Callable[[], Closed], kept: tuple[Database, str] | None
) -> Seen:
    """Put a load on a contender; `kept` is a database and a count of its rows, where the contender stores.

    Raises:
        RuntimeError: a request failed, or fewer rows came to be than requests were acknowledged.
    """
    before = 0 if kept is None else counted(*kept)
    program = psutil.Process(service.process.pid).children(recursive=True)
    postgres = database_processes(ground.server)
    used, used_there = cpu_seconds(program), cpu_seconds(postgres)
    made = load()
    used, used_there = cpu_seconds(program) - used, cpu_seconds(postgres) - used_there
    if made.failed:
        raise RuntimeError(
            f"{name}: {made.failed} of {made.requests} requests failed\n{service.printed()[-2000:]}"
        )
    if kept is not None and counted(*kept) - before < made.requests:
        raise RuntimeError(f"{name}: more requests acknowledged than rows stored")
    return Seen(made, 1e6 * used / made.requests, 1e6 * used_there / made.requests)
