"""Whatever the database lacks for a while: 503 and Retry-After meanwhile, service again at once after it."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest

from tests.faults.checks import all_kept
from tests.faults.crowd import Kind
from tests.faults.leaks import errors
from tests.faults.outages import CAUSES, Caller, Cause
from tests.faults.scenarios import Stage
from tests.ground.own_postgres import OwnServer
from tests.ground.scripted_model import Script
from tests.ground.service import Service

AFTER_SECONDS = 2.0
# Enough at once to use up the pools while each waits.
AT_ONCE = 12
_COUNTED = re.compile(r'^qa_database_failures_total\{kind="(\w+)"\} (\S+)', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Scene:
    """A service on a PostgreSQL that may go away, and a caller for each kind of write."""

    stage: Stage
    service: Service
    server: OwnServer
    callers: dict[Kind, Caller]

    async def outage(self, cause: Cause) -> dict[Kind, float]:
        """Let the cause come and go under load; gives how long each kind of write took to be kept after it."""
        for caller in self.callers.values():
            await caller.back()
        before = self.counted()
        async with cause(self.server):
            for _ in range(2):
                replies = await asyncio.gather(
                    *(caller.call() for caller in self.callers.values() for _ in range(AT_ONCE)),
                    self._other_call(),
                )
                assert {reply.status_code for reply in replies} <= {409, 503}, cause
        seconds = dict(
            zip(
                self.callers,
                await asyncio.gather(*(one.back() for one in self.callers.values())),
                strict=True,
            )
        )
        assert CAUSES[cause] <= set(self.counted() - before), (cause, self.counted() - before)
        await all_kept(self.stage.journal, self.server.database, self.service.store)
        assert errors(self.service) == []
        return seconds

    async def _other_call(self) -> httpx.Response:
        """Call a verb, which locks the session as well."""
        someone = self.callers["save"].writer.someone
        return await someone.client.post(f"{someone.path}/open", json={"page_id": str(uuid4())})

    def counted(self) -> Counter[str]:
        """Give how many failures of the database the service counted, by kind."""
        page = httpx.get(f"{self.service.url}/metrics", timeout=10).text
        return Counter({kind: int(float(number)) for kind, number in _COUNTED.findall(page)})


@asynccontextmanager
async def scene_on(stage: Stage, server: OwnServer) -> AsyncIterator[Scene]:
    """Start a service that does not wait for long, with its callers."""
    stage.model.say(Script())
    service = await asyncio.to_thread(
        stage.served, db_lock_timeout=0.5, db_pool_timeout=0.4, db_connect_timeout=1
    )
    async with AsyncExitStack() as stack:
        writers = await stage.writers(service, stack)
        yield Scene(stage, service, server, {one.kind: Caller(one, stage.journal) for one in writers})


async def test_whatever_the_database_lacks_is_a_503_and_passes(stage: Stage, server: OwnServer) -> None:
    async with scene_on(stage.on(server.database), server) as scene:
        for cause in CAUSES:
            await scene.outage(cause)


@pytest.mark.prove
async def test_service_is_back_within_two_seconds_of_each_cause(
    stage: Stage, server: OwnServer, proof: Callable[..., None]
) -> None:
    longest: dict[str, str] = {}
    async with scene_on(stage.on(server.database), server) as scene:
        for cause in CAUSES:
            seconds = [await scene.outage(cause) for _ in range(5)]
            worst = max(max(one.values()) for one in seconds)
            assert worst < AFTER_SECONDS, (cause, seconds)
            longest[cause.__name__] = f"{worst:.2f}"
    proof("First 2xx after an outage", outages_of_each_cause=5, longest_seconds=longest)
