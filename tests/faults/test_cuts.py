"""Connections cut at random bytes, in the middle of requests and of replies; to the service, and to its database."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from tests.faults.checks import Found, all_kept
from tests.faults.crowd import Crowd
from tests.faults.leaks import descriptors, errors, files_closed, nothing_stays_open
from tests.faults.proxy import Fate, proxied, random_fate
from tests.faults.scenarios import Gather, Serve, Stage, behind_a_proxy, the_network_to_the_database_breaks
from tests.ground.postgres import Database
from tests.ground.scripted_model import ScriptedModel
from tests.ground.service import Service

MOST_UP, MOST_DOWN = 300_000, 20_000


async def cut_again_and_again(
    gather: Gather, service: Service, database: Database, cuts: int
) -> tuple[Crowd, Found]:
    """Let a crowd work over connections that break until so many have; then nothing is lost or left open."""
    before = await descriptors(service, database)
    async with proxied(service.port) as proxy:
        crowd = await gather(service, seed=cuts, base_url=proxy.url)
        chance = random.Random(cuts)
        proxy.fate = lambda: random_fate(chance, MOST_UP, MOST_DOWN)
        proxy.cut_all()
        await crowd.until(lambda: proxy.cuts >= cuts, f"{cuts} cuts", 30 + cuts / 5)
        proxy.fate = Fate
        proxy.cut_all(reset=False)
        await crowd.finish()
    for member in crowd.members:
        await member.someone.client.aclose()
    await nothing_stays_open(service, database)
    await files_closed(service, database, before)
    assert crowd.calls.unexpected == {}
    return crowd, await all_kept(crowd.journal, database, service.store)


async def test_requests_and_replies_cut_anywhere_lose_nothing(
    database: Database, serve: Serve, gather: Gather, talking_model: ScriptedModel
) -> None:
    service = serve(database, model=talking_model.model, web_concurrency=1)
    crowd, found = await cut_again_and_again(gather, service, database, 100)
    assert found.writes > 100
    assert min(crowd.calls.broken_kinds.values()) > 0


@pytest.mark.prove
async def test_a_thousand_cuts_lose_nothing_and_leave_nothing_open(
    database: Database,
    serve: Serve,
    gather: Gather,
    talking_model: ScriptedModel,
    proof: Callable[..., None],
) -> None:
    service = serve(database, model=talking_model.model, web_concurrency=1)
    crowd, found = await cut_again_and_again(gather, service, database, 1000)
    proof(
        "Requests and replies cut at random bytes",
        cuts=1000,
        calls_broken_by_them=dict(crowd.calls.broken_kinds),
        acknowledged_writes=found.writes,
        lost=0,
        connections_checked_out=0,
        idle_in_transaction=0,
        leaked_file_descriptors=0,
    )


async def test_a_database_whose_connections_break_under_load_loses_nothing(stage: Stage) -> None:
    crowd, found = await the_network_to_the_database_breaks(stage, breaks=8)
    assert found.broken == []
    assert crowd.calls.unexpected == {}
    assert crowd.calls.statuses[503] > 0


async def test_connections_to_the_database_cut_at_any_byte_lose_nothing(stage: Stage) -> None:
    async with behind_a_proxy(stage.database) as (proxy, through):
        service = await asyncio.to_thread(stage.served, through)
        crowd = await stage.gather(service, on=stage.database)
        chance = random.Random(5)
        proxy.fate = lambda: random_fate(chance, MOST_UP, MOST_DOWN)
        proxy.cut_all()
        await crowd.until(lambda: proxy.cuts >= 100, "100 cuts", 60)
        proxy.fate = Fate
        proxy.cut_all()
        await crowd.finish()
        assert crowd.calls.unexpected == {}
        assert crowd.calls.broken_unhit == []
        assert (await stage.found(service)).broken == []
        assert errors(service) == []
