"""Pull-mode bodies, against a real Uvicorn over real sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from quart_assessment.settings import MIB
from tests.serving.conftest import Server

GROWTH = 8 * MIB


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield reader, writer
    finally:
        writer.close()


def head(path: str, *lines: str, method: str = "POST") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


async def happened(server: Server, *events: str) -> None:
    """Wait until the application saw `events`."""
    wanted = set(events)
    async with httpx.AsyncClient() as client, asyncio.timeout(5):
        while wanted:
            wanted -= set((await client.get(f"{server.url}/happened")).json()["happened"])
            await asyncio.sleep(0.01)


@pytest.fixture
async def client(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, timeout=20) as client:
        await client.post("/count", content=b"warm")
        yield client


async def endless(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 65536):
        yield bytes(65536)


async def test_a_body_is_read_whole_and_the_connection_is_kept(client: httpx.AsyncClient) -> None:
    for _ in range(3):
        reply = await client.post("/read", content=b"hello")
        assert reply.json() == {"body": "hello"}
        assert "connection" not in reply.headers


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 1_000_000, 5 * MIB])
async def test_bodies_of_any_size_arrive_complete(client: httpx.AsyncClient, size: int) -> None:
    assert (await client.post("/count", content=bytes(size))).json() == {"bytes": size}


async def test_a_chunked_body_is_read_whole(client: httpx.AsyncClient) -> None:
    assert (await client.post("/count", content=endless(4 * MIB))).json() == {"bytes": 4 * MIB}


async def push(server: Server, request_head: bytes, pieces: AsyncIterator[bytes]) -> tuple[bytes, int]:
    """Send until the server closes, reading meanwhile as browsers do; gives the reply and the bytes sent."""
    sent = 0
    async with connected(server) as (reader, writer):
        reply = asyncio.create_task(reader.readuntil(b"}\n"))
        writer.write(request_head)
        with suppress(ConnectionError):
            async for piece in pieces:
                writer.write(piece)
                await writer.drain()
                sent += len(piece)
        return await reply, sent


async def test_64_mib_refused_without_reading_leave_memory_flat(server: Server) -> None:
    before = server.resident()
    reply, sent = await push(server, head("/refuse", f"Content-Length: {64 * MIB}"), endless(64 * MIB))
    assert reply.startswith(b"HTTP/1.1 401")
    assert b"connection: close" in reply.lower()
    assert sent < 16 * MIB
    assert server.resident() - before < GROWTH


async def test_a_chunked_body_past_the_limit_is_413_and_leaves_memory_flat(server: Server) -> None:
    before = server.resident()

    async def chunked() -> AsyncIterator[bytes]:
        async for piece in endless(64 * MIB):
            yield b"%x\r\n%b\r\n" % (len(piece), piece)

    reply, sent = await push(server, head("/count", "Transfer-Encoding: chunked"), chunked())
    assert reply.startswith(b"HTTP/1.1 413")
    assert reply.endswith(b'{"code":"too_large"}\n')
    assert 5 * MIB < sent < 24 * MIB
    assert server.resident() - before < GROWTH


def test_a_client_that_only_reads_after_writing_gets_its_refusal_too(server: Server) -> None:
    with httpx.Client(base_url=server.url) as client:
        assert client.post("/refuse", content=bytes(64 * MIB)).status_code == 401


async def test_a_declared_length_past_the_limit_is_413_before_a_byte_is_read(server: Server) -> None:
    async with connected(server) as (reader, writer):
        writer.write(head("/count", f"Content-Length: {6 * MIB}"))
        assert (await reader.readline()).startswith(b"HTTP/1.1 413")


async def test_a_stalled_body_is_408_and_leaves_memory_flat(server: Server) -> None:
    before = server.resident()
    async with connected(server) as (reader, writer):
        writer.write(head("/count", "Content-Length: 1000000") + bytes(1000))
        started = time.monotonic()
        reply = await asyncio.wait_for(reader.read(), 10)
        assert reply.startswith(b"HTTP/1.1 408")
        assert reply.endswith(b'{"code":"timeout"}\n')
        assert 0.9 < time.monotonic() - started < 4
    assert server.resident() - before < GROWTH


async def test_a_body_that_never_begins_is_408(server: Server) -> None:
    async with connected(server) as (reader, writer):
        writer.write(head("/count", "Content-Length: 1000000"))
        assert (await asyncio.wait_for(reader.read(), 10)).startswith(b"HTTP/1.1 408")


async def test_a_body_that_trickles_is_408_though_it_is_never_silent(server: Server) -> None:
    async with connected(server) as (reader, writer):
        writer.write(head("/count", "Content-Length: 1000000"))
        reply = asyncio.create_task(reader.readline())
        while not reply.done():
            writer.write(b"x" * 100)
            await asyncio.wait([reply], timeout=0.1)
        assert reply.result().startswith(b"HTTP/1.1 408")


async def test_a_body_that_is_fast_enough_but_too_long_under_way_is_408(server: Server) -> None:
    async with connected(server) as (reader, writer):
        writer.write(head("/count", "Content-Length: 5000000"))
        reply = asyncio.create_task(reader.readline())
        started = time.monotonic()
        while not reply.done():
            writer.write(b"x" * 4000)
            await asyncio.wait([reply], timeout=0.1)
        assert reply.result().startswith(b"HTTP/1.1 408")
        assert 5 < time.monotonic() - started < 9


async def test_a_compressed_body_is_415(client: httpx.AsyncClient) -> None:
    reply = await client.post("/read", content=b"x", headers={"Content-Encoding": "gzip"})
    assert (reply.status_code, reply.json()["code"]) == (415, "unsupported_type")
    assert (
        await client.post("/read", content=b"x", headers={"Content-Encoding": "identity"})
    ).status_code == 200


async def test_a_handler_that_does_not_read_holds_the_client_back(server: Server) -> None:
    before = server.resident()
    sent = 0
    async with connected(server) as (_, writer):
        writer.write(head("/hold", f"Content-Length: {64 * MIB}"))
        while sent < 64 * MIB:
            writer.write(bytes(65536))
            try:
                await asyncio.wait_for(writer.drain(), 1)
            except TimeoutError:
                break
            sent += 65536
        assert sent < 32 * MIB
        assert server.resident() - before < GROWTH


async def test_a_client_that_leaves_mid_body_is_no_server_error(server: Server) -> None:
    logged = len(server.log)
    async with connected(server) as (_, writer):
        writer.write(head("/count", "Content-Length: 1000000") + bytes(100_000))
        await writer.drain()
    async with httpx.AsyncClient(base_url=server.url) as client:
        assert (await client.post("/read", content=b"next")).status_code == 200
    assert not [line for line in server.log[logged:] if "ERROR" in line or "Traceback" in line]


async def test_a_handler_is_cancelled_when_its_client_leaves_after_the_body(server: Server) -> None:
    async with connected(server) as (_, writer):
        writer.write(head("/work", "Content-Length: 2") + b"{}")
        await happened(server, "working")
    await happened(server, "cancelled")


@pytest.mark.parametrize(
    "request_head",
    [
        head("/events", method="GET"),
        head("/events", "Content-Length: 2", method="GET") + b"{}",
        head("/events"),
        head("/events", "Content-Length: 0"),
    ],
    ids=["GET", "GET with a body", "POST without a length", "empty POST"],
)
async def test_a_stream_ends_when_its_reader_leaves(server: Server, request_head: bytes) -> None:
    async with connected(server) as (reader, writer):
        writer.write(request_head)
        await asyncio.wait_for(reader.readuntil(b"tick"), 5)
    await happened(server, "stream ended")


async def test_events_of_a_stream_pass_one_by_one(server: Server) -> None:
    async with connected(server) as (reader, writer):
        writer.write(head("/events", method="GET"))
        await reader.readuntil(b"tick")
        started = time.monotonic()
        for _ in range(10):
            await asyncio.wait_for(reader.readuntil(b"tick"), 5)
        assert 0.3 < time.monotonic() - started < 2


async def test_an_early_refusal_can_be_read_before_the_body_was_sent(server: Server) -> None:
    async with connected(server) as (reader, writer):
        writer.write(head("/refuse", "Content-Length: 1000000"))
        reply = await asyncio.wait_for(reader.readuntil(b'{"code":"login_required"}'), 5)
        assert b"connection: close" in reply.lower()
        writer.write(bytes(100_000))
        await writer.drain()
        assert await asyncio.wait_for(reader.read(), 10) == b"\n"


async def test_a_small_refused_body_is_read_to_its_end_so_that_nothing_resets(server: Server) -> None:
    async with connected(server) as (reader, writer):
        started = time.monotonic()
        writer.write(head("/refuse", "Content-Length: 100000") + bytes(100_000))
        assert (await reader.read()).startswith(b"HTTP/1.1 401")
        assert time.monotonic() - started < 0.9


async def test_a_refused_client_that_asked_first_is_not_told_to_continue(server: Server) -> None:
    async with connected(server) as (reader, writer):
        started = time.monotonic()
        writer.write(head("/refuse", "Content-Length: 100000", "Expect: 100-continue"))
        reply = await asyncio.wait_for(reader.read(), 10)
        assert reply.startswith(b"HTTP/1.1 401")
        assert time.monotonic() - started < 0.9


async def test_a_wanted_client_that_asked_first_is_told_to_continue(server: Server) -> None:
    async with connected(server) as (reader, writer):
        writer.write(head("/read", "Content-Length: 2", "Expect: 100-continue"))
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"ok")
        assert (await reader.readuntil(b"}")).endswith(b'{"body":"ok"}')


async def test_a_refused_get_with_a_body_keeps_its_connection(server: Server) -> None:
    async with connected(server) as (reader, writer):
        for _ in range(2):
            writer.write(head("/refuse", "Content-Length: 2", method="GET") + b"{}")
            reply = await asyncio.wait_for(reader.readuntil(b"}\n"), 10)
            assert b"connection" not in reply.lower()


async def test_a_body_that_was_not_needed_keeps_its_connection(server: Server) -> None:
    async with connected(server) as (reader, writer):
        for body in (b"{}", bytes(100_000)):
            writer.write(head("/ignore", f"Content-Length: {len(body)}") + body)
            reply = await asyncio.wait_for(reader.readuntil(b"}\n"), 10)
            assert b"connection" not in reply.lower()


async def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    async with connected(server) as (reader, writer):
        writer.write(b"".join(head("/read", "Content-Length: 1") + digit for digit in (b"1", b"2", b"3")))
        for digit in (b"1", b"2", b"3"):
            assert b'"body":"' + digit + b'"' in await asyncio.wait_for(reader.readuntil(b"}"), 10)


async def test_quarts_own_client_can_send_a_body() -> None:
    from tests.serving.pulling_app import quart_app

    reply = await quart_app.test_client().post("/read", data=b"hello")
    assert await reply.get_json() == {"body": "hello"}
