"""A database that goes away: 503 while it is gone, and service again soon after it is back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import httpx
import pytest

from tests.ground.house import invitations, load_into
from tests.ground.own_postgres import OwnServer, own_server
from tests.ground.participant import Participant, kept, refused
from tests.ground.service import Service
from tests.ground.study import study_with


@pytest.fixture
async def server() -> AsyncIterator[OwnServer]:
    async with own_server() as made:
        yield made


@pytest.fixture
def service(server: OwnServer, serve: Callable[..., Service]) -> Service:
    return serve(server.database, web_concurrency=1)


async def gone(someone: Participant, question: str, staff: httpx.AsyncClient) -> None:
    page = {"page_id": str(uuid4())}
    for reply in await asyncio.gather(
        someone.client.get(someone.path),
        someone.client.get("/api/sessions"),
        someone.save(question, 2, 2),
        someone.client.post(
            f"{someone.path}/phq/responses",
            json={"responses": [{"question_id": question, "value": 1, "version": 3}]},
        ),
        someone.client.post(f"{someone.path}/open", json=page),
        someone.client.post("/api/sessions", json={}),
        someone.client.get(f"{someone.path}/phq"),
        someone.client.get(f"{someone.path}/chat"),
        staff.post("/api/auth/login", json={"username": "somebody", "password": "some password"}),
        staff.post("/api/auth/invitation", json={"token": "x"}),
    ):
        refused(reply, 503, "unavailable")
        assert int(reply.headers["Retry-After"]) >= 1
        for word in ("asyncpg", "SELECT", "/tmp", "postgres", "Traceback"):
            assert word not in reply.text
    async with asyncio.timeout(8):
        assert (await staff.get("/healthz")).status_code == 200
        ready = await staff.get("/readyz")
    assert ready.status_code == 503
    assert {"database", "durability", "migrations"} <= set(ready.json()["failed"])


async def back(someone: Participant, question: str, version: int) -> float:
    """Wait until a save is taken again; gives the seconds since now."""
    began = time.monotonic()
    while (reply := await someone.save(question, 2, version)).status_code == 503:
        assert time.monotonic() - began < 10, "service again soon"
        await asyncio.sleep(0.05)
    kept(reply)
    return time.monotonic() - began


async def test_without_a_database_all_is_503_and_with_it_back_service_goes_on(
    server: OwnServer, service: Service
) -> None:
    study = await load_into(server.database, study_with(presentation={"order": "phq_first"}))
    [token] = await invitations(server.database, study)
    async with service.client() as client, service.client() as other:
        someone = Participant(client)
        kept(await client.post("/api/auth/invitation", json={"token": token}))
        await someone.arrive()
        question = (await someone.questions())[0]["id"]
        kept(await someone.save(question, 1))
        await server.stop()
        await gone(someone, question, other)
        await server.start()
        await back(someone, question, 5)
        kept(await client.get(someone.path))
        server.kill()
        await gone(someone, question, other)
        await server.start()
        await back(someone, question, 6)
        assert (await someone.refresh())["phq"]["answered"] == 1
        [stored] = kept(await client.get(f"{someone.path}/phq"))["responses"]
        assert (stored["value"], stored["version"]) == (2, 6)
    assert "Traceback" not in service.printed()
