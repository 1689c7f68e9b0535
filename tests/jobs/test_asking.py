"""Asking for work: as durable as what causes it, and one job however often it is asked for."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.database.transactions import committed
from quart_assessment.jobs import service as jobs
from quart_assessment.jobs.facts import Job, error_name, registered
from quart_assessment.jobs.fragments import CHANNEL, asked
from tests.ground.worker import Work
from tests.jobs.conftest import Workbench
from tests.jobs.trial_worker import WordyError


async def test_a_job_of_a_transaction_that_is_rolled_back_is_not_there(bench: Workbench) -> None:
    async def broken(connection: AsyncConnection) -> None:
        await jobs.ask(connection, "trial_note", uuid4())
        raise LookupError

    with pytest.raises(LookupError):
        await committed(bench.pools, broken)
    assert await bench.rows("SELECT * FROM jobs") == []


async def test_asked_for_twice_in_one_cause_it_is_one_job_and_runs_once(bench: Workbench, work: Work) -> None:
    key = uuid4()

    async def twice(connection: AsyncConnection) -> None:
        await jobs.ask(connection, "trial_note", key)
        await jobs.ask(connection, "trial_note", key)

    await committed(bench.pools, twice)
    await bench.ask("trial_note", key)
    assert (await bench.job(key))["asks"] == 3
    work(bench.database)
    await bench.until_state(key, "done")
    assert await bench.marks(key) == ["begun", "ended"]
    assert await bench.runs("trial_note") == {"done": 1}


async def test_jobs_of_another_kind_or_key_are_others(bench: Workbench) -> None:
    key, other = uuid4(), uuid4()
    for kind, ids in (
        ("trial_note", (key,)),
        ("trial_gate", (key,)),
        ("trial_note", (key, other)),
        ("trial_note", (other, key)),
    ):
        await bench.ask(kind, *ids)
    assert len(await bench.rows("SELECT * FROM jobs")) == 4


async def test_a_finished_job_that_is_asked_for_again_is_a_new_one(bench: Workbench, work: Work) -> None:
    work(bench.database)
    key = await bench.ask("trial_note")
    await bench.until_state(key, "done")
    await bench.ask("trial_note", key)
    await bench.until_marked(key, ["begun", "ended"] * 2)
    jobs_ = await bench.rows("SELECT DISTINCT job_id FROM trial_marks WHERE key = $1", key)
    assert len(jobs_) == 2


async def test_asked_for_while_it_runs_it_runs_once_more(bench: Workbench, work: Work) -> None:
    """The run under way may have looked before the new cause was committed."""
    work(bench.database)
    key = await bench.ask("trial_gate")
    await bench.until_marked(key, ["begun"])
    await bench.ask("trial_gate", key)
    await bench.ask("trial_gate", key)
    await bench.open_gate(key)
    await bench.until_marked(key, ["begun", "ended"] * 2)
    await bench.until_state(key, "done")
    seen = await bench.rows("SELECT asks, attempt FROM trial_marks WHERE mark = 'begun' ORDER BY at")
    assert seen == [{"asks": 1, "attempt": 1}, {"asks": 3, "attempt": 1}]


async def test_a_job_asked_for_again_does_not_begin_before_the_new_cause_is_committed(
    bench: Workbench, work: Work
) -> None:
    """Begun in between, it would be done without having seen that cause."""
    key = await bench.ask("trial_note")
    connection = await bench.database.connect()
    cause = connection.transaction()
    await cause.start()
    await connection.execute(_ASK_FOR_ROWS, [key])
    work(bench.database)
    bystander = await bench.ask("trial_note")
    await bench.until_state(bystander, "done")
    assert (await bench.job(key))["state"] == "waiting"
    await cause.commit()
    await bench.until_state(key, "done")
    [seen] = await bench.rows("SELECT asks FROM trial_marks WHERE key = $1 AND mark = 'begun'", key)
    assert seen["asks"] == 2
    await connection.close()


_ASK_FOR_ROWS = f"""
    WITH wanted AS (SELECT 'trial_note' AS kind, ARRAY[id] AS key, now() AS run_after
                    FROM unnest($1::uuid[]) AS id),
    asked AS ({asked("wanted")})
    SELECT count(*) FROM wanted
"""


async def test_a_set_statement_asks_for_the_jobs_of_its_rows_and_tells_the_workers(bench: Workbench) -> None:
    keys = [uuid4() for _ in range(3)]
    heard: asyncio.Queue[str] = asyncio.Queue()
    connection: asyncpg.Connection = await bench.database.connect()
    await connection.add_listener(CHANNEL, lambda *said: heard.put_nowait(said[3]))
    await bench.rows(_ASK_FOR_ROWS, [*keys, keys[0]])
    rows = await bench.rows("SELECT kind, key, state, asks FROM jobs")
    assert {tuple(row["key"]) for row in rows} == {(key,) for key in keys}
    assert {(row["kind"], row["state"], row["asks"]) for row in rows} == {("trial_note", "waiting", 1)}
    assert await asyncio.wait_for(heard.get(), 5) == ""
    await connection.close()


async def test_without_rows_a_set_statement_asks_for_nothing_and_tells_nobody(bench: Workbench) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    connection: asyncpg.Connection = await bench.database.connect()
    await connection.add_listener(CHANNEL, lambda *said: heard.put_nowait(said[3]))
    await bench.rows(_ASK_FOR_ROWS, [])
    await bench.rows(f"SELECT pg_notify('{CHANNEL}', 'the next one')")
    assert await asyncio.wait_for(heard.get(), 5) == "the next one"
    assert await bench.rows("SELECT * FROM jobs") == []
    await connection.close()


async def test_many_who_ask_for_the_same_at_once_get_one_job(bench: Workbench) -> None:
    key = uuid4()
    await asyncio.gather(*(bench.ask("trial_note", key) for _ in range(40)))
    assert (await bench.job(key))["asks"] == 40


async def test_a_job_does_not_run_before_its_time_and_an_earlier_ask_brings_it_forward(
    bench: Workbench, work: Work
) -> None:
    work(bench.database)
    later = datetime.now(UTC) + timedelta(hours=1)
    key = await bench.ask("trial_note", run_after=later)
    await bench.until_state(await bench.ask("trial_note"), "done")
    assert (await bench.job(key))["state"] == "waiting"
    await bench.ask("trial_note", key, run_after=later + timedelta(hours=1))
    assert (await bench.job(key))["run_after"] == later
    await bench.ask("trial_note", key, run_after=datetime.now(UTC) + timedelta(seconds=0.5))
    await bench.until_state(key, "done")


async def test_asked_for_again_a_job_has_all_its_attempts_again(bench: Workbench, work: Work) -> None:
    work(bench.database, job_attempts=2, job_backoff_seconds=3600)
    key = await bench.ask("trial_fail")
    await bench.until_marked(key, ["begun"])
    await bench.until_state(key, "waiting")
    await bench.ask("trial_fail", key)
    await bench.until_marked(key, ["begun"] * 2)
    row = await bench.until_state(key, "waiting")
    assert row["attempts"] == 1


@pytest.mark.parametrize("kind", ["Anna wrote that", "", "x" * 64])
async def test_a_kind_cannot_hold_words(bench: Workbench, kind: str) -> None:
    with pytest.raises(IntegrityError):
        await bench.ask(kind)


async def test_a_job_is_about_something(bench: Workbench) -> None:
    async def nothing(connection: AsyncConnection) -> None:
        await jobs.ask(connection, "trial_note")

    with pytest.raises(IntegrityError):
        await committed(bench.pools, nothing)


async def test_an_errors_words_cannot_be_stored(bench: Workbench) -> None:
    key = await bench.ask("trial_note")
    with pytest.raises(asyncpg.CheckViolationError):
        await bench.rows("UPDATE jobs SET last_error = 'she said so' WHERE $1 = ANY(key)", key)


def test_an_error_is_named_by_its_class_alone() -> None:
    class Local(Exception):
        pass

    assert error_name(WordyError("what she said")) == "tests.jobs.trial_worker.WordyError"
    assert error_name(sa.exc.NoResultFound("what she said")) == "sqlalchemy.exc.NoResultFound"
    assert " " not in error_name(Local())
    assert "<" not in error_name(Local())


def test_a_kind_has_one_handler() -> None:
    async def handler(_job: Job) -> None:
        pass

    assert set(registered({"a": handler}, {"b": handler})) == {"a", "b"}
    with pytest.raises(ValueError, match="a:"):
        registered({"a": handler}, {"a": handler})
    with pytest.raises(ValueError, match="A kind"):
        registered({"A kind": handler})
