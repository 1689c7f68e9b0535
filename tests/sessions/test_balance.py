"""The two orders stay balanced, however many start at the same moment and wherever they do."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from time import perf_counter
from typing import Any

import httpx
import pytest

from tests.ground.house import invitations, load_into
from tests.ground.participant import kept
from tests.ground.postgres import Database
from tests.ground.service import Service
from tests.ground.study import study_with


@pytest.fixture(scope="module")
def service(module_database: Database, serve_for_module: Callable[..., Service]) -> Service:
    return serve_for_module(module_database)


async def starts(service: Service, database: Database, slug: str, count: int) -> list[str]:
    """Let `count` people start at the same moment; gives the part each has first."""
    tokens = await invitations(database, await load_into(database, study_with(slug=slug)), count)
    clients = [service.client() for _ in tokens]
    try:
        for client, token in zip(clients, tokens, strict=True):
            kept(await client.post("/api/auth/invitation", json={"token": token}))

        async def start(client: httpx.AsyncClient) -> str:
            while (reply := await client.post("/api/sessions", json={})).status_code == 503:
                await asyncio.sleep(int(reply.headers["Retry-After"]) / 4)
            return str(kept(reply, 201)["session"]["order"][0])

        return list(await asyncio.gather(*(start(client) for client in clients)))
    finally:
        for client in clients:
            await client.aclose()


async def test_forty_parallel_starts_over_two_workers_are_balanced(
    service: Service, module_database: Database
) -> None:
    counted = Counter(await starts(service, module_database, "forty", 40))
    assert sum(counted.values()) == 40
    assert abs(counted["phq"] - counted["chat"]) <= 2


@pytest.mark.prove
async def test_two_hundred_parallel_starts_over_two_workers_are_balanced(
    service: Service, module_database: Database, proof: Callable[..., Any]
) -> None:
    began = perf_counter()
    counted = Counter(await starts(service, module_database, "two-hundred", 200))
    assert sum(counted.values()) == 200
    assert abs(counted["phq"] - counted["chat"]) <= 2
    proof(
        "Balanced orders",
        participants=200,
        workers=2,
        phq_first=counted["phq"],
        chat_first=counted["chat"],
        seconds=round(perf_counter() - began, 1),
    )
