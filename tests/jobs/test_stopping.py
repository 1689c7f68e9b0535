"""A worker that is told to stop finishes what it can, gives back the rest, and ends in time."""

from __future__ import annotations

import signal
import subprocess

import pytest

from tests.ground.postgres import Database
from tests.ground.service import PROGRAM, bare_environment
from tests.ground.worker import Work
from tests.jobs.conftest import Workbench, said, until


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_job_under_way_at_the_stop_signal_is_finished_and_no_other_begun(
    bench: Workbench, work: Work, number: signal.Signals
) -> None:
    worker = work(bench.database, graceful_timeout=30)
    key = await bench.ask("trial_gate")
    await bench.until_marked(key, ["begun"])
    worker.process.send_signal(number)
    await until(lambda: said(worker, "the worker stops"), "it has noticed")
    later = await bench.ask("trial_note")
    await bench.open_gate(key)
    assert worker.process.wait(20) == 0
    assert (await bench.job(key))["state"] == "done"
    assert (await bench.job(later))["state"] == "waiting"


async def test_a_job_that_takes_too_long_to_stop_is_given_back_as_if_it_had_not_begun(
    bench: Workbench, work: Work
) -> None:
    worker = work(bench.database, graceful_timeout=5, job_lease_seconds=600)
    key = await bench.ask("trial_gate")
    await bench.until_marked(key, ["begun"])
    assert worker.end(20) == 0
    row = await bench.job(key)
    assert (row["state"], row["attempts"], row["last_error"]) == ("waiting", 0, None)
    assert await bench.runs("trial_gate") == {"returned": 1}
    # Not only when the lease has run out.
    work(bench.database)
    await bench.until_marked(key, ["begun", "cancelled", "begun"])


async def test_a_handler_that_does_not_let_itself_be_stopped_ends_with_its_worker_and_keeps_its_lease(
    bench: Workbench, work: Work
) -> None:
    worker = work(bench.database, graceful_timeout=5, job_lease_seconds=20)
    key = await bench.ask("trial_deaf")
    await bench.until_marked(key, ["begun"])
    assert worker.end(30) == 1
    assert (await bench.job(key))["state"] == "running"
    assert await bench.marks(key) == ["begun", "cancelled"]


async def test_an_idle_worker_ends_at_once_and_says_so(database: Database, work: Work) -> None:
    worker = work(database, module="quart_assessment.cli.main", job_poll_seconds=30)

    async def alive() -> bool | None:
        return worker.alive.exists() or None

    await until(alive, "a look for work")
    assert worker.end(10) == 0
    assert "the worker has ended" in worker.printed()


async def test_a_database_without_the_tables_ends_a_worker_with_its_errors_name(
    empty_database: Database, work: Work
) -> None:
    worker = work(empty_database)
    assert worker.process.wait(20) == 1
    assert '"sqlstate":"42P01"' in worker.printed()


def test_without_a_database_a_worker_says_what_is_missing() -> None:
    done = subprocess.run(
        [*PROGRAM, "worker"], env=bare_environment(), capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "DATABASE_URL is not set: the PostgreSQL to work from.\n"
