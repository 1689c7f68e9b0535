"""A worker's memory does not grow with what clients send."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from quart_assessment.settings import MIB
from tests.camera.conftest import Sitter, incoming_of
from tests.camera.pictures import jpeg
from tests.ground.participant import kept, refused
from tests.ground.postgres import Database
from tests.ground.service import Service

GROWTH = 8 * MIB
BOUNDARY = "b"


@pytest.fixture(scope="module")
def service(room_database: Database, serve_for_module: Callable[..., Service]) -> Service:
    return serve_for_module(room_database, web_concurrency=1, body_silence_timeout=2)


def resident(service: Service) -> int:
    (worker,) = service.workers()
    size: int = worker.memory_info().rss
    return size


async def sent(service: Service, lines: list[str], first: bytes, size: int, *, chunked: bool) -> bytes:
    """Send `size` bytes behind `first`, or until the service closes; gives the first line of the reply."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    reply = asyncio.create_task(reader.readline())
    writer.write("\r\n".join([*lines, "Host: x", "", ""]).encode())
    with suppress(ConnectionError):
        for piece in [first, *[bytes(65536)] * (size // 65536)]:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            await writer.drain()
    try:
        return await asyncio.wait_for(reply, 15)
    finally:
        writer.close()


def cookie_of(sitter: Sitter) -> str:
    return "Cookie: " + "; ".join(f"{name}={value}" for name, value in sitter.client.cookies.items())


FORM = f"Content-Type: multipart/form-data; boundary={BOUNDARY}"


def form_head(sitter: Sitter) -> bytes:
    part = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
    session = f'{part}"session_id"\r\n\r\n{sitter.session["id"]}\r\n'
    return f'{session}{part}"capture_0"; filename="a"\r\n\r\n'.encode()


async def test_64_mib_without_a_login_are_refused(sitter: Sitter, service: Service) -> None:
    kept(await sitter.put(jpeg()), 201)
    before = resident(service)
    for path in ("/api/camera/upload", "/assessment/camera/upload"):
        lines = [f"POST {path} HTTP/1.1", FORM, f"Content-Length: {64 * MIB}"]
        assert b" 401 " in await sent(service, lines, b"", 64 * MIB, chunked=False)
    lines = [f"PUT {sitter.path}/captures/{uuid4()} HTTP/1.1", f"Content-Length: {64 * MIB}"]
    assert b" 401 " in await sent(service, lines, b"", 64 * MIB, chunked=False)
    assert resident(service) - before < GROWTH


async def test_64_mib_in_chunks_with_a_login_are_413_at_the_limit(
    sitter: Sitter, service: Service, store: Path
) -> None:
    kept(await sitter.put(jpeg()), 201)
    before = resident(service)
    chunked, cookie = "Transfer-Encoding: chunked", cookie_of(sitter)
    lines = ["POST /api/camera/upload HTTP/1.1", cookie, FORM, chunked]
    assert b" 413 " in await sent(service, lines, form_head(sitter), 64 * MIB, chunked=True)
    put = f"PUT {sitter.path}/captures/{uuid4()} HTTP/1.1"
    lines = [put, cookie, "Content-Type: image/jpeg", chunked]
    assert b" 413 " in await sent(service, lines, b"\xff\xd8", 64 * MIB, chunked=True)
    assert resident(service) - before < GROWTH
    async with asyncio.timeout(5):
        while incoming_of(store, sitter.session["id"]):
            await asyncio.sleep(0.01)


async def test_a_form_that_stalls_is_408_and_leaves_nothing(
    sitter: Sitter, service: Service, store: Path
) -> None:
    kept(await sitter.put(jpeg()), 201)
    before = resident(service)
    lines = ["POST /api/camera/upload HTTP/1.1", cookie_of(sitter), FORM, f"Content-Length: {4 * MIB}"]
    assert b" 408 " in await sent(service, lines, form_head(sitter), 2 * MIB, chunked=False)
    assert resident(service) - before < GROWTH
    async with asyncio.timeout(5):
        while incoming_of(store, sitter.session["id"]):
            await asyncio.sleep(0.01)


async def test_a_worker_without_room_says_to_come_back(
    room_database: Database, serve_for_module: Callable[..., Service], service: Service, sitter: Sitter
) -> None:
    secret = service.environment["SECRET_KEY"]
    small = serve_for_module(room_database, web_concurrency=1, uploads_in_flight_bytes=MIB, secret_key=secret)
    async with small.client(cookies=dict(sitter.client.cookies)) as client:
        other = Sitter(client, sitter.session)
        reply = await other.put(bytes(2 * MIB))
        refused(reply, 503, "unavailable")
        assert int(reply.headers["Retry-After"]) >= 1
        kept(await other.put(jpeg()), 201)
