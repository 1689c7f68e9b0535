"""A crowd of clients for a service, half of them at the questionnaire and half of them in the interview."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.camera.pictures import jpeg
from tests.ground.participant import Participant
from tests.ground.postgres import Database
from tests.ground.service import Service
from tests.ground.study import populated, study_with
from tests.promises.crowd import Calls, Crowd, Member
from tests.promises.journal import Journal

Gather = Callable[..., Awaitable[Crowd]]
CAMERA = {"max_captures": 100_000, "min_spacing_ms": 0}


@pytest.fixture(scope="session")
def pictures() -> list[bytes]:
    """Real pictures from 2 KB to about 200 KB."""
    return [jpeg(width, width, seed=width, quality=90) for width in (32, 64, 128, 256, 400)]


@pytest.fixture
async def gather(database: Database, tmp_path: Path, pictures: list[bytes]) -> AsyncIterator[Gather]:
    """Bring a crowd into sessions of a service and let it begin: gather(service, seed=1)."""
    async with AsyncExitStack() as stack:

        async def gathered(service: Service, seed: int = 1, size: int = 8) -> Crowd:
            journal = Journal(tmp_path / "journal.jsonl")
            stack.callback(journal.close)
            crowd = Crowd([], Calls(), journal, asyncio.Event(), asyncio.Event())
            people = {}
            for order in ("phq_first", "chat_first"):
                study = study_with(
                    slug=order.replace("_", "-"),
                    presentation={"order": order},
                    chat={"max_turns": 200},
                    camera=CAMERA,
                )
                people[order] = list((await populated(database, study, size // 2)).participants)
            for place in range(size):
                talks = place % 2 == 1
                person = people["chat_first" if talks else "phq_first"].pop()
                someone = Participant(await stack.enter_async_context(service.client()))
                await someone.log_in(person.username, person.password)
                await someone.arrive()
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
