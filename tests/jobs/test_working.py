"""Work is done once it is asked for: by one worker at a time, again after a loss, and not for ever where it fails."""

from __future__ import annotations

import itertools
import signal
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.database.engine import Database as Pools
from quart_assessment.database.transactions import committed
from quart_assessment.jobs import service as jobs
from quart_assessment.problems import Unavailable
from tests.ground.own_postgres import OwnServer, own_server
from tests.ground.study import settings_of
from tests.ground.worker import Work
from tests.jobs.conftest import Workbench, prepared, said, until
from tests.jobs.trial_worker import WORDS


async def ask_for_many(bench: Workbench, kind: str, count: int) -> list[UUID]:
    keys = [uuid4() for _ in range(count)]

    async def ask(connection: AsyncConnection) -> None:
        for key in keys:
            await jobs.ask(connection, kind, key)

    await committed(bench.pools, ask)
    return keys


async def worker_id_of(bench: Workbench, key: UUID) -> UUID:
    row = await bench.until_state(key, "running")
    found: UUID = row["leased_by"]
    return found


async def test_two_workers_never_run_one_job_at_once_and_every_job_once(bench: Workbench, work: Work) -> None:
    for _ in range(2):
        work(bench.database)
    keys = await ask_for_many(bench, "trial_alone", 150)

    async def all_done() -> bool | None:
        [row] = await bench.rows("SELECT count(*) FROM jobs WHERE state = 'done'")
        return row["count"] == len(keys) or None

    await until(all_done, "all done", 60)
    assert await bench.runs("trial_alone") == {"done": len(keys)}
    marks = await bench.rows("SELECT key, mark, count(*) FROM trial_marks GROUP BY key, mark")
    assert len(marks) == 2 * len(keys)
    assert {row["count"] for row in marks} == {1}


async def test_no_more_run_at_once_than_the_setting_says(bench: Workbench, work: Work) -> None:
    work(bench.database, jobs_at_once=3)
    keys = await ask_for_many(bench, "trial_gate", 5)

    async def begun() -> list[UUID] | None:
        rows = await bench.rows("SELECT key FROM trial_marks WHERE mark = 'begun'")
        return [row["key"] for row in rows] if len(rows) >= 3 else None

    await until(begun, "three begun")
    [row] = await bench.rows("SELECT count(*) FROM jobs WHERE state = 'running'")
    assert row["count"] == 3
    assert len(await begun() or []) == 3
    for key in keys:
        await bench.open_gate(key)
    for key in keys:
        await bench.until_state(key, "done")


async def test_a_killed_workers_job_is_taken_up_by_another_and_runs_again(
    bench: Workbench, work: Work
) -> None:
    killed = work(bench.database)
    key = await bench.ask("trial_gate")
    await bench.until_marked(key, ["begun"])
    first = await worker_id_of(bench, key)
    killed.process.kill()
    work(bench.database)
    await bench.until_marked(key, ["begun", "begun"])
    assert await worker_id_of(bench, key) != first
    await bench.open_gate(key)
    row = await bench.until_state(key, "done")
    assert (row["attempts"], row["last_error"]) == (2, "lost")
    assert await bench.runs("trial_gate") == {"lost": 1, "done": 1}


async def test_a_job_that_loses_every_worker_is_given_up(bench: Workbench, work: Work) -> None:
    key = await bench.ask("trial_gate")
    for attempt in (1, 2):
        killed = work(bench.database, job_attempts=2, job_lease_seconds=1)
        await bench.until_marked(key, ["begun"] * attempt)
        killed.process.kill()
    work(bench.database, job_attempts=2)
    row = await bench.until_state(key, "failed")
    assert (row["attempts"], row["last_error"], row["leased_by"]) == (2, "lost", None)
    assert await bench.marks(key) == ["begun", "begun"]


async def test_leases_are_renewed_as_long_as_a_job_runs(bench: Workbench, work: Work) -> None:
    for _ in range(2):
        work(bench.database, job_lease_seconds=1)
    key = await bench.ask("trial_gate")
    first = await worker_id_of(bench, key)
    began = (await bench.job(key))["lease_until"]

    async def renewed_often() -> bool | None:
        return ((await bench.job(key))["lease_until"] - began).total_seconds() > 2.5 or None

    await until(renewed_often, "the lease goes on")
    assert await worker_id_of(bench, key) == first
    await bench.open_gate(key)
    await bench.until_state(key, "done")
    assert await bench.marks(key) == ["begun", "ended"]


async def test_a_worker_that_was_held_up_past_its_lease_breaks_off_and_changes_nothing(
    bench: Workbench, work: Work
) -> None:
    held_up = work(bench.database)
    key = await bench.ask("trial_gate")
    await bench.until_marked(key, ["begun"])
    held_up.process.send_signal(signal.SIGSTOP)
    work(bench.database)
    await bench.until_marked(key, ["begun", "begun"])
    other = await worker_id_of(bench, key)
    held_up.process.send_signal(signal.SIGCONT)
    await bench.until_marked(key, ["begun", "begun", "cancelled"])
    assert await worker_id_of(bench, key) == other
    await bench.open_gate(key)
    await bench.until_state(key, "done")
    assert await bench.runs("trial_gate") == {"lost": 1, "done": 1}
    assert held_up.end() == 0


async def test_a_job_that_fails_runs_again_after_growing_pauses_and_is_given_up_to_be_seen(
    bench: Workbench, work: Work
) -> None:
    worker = work(bench.database, job_attempts=4, job_longest_backoff_seconds=0.3)
    key = await bench.ask("trial_fail")
    row = await bench.until_state(key, "failed")
    assert row["attempts"] == 4
    assert row["last_error"] == "__main__.WordyError"
    assert row["finished_at"] is not None
    times = [one["at"] for one in await bench.rows("SELECT at FROM trial_marks ORDER BY at")]
    pauses = [(after - before).total_seconds() for before, after in itertools.pairwise(times)]
    assert all(pause >= least for pause, least in zip(pauses, (0.1, 0.2, 0.3), strict=True))
    assert await bench.runs("trial_fail") == {"error": 4}
    assert worker.end() == 0
    assert "WordyError" in worker.printed()
    assert WORDS not in worker.printed()
    assert str(key) not in worker.printed()


async def test_a_run_that_takes_too_long_is_broken_off_and_counts_as_failed(
    bench: Workbench, work: Work
) -> None:
    work(bench.database, job_timeout_seconds=0.3, job_attempts=2)
    key = await bench.ask("trial_gate")
    row = await bench.until_state(key, "failed")
    assert row["last_error"] == "timeout"
    assert await bench.marks(key) == ["begun", "cancelled"] * 2
    assert await bench.runs("trial_gate") == {"timeout": 2}


async def test_a_worker_that_knows_no_handler_for_a_kind_leaves_it_to_others(
    bench: Workbench, work: Work
) -> None:
    """So an older release beside a newer one takes nothing that it cannot do."""
    product = work(bench.database, module="quart_assessment.cli.main")
    key = await bench.ask("trial_note")
    await until(lambda: _is_so(product.alive.exists()), "a look for work")
    assert (await bench.job(key))["state"] == "waiting"
    work(bench.database)
    await bench.until_state(key, "done")
    assert product.end() == 0


async def _is_so(true: bool) -> bool | None:
    return true or None


async def test_a_notification_wakes_a_worker_long_before_its_next_look(bench: Workbench, work: Work) -> None:
    work(bench.database, job_poll_seconds=30)
    await bench.until_state(await bench.ask("trial_note"), "done")
    # While this one runs, no end of a run makes the worker look.
    await bench.until_marked(await bench.ask("trial_gate"), ["begun"])
    await bench.until_state(await bench.ask("trial_note"), "done", 10)


async def test_without_notifications_a_worker_finds_work_by_looking(bench: Workbench, work: Work) -> None:
    work(bench.database)
    await bench.until_state(await bench.ask("trial_note"), "done")
    key = uuid4()
    await bench.rows("INSERT INTO jobs (kind, key) VALUES ('trial_note', ARRAY[$1::uuid])", key)
    await bench.until_state(key, "done")


async def test_jobs_that_were_done_long_ago_are_cleared_away_and_failed_ones_stay(
    bench: Workbench, work: Work
) -> None:
    for state, days in (("done", 31), ("done", 29), ("failed", 99)):
        await bench.rows(
            "INSERT INTO jobs (kind, key, state, finished_at) VALUES"
            " ('trial_note', ARRAY[gen_random_uuid()], $1, now() - make_interval(days => $2))",
            state,
            days,
        )
    work(bench.database)

    async def cleared() -> list[str] | None:
        rows = await bench.rows("SELECT state FROM jobs ORDER BY finished_at")
        return [row["state"] for row in rows] if len(rows) < 3 else None

    assert await until(cleared, "cleared") == ["failed", "done"]


@pytest.fixture
async def server() -> AsyncIterator[OwnServer]:
    async with own_server() as made:
        yield made


async def test_a_worker_outlives_a_database_that_goes_away(server: OwnServer, work: Work) -> None:
    await prepared(server.database)
    pools = Pools(settings_of(server.database))
    bench = Workbench(server.database, pools)
    worker = work(server.database, job_lease_seconds=20)
    through, ended_meanwhile = await bench.ask("trial_gate"), await bench.ask("trial_note")
    await bench.until_state(ended_meanwhile, "done")

    async def back_after(outages: int) -> None:
        await until(lambda: said(worker, "the database is away or busy", outages), "it has noticed")
        await server.start()
        key = await until(lambda: _asked(bench), "a job is taken", 10)
        await bench.until_state(key, "done", 10)

    await bench.until_marked(through, ["begun"])
    await server.stop()
    await back_after(1)
    server.kill()
    await back_after(2)
    assert worker.process.poll() is None
    await bench.open_gate(through)
    await bench.until_state(through, "done")
    assert worker.end() == 0
    assert "Traceback" not in worker.printed()
    await pools.dispose()


async def _asked(bench: Workbench) -> UUID | None:
    try:
        return await bench.ask("trial_note")
    except Unavailable:
        return None
