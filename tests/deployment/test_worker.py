"""The Gunicorn worker over real sockets: its limits, and an end that loses nothing."""

import asyncio
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
import pytest

from quart_assessment.serving.open_files import ENOUGH
from tests.ground.ports import free_port, wait_until
from tests.ground.service import Service, bare_environment, start_process

ROOT = Path(__file__).parents[2]


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Start the trial app under our Gunicorn configuration."""
    started: list[Service] = []

    def start(**settings: object) -> Service:
        port = free_port()
        environment = bare_environment() | {"PORT": str(port), "VAR_DIR": str(tmp_path / "var")}
        environment |= {"GRACEFUL_TIMEOUT": "8", "PYTHONPATH": str(ROOT)}
        environment |= {name.upper(): str(value) for name, value in settings.items()}
        words = [sys.executable, "-m", "gunicorn", "-c", "python:quart_assessment.serving.gunicorn_conf"]
        service = start_process(tmp_path, port, environment, [*words, "tests.ground.trial_app:app"])
        started.append(service)
        service.wait_until_ready("/pid", 20)
        return service

    yield start
    for service in started:
        service.stop(15)


def test_workers_may_open_as_many_files_as_the_machine_allows(
    trial: Callable[..., Service],
) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    usual, most = 1024, before[1]
    assert most > usual
    resource.setrlimit(resource.RLIMIT_NOFILE, (usual, most))
    try:
        service = trial()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    limits = {worker.rlimit(psutil.RLIMIT_NOFILE)[0] for worker in service.workers()}
    assert limits == {min(most, ENOUGH)}


def lines(service: Service) -> list[dict[str, object]]:
    return [json.loads(line) for line in service.printed().splitlines() if line.startswith("{")]


async def test_a_reload_under_load_fails_no_request_and_replaces_every_worker(
    trial: Callable[..., Service],
) -> None:
    service = trial()
    await asyncio.to_thread(wait_until, lambda: len(service.workers()) == 2, "both workers")
    before = {worker.pid for worker in service.workers()}
    failures: list[str] = []
    stop = asyncio.Event()

    async def send(client: httpx.AsyncClient) -> None:
        while not stop.is_set():
            try:
                reply = await client.post("/echo", content=b"x" * 500)
                assert reply.content == b"x" * 500
            except (httpx.TransportError, AssertionError) as error:
                failures.append(repr(error))

    async with service.client() as client, asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(send(client))
        service.signal(signal.SIGHUP)
        await asyncio.to_thread(
            wait_until,
            lambda: len(service.workers()) == 2 and not before & {worker.pid for worker in service.workers()},
            "new workers",
        )
        stop.set()
    assert failures == []
    assert len(service.workers()) == 2


async def test_a_stream_is_told_to_end_before_connections_are_waited_for(
    trial: Callable[..., Service],
) -> None:
    service = trial(web_concurrency=1)
    async with service.client() as client, client.stream("GET", "/stream") as reply:
        received = reply.aiter_lines()
        assert await anext(received) == "begun"
        service.signal(signal.SIGTERM)
        assert await anext(received) == "told"
    assert await asyncio.to_thread(service.process.wait, 8) == 0
    assert service.printed().count("trial app ended in order") == 1


async def test_a_request_under_way_at_the_stop_signal_is_answered(trial: Callable[..., Service]) -> None:
    service = trial(web_concurrency=1)
    async with service.client() as client:
        waiting = asyncio.create_task(client.get("/wait/1.5"))
        await client.get("/pid")
        service.signal(signal.SIGTERM)
        reply = await waiting
    assert reply.status_code == 200
    assert await asyncio.to_thread(service.process.wait, 8) == 0


async def test_a_worker_is_replaced_after_its_requests_without_failing_one(
    trial: Callable[..., Service],
) -> None:
    service = trial(max_requests=20, max_requests_jitter=10)
    seen = set()
    async with service.client() as client:
        for _ in range(300):
            seen.add((await client.get("/pid")).text)
            await asyncio.sleep(0.01)
    assert len(seen) > 2


def test_a_head_that_is_not_whole_in_time_ends_the_connection(trial: Callable[..., Service]) -> None:
    service = trial(header_timeout=1)
    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as slow:
        slow.sendall(b"GET /pid HTTP/1.1\r\nHost: x\r\nX-Slow:")
        assert slow.recv(1000) == b""
    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as silent:
        assert silent.recv(1000) == b""


def test_a_kept_connection_gets_the_deadline_again_with_its_next_head(trial: Callable[..., Service]) -> None:
    service = trial(header_timeout=1, web_concurrency=1)
    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as kept:
        kept.sendall(b"GET /wait/1.5 HTTP/1.1\r\nHost: x\r\n\r\n")
        kept.settimeout(10)
        received = kept.recv(4000)
        while not received.endswith(str(service.workers()[0].pid).encode()):
            received += kept.recv(4000)
        assert received.startswith(b"HTTP/1.1 200")
        kept.sendall(b"GET /pid HTTP/1.1\r\n")
        assert kept.recv(4000) == b""


def test_a_head_without_end_is_refused_and_not_kept_in_memory(trial: Callable[..., Service]) -> None:
    service = trial(web_concurrency=1)
    worker = service.workers()[0]
    before = worker.memory_info().rss
    received = b""
    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as endless:
        try:
            endless.sendall(b"GET /pid HTTP/1.1\r\nHost: x\r\nX-Long: ")
            for _ in range(256):
                endless.sendall(b"a" * 65536)
            received = endless.recv(1000)
        except ConnectionError:
            pass
    assert received == b"" or received.startswith(b"HTTP/1.1 400")
    assert worker.memory_info().rss - before < 8 * 1024 * 1024


def test_trailers_without_end_are_not_kept_in_memory(trial: Callable[..., Service]) -> None:
    service = trial(web_concurrency=1)
    worker = service.workers()[0]
    before = worker.memory_info().rss
    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as endless:
        endless.sendall(b"POST /wait/0 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
        try:
            for _ in range(256):
                endless.sendall(b"X-Trailer: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 1500)
        except ConnectionError:
            pass
        assert worker.memory_info().rss - before < 8 * 1024 * 1024


async def test_too_many_connections_are_answered_as_unavailable(trial: Callable[..., Service]) -> None:
    service = trial(web_concurrency=1, limit_concurrency=2, public_url="https://study.example")
    held = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(2)]
    try:
        async with service.client() as client:
            reply = await client.get("/pid")
    finally:
        for connection in held:
            connection.close()
    assert reply.status_code == 503
    assert reply.headers["retry-after"] == "1"
    assert reply.json()["code"] == "unavailable"
    assert reply.json()["request_id"] == reply.headers["x-request-id"]
    assert datetime.now(UTC) - datetime.fromisoformat(reply.headers["x-server-time"]) < timedelta(minutes=1)
    told = {
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": "camera=(self), microphone=(self)",
        "cache-control": "no-store",
        "strict-transport-security": "max-age=31536000; includeSubDomains",
    }
    assert {name: reply.headers.get(name) for name in told} == told


async def test_no_reply_names_the_server_software(trial: Callable[..., Service]) -> None:
    async with trial().client() as client:
        assert "server" not in (await client.get("/pid")).headers


async def test_logs_are_json_without_what_an_exception_says_or_a_request_line(
    trial: Callable[..., Service],
) -> None:
    service = trial()
    async with service.client() as client:
        assert (await client.get("/fault?word=canary")).status_code == 500
    service.stop()
    assert "canary" not in service.printed()
    errors = [line for line in lines(service) if line["level"] == "ERROR"]
    assert errors[0]["error"] == "builtins.RuntimeError"


def test_workers_end_with_a_killed_master(trial: Callable[..., Service]) -> None:
    service = trial()
    workers = service.workers()
    os.kill(service.process.pid, signal.SIGKILL)
    service.process.wait(5)
    _, left = psutil.wait_procs(workers, timeout=8)
    assert left == []


def test_the_metrics_folder_is_emptied_at_start_but_not_by_one_who_finds_the_port_taken(
    trial: Callable[..., Service], tmp_path: Path
) -> None:
    service = trial()
    kept = tmp_path / "var" / f"metrics-{service.port}" / "counter_1.db"
    kept.write_bytes(b"")
    environment = dict(service.environment)
    words = [sys.executable, "-m", "gunicorn", "-c", "python:quart_assessment.serving.gunicorn_conf"]
    second = start_process(
        tmp_path / "second", service.port, environment, [*words, "tests.ground.trial_app:app"]
    )
    try:
        assert second.process.wait(15) != 0
    finally:
        second.stop(5)
    assert kept.exists()


def test_a_worker_opens_no_control_socket(trial: Callable[..., Service]) -> None:
    service = trial()
    for process in [psutil.Process(service.process.pid), *service.workers()]:
        assert not [connection for connection in process.net_connections("unix") if connection.laddr]
