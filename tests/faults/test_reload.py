"""Workers that are replaced while everybody writes: on SIGHUP, after their requests, and at the service's end."""

from __future__ import annotations

import asyncio
import signal
import time

from tests.faults.checks import all_kept
from tests.faults.crowd import KINDS, Crowd, Words
from tests.faults.leaks import errors
from tests.faults.scenarios import Gather, Serve
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, ScriptedModel
from tests.ground.service import Service

GRACE_SECONDS = 8


async def check(crowd: Crowd, service: Service, database: Database) -> int:
    """Look for all that was acknowledged; nothing was answered but by 2xx or a request to come back."""
    assert crowd.calls.unexpected == {}
    found = await all_kept(crowd.journal, database, service.store)
    assert errors(service) == []
    return found.writes


async def test_a_reload_under_load_loses_nothing(
    database: Database, serve: Serve, gather: Gather, talking_model: ScriptedModel
) -> None:
    service = serve(database, model=talking_model.model, graceful_timeout=GRACE_SECONDS)
    crowd = await gather(service)
    calls, before = crowd.calls, {worker.pid for worker in service.workers()}
    await crowd.until(lambda: {call.kind for call in calls.under_way} == set(KINDS), "calls of every kind")
    calls.strike()
    service.signal(signal.SIGHUP)
    await crowd.until(
        lambda: len(service.workers()) == 2 and not before & {worker.pid for worker in service.workers()},
        "new workers alone",
    )
    written = crowd.journal.writes
    await crowd.until(lambda: crowd.journal.writes > written + 50, "more writes")
    await crowd.finish()
    # A turn's stream is told to end, and joined at a new worker. No call is cut off.
    assert sum(calls.broken.values()) == 0
    assert calls.broken_unhit == []
    assert await check(crowd, service, database) > written


async def test_workers_replaced_after_their_requests_lose_nothing(
    database: Database, serve: Serve, gather: Gather, talking_model: ScriptedModel
) -> None:
    service = serve(
        database,
        model=talking_model.model,
        graceful_timeout=GRACE_SECONDS,
        max_requests=60,
        max_requests_jitter=30,
    )
    seen: set[int] = set()
    crowd = await gather(service)

    def replaced() -> bool:
        seen.update(worker.pid for worker in service.workers())
        return len(seen) >= 4

    await crowd.until(replaced, "workers replaced")
    await crowd.finish()
    assert crowd.calls.broken_unhit == []
    assert await check(crowd, service, database) > 60


async def test_the_service_ends_in_time_under_load_and_keeps_what_it_acknowledged(
    database: Database, serve: Serve, gather: Gather, talking_model: ScriptedModel
) -> None:
    service = serve(database, model=talking_model.model, graceful_timeout=GRACE_SECONDS)
    crowd = await gather(service)
    calls = crowd.calls
    await crowd.until(lambda: crowd.journal.writes > 50, "writes")
    # From here on no reply would end by itself.
    talking_model.say(Script(Words(3), stall=True))
    asked = len(talking_model.requests)
    await crowd.until(lambda: len(talking_model.requests) >= asked + 4, "turns that last")
    calls.strike()
    service.signal(signal.SIGTERM)
    told = time.monotonic()
    crowd.stopping.set()
    await crowd.until(
        lambda: not any(call.kind == "turn" and call.hit for call in calls.under_way),
        "streams that end",
        GRACE_SECONDS / 2,
    )
    leaving = asyncio.create_task(crowd.leave())
    assert await asyncio.to_thread(service.process.wait, GRACE_SECONDS) == 0
    assert time.monotonic() - told < GRACE_SECONDS
    await leaving
    # Each was told the end of its stream; none was cut off.
    assert sum(calls.broken.values()) == 0
    assert await check(crowd, service, database) > 50
