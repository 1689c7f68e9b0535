"""What may go away for a while under a service, and callers who meet it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import httpx

from tests.faults.journal import Journal
from tests.faults.writers import PICTURE, Writer
from tests.ground.own_postgres import OwnServer
from tests.ground.participant import refused

Cause = Callable[[OwnServer], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def stopped(server: OwnServer) -> AsyncIterator[None]:
    await server.stop()
    yield
    await server.start()


@asynccontextmanager
async def killed(server: OwnServer) -> AsyncIterator[None]:
    server.lose_power()
    yield
    await server.start()


@asynccontextmanager
async def read_only(server: OwnServer) -> AsyncIterator[None]:
    """As a standby is, before it takes over."""
    await _told(server, f"ALTER DATABASE {server.database.name} SET default_transaction_read_only = on")
    yield
    await _told(server, f"ALTER DATABASE {server.database.name} RESET default_transaction_read_only")


@asynccontextmanager
async def no_connection_left(server: OwnServer) -> AsyncIterator[None]:
    await _told(server, "ALTER ROLE qa_app CONNECTION LIMIT 0")
    yield
    await _told(server, "ALTER ROLE qa_app CONNECTION LIMIT -1")


@asynccontextmanager
async def rows_locked(server: OwnServer) -> AsyncIterator[None]:
    holder = await server.database.connect(owner=True)
    try:
        async with holder.transaction():
            await holder.execute("SELECT 1 FROM sessions FOR UPDATE")
            yield
    finally:
        await holder.close()


CAUSES: dict[Cause, set[str]] = {
    stopped: {"connection"},
    killed: {"connection"},
    read_only: {"read_only"},
    no_connection_left: {"resources"},
    rows_locked: {"lock", "pool"},
}
"""Each cause, and what the service counts it as."""


async def _told(server: OwnServer, statement: str) -> None:
    """Change what new connections may do, and end the old ones."""
    connection = await server.database.connect(superuser=True)
    try:
        await connection.execute(statement)
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'qa_app'"
        )
    finally:
        await connection.close()


@dataclass(frozen=True, slots=True)
class Caller:
    """Sends calls of one kind and journals what was promised."""

    writer: Writer
    journal: Journal

    async def call(self) -> httpx.Response:
        """Send a new call; a 503 must ask to come back, in the envelope."""
        write, someone = self.writer.next(), self.writer.someone
        noted = self.journal.sent(self.writer.kind, [write.item])
        ident = write.item["id"]
        if write.kind == "save":
            reply = await someone.save(ident, write.item["value"], write.item["version"])
        elif write.kind == "upload":
            path, headers = f"{someone.path}/captures/{ident}", {"Content-Type": "image/jpeg"}
            reply = await someone.client.put(path, content=PICTURE, headers=headers)
        else:
            body = {"message_id": ident, "message": write.item["message"]}
            reply = await someone.client.post(f"{someone.path}/chat/turns", json=body)
        if reply.status_code in (200, 201):
            self.journal.kept(noted)
        elif reply.status_code != 409:
            refused(reply, 503, "unavailable")
            assert int(reply.headers["Retry-After"]) >= 1
        return reply

    async def back(self) -> float:
        """Call until it is kept; gives the seconds since now."""
        began = time.monotonic()
        async with asyncio.timeout(30):
            while (await self.call()).status_code not in (200, 201):
                await asyncio.sleep(0.05)
        return time.monotonic() - began
