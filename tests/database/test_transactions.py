"""Units of work: whole or not at all, whoever leaves meanwhile, and no connection is lost over it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.database.engine import SNAPSHOT
from quart_assessment.database.engine import Database as Pools
from quart_assessment.database.transactions import committed
from quart_assessment.problems import NotFound, Unavailable
from tests.ground.house import House, opened
from tests.ground.participant import Participant, kept, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")
STUDY = sa.text("INSERT INTO studies (id, slug, title) VALUES (:id, :slug, 'x')")


def pools_of(house: House) -> Pools:
    pools: Pools = house.app.extensions["database"]
    return pools


def checked_out(house: House) -> int:
    engines = pools_of(house)._engines.values()
    return sum(engine.pool.checkedout() for engine in engines)  # type: ignore[attr-defined]


async def idle_in_transaction(house: House) -> int:
    connection = await house.database.connect(superuser=True)
    try:
        found = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND state LIKE 'idle in transaction%'",
            house.database.name,
        )
    finally:
        await connection.close()
    return int(found)


async def nothing_is_left(house: House) -> None:
    await pools_of(house).drain(10)
    for _ in range(200):
        if checked_out(house) == 0 and await idle_in_transaction(house) == 0:
            return
        await asyncio.sleep(0.01)
    raise AssertionError((checked_out(house), await idle_in_transaction(house)))


async def slugs(house: House, like: str) -> int:
    return len(await house.rows("SELECT 1 FROM studies WHERE slug LIKE $1", like))


async def test_a_unit_is_completed_though_its_caller_is_cancelled(house: House) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(STUDY, {"id": uuid4(), "slug": "left-first"})
        begun.set()
        await go_on.wait()
        await connection.execute(STUDY, {"id": uuid4(), "slug": "left-second"})

    caller = asyncio.create_task(committed(pools_of(house), work))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert await slugs(house, "left-%") == 0
    go_on.set()
    await nothing_is_left(house)
    assert await slugs(house, "left-%") == 2


async def test_an_exception_keeps_nothing(house: House) -> None:
    async def work(connection: AsyncConnection) -> None:
        await connection.execute(STUDY, {"id": uuid4(), "slug": "nothing-kept"})
        raise NotFound

    with pytest.raises(NotFound):
        await committed(pools_of(house), work)
    await nothing_is_left(house)
    assert await slugs(house, "nothing-kept") == 0


async def test_a_unit_that_ran_into_a_deadlock_is_run_again(house: House) -> None:
    ids = [uuid4(), uuid4()]
    for place, one in enumerate(ids):
        await house.rows("INSERT INTO studies (id, slug, title) VALUES ($1, $2, 'x')", one, f"lock-{place}")
    runs: list[int] = []
    meet = asyncio.Barrier(2)
    change = sa.text("UPDATE studies SET title = title || 'y' WHERE id = :id")

    def work_of(order: list[Any]) -> Any:
        async def work(connection: AsyncConnection) -> None:
            runs.append(1)
            await connection.execute(change, {"id": order[0]})
            if len(runs) <= 2:
                await meet.wait()
            await connection.execute(change, {"id": order[1]})

        return work

    await asyncio.gather(
        committed(pools_of(house), work_of(ids)), committed(pools_of(house), work_of(ids[::-1]))
    )
    assert len(runs) == 3
    rows = await house.rows("SELECT title FROM studies WHERE slug LIKE 'lock-%'")
    assert [row["title"] for row in rows] == ["xyy", "xyy"]


async def test_a_reader_sees_one_moment_and_gives_the_connection_back_as_it_was(house: House) -> None:
    pools = pools_of(house)
    level, count = sa.text("SHOW transaction_isolation"), sa.text("SELECT count(*) FROM studies")
    async with pools.reading() as connection:
        before = (await connection.execute(count)).scalar_one()
        await house.rows("INSERT INTO studies (id, slug, title) VALUES ($1, 'meanwhile', 'x')", uuid4())
        assert (await connection.execute(count)).scalar_one() == before
    async with pools.reading() as connection:
        assert (await connection.execute(level)).scalar_one() == "repeatable read"
        assert (await connection.execute(count)).scalar_one() == before + 1
    with suppress(NotFound):
        async with pools.reading():
            raise NotFound
    async with AsyncExitStack() as stack:
        lent = [
            await stack.enter_async_context(pools.connection()) for _ in range(house.settings.db_pool_size)
        ]
        levels = {(await connection.execute(level)).scalar_one() for connection in lent}
    assert levels == {"read committed"}


async def test_a_unit_whose_snapshot_was_overtaken_is_run_again(house: House) -> None:
    one, runs = uuid4(), 0
    await house.rows("INSERT INTO studies (id, slug, title) VALUES ($1, 'overtaken', 'x')", one)

    async def work(connection: AsyncConnection) -> None:
        nonlocal runs
        runs += 1
        await connection.execute(sa.text("SELECT 1 FROM studies LIMIT 1"))
        if runs == 1 or never:
            await house.rows("UPDATE studies SET title = title || 'y' WHERE id = $1", one)
        await connection.execute(
            sa.text("UPDATE studies SET title = title || 'z' WHERE id = :id"), {"id": one}
        )

    never = False
    await committed(pools_of(house), work, isolation=SNAPSHOT)
    assert [row["title"] for row in await house.rows("SELECT title FROM studies WHERE id = $1", one)] == [
        "xyz"
    ]
    never = True
    with pytest.raises(Unavailable):
        await committed(pools_of(house), work, isolation=SNAPSHOT)
    assert runs == 4


async def test_there_are_only_so_many_writes_under_way(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    pools = pools_of(house)
    monkeypatch.setattr(pools, "_settings", house.settings.model_copy(update={"writes_waiting": 2}))
    go_on = asyncio.Event()

    async def work(_: AsyncConnection) -> None:
        await go_on.wait()

    running = [asyncio.create_task(committed(pools, work)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await committed(pools, work)
    go_on.set()
    await asyncio.gather(*running)


async def cancelled_at_some_time(work: Coroutine[Any, Any, Any], chance: random.Random) -> str:
    task = asyncio.create_task(work)
    await asyncio.sleep(chance.random() * 0.03)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
        return "done"
    return "cancelled"


async def cancellations(house: House, count: int) -> int:
    """Cancel calls at random moments, then look at what they left; gives how many were cut."""
    someone = await house.come(await house.study(slug="cancelled", presentation={"order": "phq_first"}))
    await someone.arrive()
    questions = [one["id"] for one in (await someone.questions())[:9]]
    staff = await house.staff("admin")
    chance = random.Random(count)

    def call(place: int) -> Coroutine[Any, Any, Any]:
        kinds = (
            someone.save(questions[place % 9], place % 4, place + 1),
            someone.client.get(someone.path),
            someone.client.post(f"{someone.path}/open", json={"page_id": str(uuid4())}),
            staff.get(f"/api/admin/sessions/{someone.session['id']}"),
            someone.client.get(f"{someone.path}/phq"),
        )
        chosen = kinds[place % len(kinds)]
        for other in kinds:
            if other is not chosen:
                other.close()
        return chosen

    outcomes: list[str] = []
    for start in range(0, count, 20):
        outcomes += await asyncio.gather(
            *(cancelled_at_some_time(call(place), chance) for place in range(start, min(start + 20, count)))
        )
    assert outcomes.count("cancelled") > count / 10
    await nothing_is_left(house)
    halves = await house.rows(
        "SELECT 1 FROM responses r WHERE NOT EXISTS (SELECT 1 FROM response_revisions v"
        " WHERE v.question_id = r.question_id AND v.version = r.version AND v.value = r.value)"
    )
    assert halves == [], "an answer without its revision"
    kept(await someone.save(questions[0], 1, 100_000))
    assert (await someone.refresh())["phq"]["answered"] >= 1
    return outcomes.count("cancelled")


async def test_two_hundred_random_cancellations_leave_no_connection_behind(house: House) -> None:
    await cancellations(house, 200)


@pytest.mark.prove
async def test_a_thousand_random_cancellations_leave_no_connection_behind(
    house: House, proof: Callable[..., None]
) -> None:
    cut = await cancellations(house, 1000)
    proof("Cancelled calls", calls=1000, cut_before_their_reply=cut, connections_left_behind=0)


async def test_a_pool_that_is_used_up_is_a_503_and_not_a_wait_without_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    someone = await house.come(await house.study(slug="cancelled"))
    engine = pools_of(house)._engines["general"]
    monkeypatch.setattr(engine.pool, "_timeout", 0.2)
    taken = [engine.connect() for _ in range(house.settings.db_pool_size)]
    for one in taken:
        await one.start()
    try:
        reply = await someone.client.get("/api/sessions")
        assert (reply.status_code, reply.json()["code"]) == (503, "unavailable")
        assert int(reply.headers["Retry-After"]) >= 1
    finally:
        for one in taken:
            await one.close()
    kept(await someone.client.get("/api/sessions"))


async def test_a_lock_that_is_held_is_a_503(house: House, tmp_path_factory: pytest.TempPathFactory) -> None:
    someone = await house.come(await house.study(slug="cancelled", presentation={"order": "phq_first"}))
    await someone.arrive()
    question = (await someone.questions())[0]["id"]
    async with opened(house.database, tmp_path_factory.mktemp("hasty"), db_lock_timeout=0.3) as hasty:
        hurried = Participant(hasty.client(), someone.session)
        hurried.client.cookies = someone.client.cookies
        holder = await house.database.connect(owner=True)
        try:
            async with holder.transaction():
                await holder.execute(
                    "SELECT 1 FROM sessions WHERE id = $1 FOR UPDATE", UUID(someone.session["id"])
                )
                began = time.monotonic()
                page = {"page_id": str(uuid4())}
                for reply in await asyncio.gather(
                    hurried.save(question, 1), hurried.client.post(f"{hurried.path}/open", json=page)
                ):
                    refused(reply, 503, "unavailable")
                    assert int(reply.headers["Retry-After"]) >= 1
                assert time.monotonic() - began < 10
                kept(await hurried.client.get(hurried.path))
        finally:
            await holder.close()
        kept(await hurried.save(question, 1))
