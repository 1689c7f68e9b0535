"""Transport as it is on a socket: what the server itself adds, refuses and keeps open."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.ground.house import COOKIE, invitations, load_into
from tests.ground.participant import Participant, kept, refused
from tests.ground.postgres import Database
from tests.ground.service import Service
from tests.ground.study import study_with


@pytest.fixture(scope="module")
def service(module_database: Database, serve_for_module: Callable[..., Service]) -> Service:
    return serve_for_module(module_database, web_concurrency=1)


@pytest.fixture
async def someone(service: Service, module_database: Database) -> AsyncIterator[Participant]:
    study = await load_into(module_database, study_with(presentation={"order": "phq_first"}))
    [token] = await invitations(module_database, study)
    async with service.client() as client:
        made = Participant(client)
        kept(await client.post("/api/auth/invitation", json={"token": token}))
        await made.arrive()
        yield made


async def exchange(service: Service, raw: bytes, seconds: float = 5) -> bytes:
    """Send bytes and read until the server closes, or `seconds` have passed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    received = b""
    try:
        writer.write(raw)
        async with asyncio.timeout(seconds):
            while part := await reader.read(65536):
                received += part
    except (TimeoutError, ConnectionResetError):
        pass
    finally:
        writer.close()
    return received


def parsed(received: bytes) -> tuple[int, dict[str, str], dict[str, Any]]:
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, json.loads(body[: int(headers["content-length"])])


def request_to(path: str, body: bytes = b"", *, method: str = "POST", **headers: str) -> bytes:
    told = {"Host": "127.0.0.1", "Connection": "close"} | headers
    if body and "Transfer-Encoding" not in headers:
        told.setdefault("Content-Length", str(len(body)))
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body


async def test_no_reply_names_the_server_or_repeats_a_header(service: Service, someone: Participant) -> None:
    for path in ("/", "/healthz", "/api/auth/me", "/api/nothing", someone.path, f"{someone.path}/phq"):
        reply = await someone.client.get(path)
        assert "Server" not in reply.headers
        assert "X-Powered-By" not in reply.headers
        UUID(reply.headers["X-Request-ID"])
        for name in reply.headers:
            assert len(reply.headers.get_list(name)) == 1, name


async def test_the_clock_of_a_reply_is_the_servers(service: Service, someone: Participant) -> None:
    """D14: the page keeps an offset to this clock."""
    times = [(await someone.client.get("/healthz")).headers["X-Server-Time"] for _ in range(5)]
    assert times == sorted(times)


async def test_an_early_refusal_can_be_read_and_ends_the_connection(service: Service) -> None:
    began = time.monotonic()
    raw = (
        request_to("/api/sessions", b"", **{"Content-Length": "5000000", "Connection": "keep-alive"})
        + b"x" * 300_000
    )
    status, headers, body = parsed(await exchange(service, raw))
    assert (status, body["code"], headers["connection"]) == (401, "login_required", "close")
    assert time.monotonic() - began < 4


async def test_a_connection_is_kept_after_calls_that_need_no_body(
    service: Service, someone: Participant
) -> None:
    cookie = f"{COOKIE}={someone.client.cookies[COOKIE]}"
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    try:
        for verb, body in (
            ("phq/start", "{}"),
            ("restart", '{"part": "phq"}'),
            ("phq/start", ""),
            ("phq/complete", "{}"),
        ):
            told = {"Cookie": cookie, "Connection": "keep-alive", "Content-Length": str(len(body))}
            writer.write(request_to(f"{someone.path}/{verb}", body.encode(), **told))
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            status, headers, _ = parsed(head + await reader.readexactly(length))
            assert status in (200, 409)
            assert headers.get("connection") != "close", verb
    finally:
        writer.close()


async def test_a_chunked_body_with_and_without_an_end(service: Service, someone: Participant) -> None:
    cookie = {"Cookie": f"{COOKIE}={someone.client.cookies[COOKIE]}", "Transfer-Encoding": "chunked"}
    question = (await someone.questions())[0]["id"]
    body = b'{"value": 1, "version": 1}'
    chunks = b"".join(b"1\r\n" + body[place : place + 1] + b"\r\n" for place in range(len(body)))
    path = f"{someone.path}/phq/responses/{question}"
    status, _, reply = parsed(
        await exchange(service, request_to(path, chunks + b"0\r\n\r\n", method="PUT", **cookie))
    )
    assert (status, reply["data"]["version"]) == (200, 1)
    too_much = b"1000\r\n" + b" " * 4096 + b"\r\n" + b"1\r\n \r\n"
    status, headers, reply = parsed(
        await exchange(service, request_to(path, too_much, method="PUT", **cookie))
    )
    assert (status, reply["code"], headers["connection"]) == (413, "too_large", "close")


async def test_a_body_cut_short_by_the_client_stores_nothing(
    service: Service, someone: Participant, module_database: Database
) -> None:
    question = (await someone.questions())[0]["id"]
    raw = request_to(
        f"{someone.path}/phq/responses/{question}",
        b'{"value": 1, "version": 1}',
        method="PUT",
        Cookie=f"{COOKIE}={someone.client.cookies[COOKIE]}",
        **{"Content-Length": "27"},
    )
    _, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(raw)
    await writer.drain()
    writer.close()
    await someone.refresh()
    assert someone.session["phq"]["answered"] == 0
    assert "Traceback" not in service.printed()


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /caf\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/nothing HTTP/1.1\r\n\r\n",
        b"GET /api/nothing HTTP/1.1\r\nHost: \xff\r\n\r\n",
        b"GET http://other/api/nothing HTTP/1.1\r\nHost: x\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /api/auth/me HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        b"GET /api/nothing HTTP/1.0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /api/auth/me HTTP/1.1\r\nHost: x\r\nCookie: qa_login=\xff\xfe; \x80\r\n\r\n",
        b"GET /api/auth/me HTTP/1.1\r\nHost: x\r\nOrigin: \xff\r\nX: \x00\r\n\r\n",
    ],
    ids=lambda raw: repr(raw[:40]),
)
async def test_no_bytes_at_all_are_a_fault_of_ours(service: Service, raw: bytes) -> None:
    before = service.printed().count("Traceback")
    received = await exchange(service, raw, 0.5)
    if received:
        assert received.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4", b"HTTP/1.1 200", b"HTTP/1.1 101")), (
            received[:200]
        )
    async with service.client() as client:
        assert (await client.get("/healthz")).status_code == 200
    assert service.printed().count("Traceback") == before, service.printed()[-3000:]


async def test_two_hundred_calls_that_are_refused_leave_the_worker_as_it_was(service: Service) -> None:
    async with httpx.AsyncClient(base_url=service.url, timeout=30) as client:
        replies = await asyncio.gather(
            *(client.post("/api/sessions", content=b"x" * 100) for _ in range(200))
        )
    for reply in replies:
        refused(reply, 401, "login_required")
    assert len({reply.headers["X-Request-ID"] for reply in replies}) == 200
