"""Callers who share a statement and a commit, and what one of them may do to the others: nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.database.driver import fetch
from quart_assessment.database.engine import Database as Pools
from quart_assessment.database.group_commit import ROWS_A_BATCH, GroupCommit
from quart_assessment.problems import Unavailable
from quart_assessment.settings import Settings
from tests.ground.postgres import Database
from tests.ground.study import settings_of

INSERT = sa.text(
    "INSERT INTO studies (id, slug, title) SELECT gen_random_uuid(), slug, 'x' FROM unnest(CAST(:slugs AS text[])) slug"
)


@dataclass
class Lane:
    """A door by which names of studies are stored, and the batches that went through it."""

    database: Pools
    batches: list[list[str]] = field(default_factory=list)
    pause: float = 0.0
    undecided: set[str] = field(default_factory=set)
    alone: list[str] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    def door(self, **options: Callable[[str], int]) -> GroupCommit[str, str]:
        return GroupCommit(self.database, self.store, "answers", alone=self.store_alone, **options)

    async def store(self, connection: AsyncConnection, batch: Sequence[str]) -> list[str | None]:
        self.batches.append(list(batch))
        self.begun.set()
        await asyncio.sleep(self.pause)
        decided = [slug for slug in batch if slug not in self.undecided]
        await connection.execute(INSERT, {"slugs": decided})
        return [slug if slug in decided else None for slug in batch]

    async def store_alone(self, connection: AsyncConnection, slug: str) -> str:
        self.alone.append(slug)
        await connection.execute(INSERT, {"slugs": [slug]})
        return slug


@pytest.fixture
def tuned(database: Database) -> Settings:
    return settings_of(database, db_pool_timeout=2.0)


@pytest.fixture
async def lane(tuned: Settings) -> AsyncIterator[Lane]:
    pools = Pools(tuned)
    yield Lane(pools)
    await pools.dispose()


async def stored(database: Database) -> set[str]:
    connection = await database.connect(owner=True)
    try:
        return {row["slug"] for row in await connection.fetch("SELECT slug FROM studies")}
    finally:
        await connection.close()


async def test_who_arrives_while_a_write_is_in_flight_shares_the_next(lane: Lane, database: Database) -> None:
    door, lane.pause = lane.door(), 0.05
    first = asyncio.create_task(door.submit("s0"))
    await lane.begun.wait()
    names = [f"s{number}" for number in range(1, 31)]
    assert await asyncio.gather(*(door.submit(name) for name in names)) == names
    assert await first == "s0"
    assert lane.batches == [["s0"], names]
    assert await stored(database) == {"s0", *names}


async def test_who_was_just_answered_can_come_again_with_the_next_batch(lane: Lane) -> None:
    door, lane.pause = lane.door(), 0.05

    async def twice(name: str) -> None:
        await door.submit(name)
        await door.submit(f"{name} again")

    asked = [asyncio.create_task(twice(f"s{number}")) for number in range(3)]
    await lane.begun.wait()
    await asyncio.gather(door.submit("late"), *asked)
    assert [sorted(batch) for batch in lane.batches] == [
        ["s0", "s1", "s2"],
        ["late", "s0 again", "s1 again", "s2 again"],
    ]


async def test_a_batch_has_only_so_many_rows(lane: Lane) -> None:
    door, lane.pause = lane.door(weight=lambda _: 100), 0.01
    await asyncio.gather(*(door.submit(f"s{number}") for number in range(7)))
    assert [len(batch) for batch in lane.batches] == [3, 3, 1]
    assert 2 * 100 < ROWS_A_BATCH <= 3 * 100


async def test_what_one_caller_brings_fails_that_caller_alone(lane: Lane, database: Database) -> None:
    door = lane.door()
    connection = await database.connect(owner=True)
    await connection.execute("INSERT INTO studies (id, slug, title) VALUES ($1, 'taken', 'x')", uuid4())
    await connection.close()
    good = [f"s{number}" for number in range(5)]
    outcomes = await asyncio.gather(
        *(door.submit(name) for name in [*good[:2], "taken", *good[2:]]), return_exceptions=True
    )
    assert isinstance(outcomes.pop(2), sa.exc.IntegrityError)
    assert outcomes == good
    assert await stored(database) == {*good, "taken"}


async def test_a_caller_who_leaves_is_written_and_holds_nobody_up(lane: Lane, database: Database) -> None:
    door, lane.pause = lane.door(), 0.05
    tasks = [asyncio.create_task(door.submit(f"s{number}")) for number in range(5)]
    await lane.begun.wait()
    for task in (tasks[0], tasks[3]):
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(one, asyncio.CancelledError) for one in outcomes] == [True, False, False, True, False]
    assert await door.submit("s5") == "s5"
    assert await stored(database) == {f"s{number}" for number in range(6)}


async def test_who_left_before_the_batch_began_is_written_too(lane: Lane, database: Database) -> None:
    door, lane.pause = lane.door(), 0.05
    first = asyncio.create_task(door.submit("s0"))
    await lane.begun.wait()
    waiting = [asyncio.create_task(door.submit(f"s{number}")) for number in (1, 2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    assert (await first, await waiting[1]) == ("s0", "s2")
    assert await stored(database) == {"s0", "s1", "s2"}


async def test_whom_a_lock_holds_is_decided_alone_and_the_lane_goes_on(
    lane: Lane, database: Database
) -> None:
    door = lane.door()
    lane.undecided = {"s1"}
    assert await asyncio.gather(*(door.submit(f"s{number}") for number in range(3))) == ["s0", "s1", "s2"]
    assert lane.alone == ["s1"]
    assert await stored(database) == {"s0", "s1", "s2"}


async def test_a_stopping_worker_waits_for_all_that_was_submitted(lane: Lane, database: Database) -> None:
    door, lane.pause = lane.door(weight=lambda _: ROWS_A_BATCH), 0.02
    lane.undecided = {"s4"}
    callers = [asyncio.create_task(door.submit(f"s{number}")) for number in range(5)]
    await asyncio.sleep(0)
    await lane.database.drain(5)
    assert await stored(database) == {f"s{number}" for number in range(5)}
    await asyncio.gather(*callers)


async def test_past_its_bound_the_queue_is_a_503(lane: Lane, tuned: Settings) -> None:
    pools = Pools(tuned.model_copy(update={"writes_waiting": 3}))
    bounded = Lane(pools, pause=0.1)
    door = bounded.door()
    outcomes = await asyncio.gather(
        *(door.submit(f"s{number}") for number in range(5)), return_exceptions=True
    )
    assert [isinstance(one, Unavailable) for one in outcomes] == [False, False, False, True, True]
    assert await door.submit("s5") == "s5"
    await pools.dispose()


async def test_who_has_waited_for_too_long_is_told_so_and_not_written(lane: Lane, database: Database) -> None:
    pools = Pools(settings_of(database, db_pool_timeout=0.2))
    slow = Lane(pools, pause=0.4)
    door = slow.door()
    first = asyncio.create_task(door.submit("s0"))
    await slow.begun.wait()
    with pytest.raises(Unavailable):
        await door.submit("s1")
    assert await first == "s0"
    assert await stored(database) == {"s0"}
    await pools.dispose()


async def test_without_a_database_everybody_who_waits_is_told_at_once(
    lane: Lane, tuned: Settings, database: Database
) -> None:
    nowhere = Pools(settings_of(Database("t", "postgresql+asyncpg://a:b@127.0.0.1:1/x", "", "")))
    door = Lane(nowhere).door()
    began = time.monotonic()
    outcomes = await asyncio.gather(
        *(door.submit(f"s{number}") for number in range(9)), return_exceptions=True
    )
    assert all(isinstance(one, Unavailable) for one in outcomes)
    assert len({id(one) for one in outcomes}) == 9, "each caller has an exception of its own"
    assert time.monotonic() - began < 2
    await nowhere.dispose()


async def test_a_statement_that_is_cancelled_by_the_server_is_a_503_for_all_and_the_next_goes_on(
    lane: Lane, database: Database
) -> None:
    door, lane.pause = lane.door(), 0.3
    callers = [asyncio.create_task(door.submit(f"s{number}")) for number in range(3)]
    await lane.begun.wait()
    connection = await database.connect(superuser=True)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = 'qa_app'",
        database.name,
    )
    await connection.close()
    outcomes = await asyncio.gather(*callers, return_exceptions=True)
    assert all(isinstance(one, Unavailable) for one in outcomes)
    lane.pause = 0
    assert await door.submit("s9") == "s9"
    assert await stored(database) == {"s9"}


@pytest.mark.parametrize("by", ["SQLAlchemy", "asyncpg"])
@pytest.mark.parametrize("state", ["40P01", "0A000"])
async def test_a_batch_that_a_deadlock_or_a_stale_plan_broke_is_written_again_whole(
    lane: Lane, database: Database, state: str, by: str
) -> None:
    broken: list[int] = []

    async def store(connection: AsyncConnection, batch: Sequence[str]) -> list[str | None]:
        if not broken:
            broken.append(len(batch))
            raised = f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END $$"
            await (fetch(connection, raised) if by == "asyncpg" else connection.execute(sa.text(raised)))
        return await lane.store(connection, batch)

    door = GroupCommit[str, str](lane.database, store, "answers", alone=lane.store_alone)
    names = ["s0", "s1", "s2"]
    assert await asyncio.gather(*(door.submit(name) for name in names)) == names
    assert (broken, lane.batches, lane.alone) == ([3], [names], [])
    assert await stored(database) == set(names)
