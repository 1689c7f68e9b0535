"""A crowd of clients for a service, half of them at the questionnaire and half of them in the interview."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.camera.pictures import jpeg
from tests.faults.crowd import Calls, Crowd, Member, Words
from tests.faults.journal import Journal
from tests.faults.people import arrived, links
from tests.faults.scenarios import Gather, OneStore, Serve, Stage
from tests.ground.house import opened
from tests.ground.own_postgres import OwnServer, own_server
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, ScriptedModel, scripted
from tests.ground.service import Service


@pytest.fixture(scope="session")
def pictures() -> list[bytes]:
    """Real pictures from 2 KB to about 200 KB."""
    return [jpeg(width, width, seed=width, quality=90) for width in (32, 64, 128, 256, 400)]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """The one journal of a test."""
    made = Journal(tmp_path / "journal.jsonl")
    yield made
    made.close()


@pytest.fixture
async def talking_model() -> AsyncIterator[ScriptedModel]:
    """A model that takes about half a second for a reply, each a text of its own."""
    async with scripted(Script(Words(12), pause=0.04)) as made:
        yield made


@pytest.fixture
async def gather(database: Database, journal: Journal, pictures: list[bytes]) -> AsyncIterator[Gather]:
    """Bring a crowd into sessions of a service and let it begin: gather(service, seed=1).

    `at` is another address of the service, `on` another database that it runs on.
    """
    async with AsyncExitStack() as stack:

        async def gathered(
            service: Service, seed: int = 1, size: int = 8, on: Database = database, **options: Any
        ) -> Crowd:
            crowd = Crowd([], Calls(), journal, asyncio.Event(), asyncio.Event())
            people = {order: await links(on, order, size // 2) for order in ("phq_first", "chat_first")}
            for place in range(size):
                talks = place % 2 == 1
                client = await stack.enter_async_context(service.client(**options))
                someone = await arrived(client, people["chat_first" if talks else "phq_first"].pop())
                questions = [one["id"] for one in await someone.questions() if one["scored"]]
                if talks:
                    await someone.greet()
                chance = random.Random(f"{seed} {place}")
                crowd.members.append(
                    Member(someone, crowd.calls, journal, crowd.stopping, crowd.gone, chance, questions)
                )
            stack.push_async_callback(crowd.cancel)
            crowd.begin(pictures)
            return crowd

        yield gathered


@pytest.fixture
def stage(
    database: Database, serve: Serve, gather: Gather, journal: Journal, talking_model: ScriptedModel
) -> Stage:
    """The product as it is, for a scenario."""
    return Stage(database, serve, gather, journal, talking_model)


@pytest.fixture
async def server() -> AsyncIterator[OwnServer]:
    """A PostgreSQL that this test may kill."""
    async with own_server() as made:
        yield made


@pytest.fixture
async def one_store(
    database: Database, journal: Journal, tmp_path: Path, pictures: list[bytes]
) -> AsyncIterator[OneStore]:
    """The product as it is, alone on its store, with somebody who sends pictures."""
    paths = []
    for place, picture in enumerate(pictures[:2]):
        paths.append(tmp_path / f"{place}.jpg")
        paths[-1].write_bytes(picture)
    async with opened(database, tmp_path / "house") as house:
        (token,) = await links(database, "phq_first", 1)
        yield OneStore(database, journal, tmp_path, await arrived(house.client(), token), paths)
