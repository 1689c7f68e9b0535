"""What was acknowledged outlives `kill -9` of the workers that acknowledged it, and of those that had not yet."""

from __future__ import annotations

import random
import re
import signal
import time
from collections.abc import Callable

import httpx
import pytest

from tests.faults.checks import Found, all_kept
from tests.faults.crowd import KINDS, Crowd
from tests.faults.leaks import errors
from tests.faults.scenarios import Gather, Serve, Stage, the_database_loses_power
from tests.ground.own_postgres import OwnServer
from tests.ground.postgres import Database
from tests.ground.scripted_model import ScriptedModel
from tests.ground.service import Service

AT_LEAST_OF_EACH = 5


def serving(service: Service) -> set[int]:
    """Give the workers that serve: their own sampling has begun, so they have started whole."""
    try:
        page = httpx.get(f"{service.url}/metrics", timeout=5).text
    except httpx.TransportError:
        return set()
    sampled = re.findall(r'^qa_resident_bytes\{pid="(\d+)"\} [1-9]', page, re.MULTILINE)
    return {int(pid) for pid in sampled} & {worker.pid for worker in service.workers()}


async def until_serving(crowd: Crowd, service: Service, workers: int) -> None:
    last = 0.0

    def all_serve() -> bool:
        nonlocal last
        if time.monotonic() - last < 0.1 or len(service.workers()) < workers:
            return False
        last = time.monotonic()
        return len(serving(service)) == workers

    await crowd.until(all_serve, f"{workers} workers that serve")


async def kill(crowd: Crowd, service: Service, chance: random.Random, number: int) -> int:
    """Kill a worker, or all of them, while a call is under way; gives how many workers."""
    await until_serving(crowd, service, 2)
    wanted = KINDS[number % len(KINDS)]
    pause = time.monotonic() + chance.uniform(0, 0.1)
    await crowd.until(
        lambda: time.monotonic() > pause and any(call.kind == wanted for call in crowd.calls.under_way),
        f"a {wanted} under way",
    )
    workers = service.workers()
    victims = workers if number % 3 == 2 else [chance.choice(workers)]
    assert crowd.calls.strike() > 0
    for victim in victims:
        victim.send_signal(signal.SIGKILL)
    return len(victims)


async def killed_again_and_again(
    crowd: Crowd, service: Service, database: Database, kills: int, writes: int
) -> tuple[int, Found]:
    """Kill at least `kills` times, and until calls of each kind were broken by it; then look for all of it."""
    chance = random.Random(kills)
    await crowd.until(lambda: crowd.journal.writes > 20, "the first writes")
    done = blows = 0
    while done < kills or (done < 4 * kills and min(crowd.calls.broken[kind] for kind in KINDS) < 1):
        done += await kill(crowd, service, chance, blows)
        blows += 1
    await crowd.until(lambda: crowd.journal.writes >= writes, f"{writes} writes", 120)
    await crowd.finish()
    for kind in KINDS:
        assert crowd.calls.hit[kind] >= AT_LEAST_OF_EACH
        assert crowd.calls.broken[kind] >= 1
    assert crowd.calls.unexpected == {}
    found = await all_kept(crowd.journal, database, service.store)
    assert found.writes >= writes
    assert errors(service) == []
    return done, found


async def test_nothing_acknowledged_is_lost_when_workers_are_killed(
    database: Database, serve: Serve, gather: Gather, talking_model: ScriptedModel
) -> None:
    service = serve(database, model=talking_model.model, turn_lease_seconds=1.5)
    crowd = await gather(service)
    await killed_again_and_again(crowd, service, database, kills=5, writes=400)


async def test_nothing_acknowledged_is_lost_when_postgresql_is_killed(
    stage: Stage, server: OwnServer
) -> None:
    crowd, found = await the_database_loses_power(stage.on(server.database), server, times=3)
    assert found.broken == []
    assert crowd.calls.unexpected == {}
    assert found.writes > 60


@pytest.mark.prove
@pytest.mark.parametrize("part", range(5))
async def test_five_hundred_kills_of_workers_lose_nothing(
    part: int,
    database: Database,
    serve: Serve,
    gather: Gather,
    talking_model: ScriptedModel,
    proof: Callable[..., None],
) -> None:
    service = serve(database, model=talking_model.model, turn_lease_seconds=1.5)
    crowd = await gather(service, seed=part)
    _, found = await killed_again_and_again(crowd, service, database, kills=100, writes=2000)
    assert min(crowd.calls.broken[kind] for kind in KINDS) >= AT_LEAST_OF_EACH
    recorded(proof, f"kill -9 of workers under load, part {part + 1} of 5", 100, crowd, found)


@pytest.mark.prove
async def test_fifty_kills_of_postgresql_lose_nothing(
    stage: Stage, server: OwnServer, proof: Callable[..., None]
) -> None:
    crowd, found = await the_database_loses_power(stage.on(server.database), server, times=50)
    assert found.broken == []
    assert crowd.calls.unexpected == {}
    recorded(proof, "kill -9 of PostgreSQL under load", 50, crowd, found)


def recorded(proof: Callable[..., None], title: str, kills: int, crowd: Crowd, found: Found) -> None:
    """Keep the figures of a run in which nothing was lost."""
    calls = crowd.calls
    proof(
        title,
        kills=kills,
        clients=len(crowd.members),
        calls_under_way_at_the_kills={kind: calls.hit[kind] for kind in KINDS},
        of_these_broken_by_them={kind: calls.broken[kind] for kind in KINDS},
        acknowledged_writes=found.writes,
        answers=found.answers,
        messages=found.messages,
        chunks=found.chunks,
        captures=found.captures,
        lost=len(found.broken),
        replies_other_than_2xx_and_503=sum(calls.unexpected.values()),
    )
