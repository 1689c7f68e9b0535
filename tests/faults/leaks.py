"""What a service must not keep once its clients are gone: lent connections, open transactions, files, sockets."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import psutil

from tests.ground.participant import Participant
from tests.ground.ports import wait_until
from tests.ground.postgres import Database
from tests.ground.scripted_model import until
from tests.ground.service import Service

_LENT = re.compile(
    r"^(?:qa_pool_connections_in_use|qa_writes_running|qa_open_streams).* [1-9].*", re.MULTILINE
)


async def given_back(service: Service) -> None:
    """Wait until no write is under way, no stream is open and no connection is lent."""

    def lent() -> list[str]:
        return _LENT.findall(httpx.get(f"{service.url}/metrics", timeout=10).text)

    await asyncio.to_thread(wait_until, lambda: not lent(), "all connections given back", 10)


async def nothing_stays_open(service: Service, database: Database) -> None:
    """No connection lent, no transaction left open, no unexpected line in the log."""
    await given_back(service)
    connection = await database.connect(superuser=True)
    try:
        open_ones = await connection.fetch(
            "SELECT state FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'"
            " AND state <> 'idle' AND pid <> pg_backend_pid()",
            database.name,
        )
    finally:
        await connection.close()
    assert [row["state"] for row in open_ones] == []
    assert "a request failed" not in service.printed()
    assert '"level":"ERROR"' not in service.printed()


def descriptors(service: Service) -> int:
    """Count what the only worker has open, but for its connections to the model, which its client keeps for later."""
    (worker,) = service.workers()
    model = urlsplit(service.environment["LLM_BASE_URL"]).port
    asking = [one for one in worker.net_connections("tcp4") if one.raddr and one.raddr.port == model]
    return worker.num_fds() - len(asking)


async def files_closed(service: Service, before: int) -> None:
    """Wait until the worker has no more open than before."""
    await asyncio.to_thread(
        wait_until, lambda: descriptors(service) <= before, f"{before} files and sockets", 15
    )


async def with_full_pools(someone: Participant, service: Service, others: int = 0) -> int:
    """Have each pool open all its connections, and count what is open then, with so many `others` connected."""
    (worker,) = service.workers()
    async with service.client() as client:
        client.cookies.update(someone.client.cookies)
        together = Participant(client, someone.session)
        await asyncio.gather(*(client.get("/api/auth/me") for _ in range(20)))
        # The statement runs, finds no such question, and writes nothing.
        await asyncio.gather(*(together.save(str(uuid4()), 0) for _ in range(20)))
    await someone.client.aclose()
    await until(lambda: len(client_ports(worker, service)) <= others)
    return descriptors(service)


def client_ports(worker: psutil.Process, service: Service) -> set[int]:
    """Give the ports of the clients that are connected to a worker."""
    return {
        one.raddr.port
        for one in worker.net_connections("tcp4")
        if one.raddr and one.laddr.port == service.port
    }
