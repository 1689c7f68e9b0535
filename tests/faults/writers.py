"""Calls as bytes, for clients that leave in their middle or send their end late."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from quart_assessment.serving.lean.patrol import ROUND_SECONDS
from tests.camera.pictures import jpeg
from tests.faults.crowd import Kind
from tests.faults.journal import Item, Journal, answer_item, capture_item, message_item
from tests.faults.leaks import client_ports
from tests.ground.participant import Participant
from tests.ground.postgres import Database
from tests.ground.scripted_model import until
from tests.ground.service import Service

PICTURE = jpeg(200, 200, seed=5)


@dataclass(frozen=True, slots=True)
class Write:
    """One call as bytes, and what it is to write."""

    kind: Kind
    wire: bytes
    item: Item


@dataclass(slots=True)
class Writer:
    """Makes calls of one kind for one session, each a new one; another client's cookies make them a stranger's."""

    someone: Participant
    kind: Kind
    questions: list[str] = field(default_factory=list)
    made: int = 0

    def next(self, cookies: str | None = None) -> Write:
        """Make the next call."""
        self.made += 1
        ident, path, session = str(uuid4()), self.someone.path, self.someone.session["id"]
        kind = "application/json"
        if self.kind == "save":
            ident = self.questions[self.made % len(self.questions)]
            item = answer_item(session, ident, self.made, self.made % 4)
            start = f"PUT {path}/phq/responses/{ident}"
            body = json.dumps({name: item[name] for name in ("value", "version")}).encode()
        elif self.kind == "turn":
            item = message_item(session, ident, f"Message {self.made} of {session}.")
            start = f"POST {path}/chat/turns"
            body = json.dumps({"message_id": ident, "message": item["message"]}).encode()
        else:
            item = capture_item(session, ident, PICTURE)
            start, body, kind = f"PUT {path}/captures/{ident}", PICTURE, "image/jpeg"
        head = (
            f"{start} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            f"Cookie: {cookies or cookies_of(self.someone)}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return Write(self.kind, head.encode() + body, item)


def cookies_of(someone: Participant) -> str:
    """Give a client's cookies as a header."""
    return "; ".join(f"{one.name}={one.value}" for one in someone.client.cookies.jar)


async def opened(service: Service) -> socket.socket:
    """Connect to a service."""
    raw = socket.socket()
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", service.port))
    return raw


async def sent(
    service: Service,
    journal: Journal,
    login: str,
    write: Write,
    *,
    foreign: bool = False,
    before_the_end: Callable[[], Awaitable[None]] | None = None,
) -> int:
    """Send a call, its last bytes only after `before_the_end`, and journal what became of it; gives its status."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    try:
        if before_the_end is not None:
            writer.write(write.wire[:-5])
            await writer.drain()
            await before_the_end()
        call = journal.sent(login, [write.item], foreign=foreign)
        writer.write(write.wire if before_the_end is None else write.wire[-5:])
        reply = await reader.read()
    except ConnectionError:
        return 0
    finally:
        writer.close()
    if not reply:
        return 0
    status = int(reply.split(b" ", 2)[1])
    if status in (200, 201) and b'"kept":false' not in reply:
        journal.kept(call)
    elif status < 500:
        journal.refused(call)
    return status


async def leave_while_it_waits(
    writer: Writer, service: Service, database: Database, journal: Journal
) -> None:
    """Send a call that has to wait for a lock, leave when the service has read it, and let it go on."""
    write = writer.next()
    call = journal.sent("a leaver", [write.item])
    holder = await database.connect(owner=True)
    session_id = UUID(writer.someone.session["id"])
    try:
        async with holder.transaction():
            # Whoever writes waits for this row: the call has been read by then, and nothing of it is written.
            await holder.execute("SELECT 1 FROM sessions WHERE id = $1 FOR UPDATE", session_id)
            raw = await opened(service)
            port = raw.getsockname()[1]
            await asyncio.get_running_loop().sock_sendall(raw, write.wire)
            await waits_for_a_lock(database)
            raw.close()
            await noticed(service, port)
            # The worker closes its end at once; what it was doing for the client hears of it some rounds later.
            await asyncio.sleep(4 * ROUND_SECONDS)
            journal.left(call)
    finally:
        await holder.close()


async def noticed(service: Service, port: int) -> None:
    """Wait until the service has closed its end of the connection from `port`."""
    (worker,) = service.workers()
    await until(lambda: port not in client_ports(worker, service))


async def waits_for_a_lock(database: Database) -> None:
    """Wait until some connection waits for a lock."""
    connection = await database.connect(superuser=True)
    try:
        async with asyncio.timeout(10):
            while not await connection.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'",
                database.name,
            ):
                await asyncio.sleep(0.01)
    finally:
        await connection.close()
