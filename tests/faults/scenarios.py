"""Faults done to a whole service under load, each followed by the checks that know none of them.

The tests run them on the product as it is, where nothing may be found; on the mutants something must be.
"""

from __future__ import annotations

import asyncio
import random
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from quart_assessment.database.postgres_programs import SOCKET_NAME
from tests.faults.checks import Found, compared
from tests.faults.crowd import KINDS, Crowd
from tests.faults.journal import Journal
from tests.faults.proxy import FaultProxy, proxied
from tests.ground.postgres import Database
from tests.ground.scripted_model import ScriptedModel
from tests.ground.service import Service

Gather = Callable[..., Awaitable[Crowd]]
Serve = Callable[..., Service]
LEASE_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Stage:
    """What a fault is done to; `code` is the folder of the product's code where that is not the installed one."""

    database: Database
    serve: Serve
    gather: Gather
    journal: Journal
    model: ScriptedModel
    code: Path | None = None

    def served(self, database: Database | None = None, **settings: object) -> Service:
        """Start a service of this code."""
        code = {} if self.code is None else {"pythonpath": self.code}
        given = {"model": self.model.model, "turn_lease_seconds": LEASE_SECONDS} | code | settings
        return self.serve(database or self.database, **given)

    async def found(self, service: Service) -> Found:
        """Compare what was promised with what is stored."""
        return await compared(self.journal, self.database, service.store)


@asynccontextmanager
async def behind_a_proxy(database: Database) -> AsyncIterator[tuple[FaultProxy, Database]]:
    """Give a proxy, and the database as it is reached through it."""
    sockets = Path(parse_qs(urlsplit(database.url).query)["host"][0])
    # A socket's path may have 107 bytes, fewer than pytest's folders have.
    with tempfile.TemporaryDirectory(prefix="qa-proxy-") as folder:
        through = replace(database, url=database.url.replace(quote(str(sockets)), quote(folder)))
        assert through != database
        async with proxied(sockets / SOCKET_NAME, Path(folder) / SOCKET_NAME) as proxy:
            yield proxy, through


async def the_network_to_the_database_breaks(stage: Stage, breaks: int) -> tuple[Crowd, Found]:
    """Hold back what goes to the database, and cut; at last, kill the workers in such a silence."""
    async with behind_a_proxy(stage.database) as (proxy, through):
        service = await asyncio.to_thread(stage.served, through)
        crowd = await stage.gather(service, on=stage.database)
        chance = random.Random(breaks)
        for _ in range(breaks):
            await crowd.until(lambda: {call.kind for call in crowd.calls.under_way} == set(KINDS), "calls")
            proxy.hold()
            await asyncio.sleep(chance.uniform(0.01, 0.1))
            proxy.cut_all()
            await crowd.writes(5)
        proxy.hold()
        await asyncio.sleep(0.3)
        for worker in service.workers():
            worker.send_signal(signal.SIGKILL)
        proxy.cut_all()
        await crowd.leave()
        return crowd, await stage.found(service)
