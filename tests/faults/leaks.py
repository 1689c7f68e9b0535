"""What a service must not keep once its clients are gone: lent connections, open transactions, files, sockets."""

from __future__ import annotations

import asyncio
import re
import time
from urllib.parse import urlsplit

import httpx
import psutil

from quart_assessment.settings import Settings
from tests.ground.ports import wait_until
from tests.ground.postgres import Database
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
    assert errors(service) == []


def errors(service: Service) -> list[str]:
    """Give the lines that tell of an error, but for Gunicorn's own about workers that were killed."""
    return [
        line
        for line in service.printed().splitlines()
        if ('"level":"ERROR"' in line or "a request failed" in line) and "was sent SIGKILL" not in line
    ]


async def descriptors(service: Service, database: Database) -> int:
    """Count what the only worker has open beside what it keeps for later: connections to model and database.

    Those to the database are no more than the settings say.
    """
    (worker,) = service.workers()
    model = urlsplit(service.environment["LLM_BASE_URL"]).port
    asking = [one for one in worker.net_connections("tcp4") if one.raddr and one.raddr.port == model]
    connection = await database.connect(superuser=True)
    try:
        lent = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND usename = 'qa_app'", database.name
        )
    finally:
        await connection.close()
    assert lent <= Settings(web_concurrency=1).connections
    return worker.num_fds() - len(asking) - int(lent)


async def files_closed(service: Service, database: Database, before: int) -> None:
    """Wait until the worker has no more open than before."""
    end = time.monotonic() + 15
    while (now := await descriptors(service, database)) > before:
        assert time.monotonic() < end, f"{now} files and sockets, {before} before"
        await asyncio.sleep(0.1)


def client_ports(worker: psutil.Process, service: Service) -> set[int]:
    """Give the ports of the clients that are connected to a worker."""
    return {
        one.raddr.port
        for one in worker.net_connections("tcp4")
        if one.raddr and one.laddr.port == service.port
    }
