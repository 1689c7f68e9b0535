"""How the jobs stand is seen on the page of measures and by the doctor, whoever does them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from quart import Quart

from quart_assessment.cli.doctor_database import examine_database
from quart_assessment.cli.findings import Finding
from quart_assessment.settings import Settings
from tests.ground.worker import Work
from tests.jobs.conftest import Workbench

Make = Callable[..., Awaitable[Quart]]


async def measures_of(app: Quart) -> dict[str, float]:
    reply = await app.test_client().get("/metrics", headers={"Authorization": "Bearer token"})
    lines = (await reply.get_data(as_text=True)).splitlines()
    return {
        name: float(value)
        for name, _, value in (line.rpartition(" ") for line in lines)
        if name.startswith("qa_job")
    }


async def doctors_word(settings: Settings) -> Finding:
    [finding] = [one for one in await examine_database(settings) if one.subject == "jobs"]
    return finding


@pytest.fixture
async def app(make_app: Make) -> Quart:
    return await make_app(metrics_token=SecretStr("token"))


async def test_without_jobs_there_is_nothing_to_see(app: Quart, bench: Workbench, settings: Settings) -> None:
    assert await measures_of(app) == {"qa_job_oldest_due_seconds": 0}
    assert (await doctors_word(settings)).level == "ok"


async def test_jobs_that_wait_fail_and_are_given_up_are_counted_by_kind(
    app: Quart, bench: Workbench, settings: Settings, work: Work
) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    await bench.ask("trial_note", run_after=later)
    done, given_up = await bench.ask("trial_note"), await bench.ask("trial_fail")
    work(bench.database, job_attempts=2)
    await bench.until_state(done, "done")
    await bench.until_state(given_up, "failed")
    seen = await measures_of(app)
    assert seen['qa_jobs{kind="trial_note",state="waiting"}'] == 1
    assert seen['qa_jobs{kind="trial_note",state="failed"}'] == 0
    assert seen['qa_jobs{kind="trial_fail",state="failed"}'] == 1
    assert seen['qa_jobs{kind="trial_fail",state="waiting"}'] == 0
    assert seen['qa_job_runs_total{kind="trial_fail",outcome="error"}'] == 2
    assert seen['qa_job_runs_total{kind="trial_note",outcome="done"}'] == 1
    assert seen["qa_job_oldest_due_seconds"] == 0
    word = await doctors_word(settings)
    assert (word.level, word.sentence[:12]) == ("warn", "trial_fail: ")


async def test_a_job_that_nobody_takes_is_noticed(app: Quart, bench: Workbench, settings: Settings) -> None:
    await bench.ask("trial_note", run_after=datetime.now(UTC) - timedelta(seconds=90))
    assert (await measures_of(app))["qa_job_oldest_due_seconds"] >= 90
    word = await doctors_word(settings)
    assert word.level == "warn"
    assert "quart-assessment worker" in word.sentence


async def test_a_job_that_keeps_failing_is_noticed_before_it_is_given_up(
    bench: Workbench, settings: Settings, work: Work
) -> None:
    work(bench.database, job_backoff_seconds=3600)
    key = await bench.ask("trial_fail")
    await bench.until_marked(key, ["begun"])
    await bench.until_state(key, "waiting")
    word = await doctors_word(settings)
    assert (word.level, word.sentence) == ("warn", "trial_fail: 1 failed and will be tried again.")


async def test_the_page_of_measures_is_given_without_jobs_while_the_database_is_away(make_app: Make) -> None:
    away = SecretStr("postgresql+asyncpg://u:p@127.0.0.1:1/x")
    app = await make_app(metrics_token=SecretStr("token"), database_url=away)
    assert await measures_of(app) == {}
    reply = await app.test_client().get("/metrics", headers={"Authorization": "Bearer token"})
    assert reply.status_code == 200
    assert "qa_writes_running" in await reply.get_data(as_text=True)
