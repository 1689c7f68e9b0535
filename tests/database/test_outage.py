"""A database that goes away: 503 while it is gone, and service again soon after it is back."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from os import kill
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from quart_assessment.cli.environment import with_database
from quart_assessment.database import embedded
from quart_assessment.database.migrations import migrate
from quart_assessment.settings import Settings
from tests.ground.house import invitations, load_into
from tests.ground.participant import Participant, kept, refused
from tests.ground.postgres import Database
from tests.ground.service import Service, start_service
from tests.ground.study import study_with


@dataclass(frozen=True, slots=True)
class Own:
    """A PostgreSQL of this test's own, and a service of one worker on it."""

    settings: Settings
    database: Database
    service: Service

    async def stop(self) -> None:
        await embedded.stop(self.settings)

    async def start(self) -> None:
        await embedded.start(self.settings)

    def kill(self) -> None:
        lock = next(self.settings.var_dir.rglob("postmaster.pid"))
        kill(int(lock.read_text().split("\n")[0]), signal.SIGKILL)


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Own]:
    folder = Path(tempfile.mkdtemp(prefix="qa-outage-"))
    folder.chmod(0o711)
    settings = Settings(var_dir=folder)
    service = None
    try:
        addresses = await embedded.start(settings)
        await migrate(with_database(settings, addresses))
        database = Database(
            embedded.DATABASE,
            addresses.database_url,
            addresses.migration_database_url,
            addresses.superuser_url,
        )
        service = await asyncio.to_thread(start_service, tmp_path, database, web_concurrency=1)
        yield Own(settings, database, service)
    finally:
        if service is not None:
            await asyncio.to_thread(service.stop)
        await embedded.stop(settings)
        shutil.rmtree(folder, ignore_errors=True)


async def gone(someone: Participant, question: str, staff: httpx.AsyncClient) -> None:
    page = {"page_id": str(uuid4())}
    for reply in await asyncio.gather(
        someone.client.get(someone.path),
        someone.client.get("/api/sessions"),
        someone.save(question, 2, 2),
        someone.client.post(
            f"{someone.path}/phq/responses",
            json={"responses": [{"question_id": question, "value": 1, "version": 3}]},
        ),
        someone.client.post(f"{someone.path}/open", json=page),
        someone.client.post("/api/sessions", json={}),
        someone.client.get(f"{someone.path}/phq"),
        someone.client.get(f"{someone.path}/chat"),
        staff.post("/api/auth/login", json={"username": "somebody", "password": "some password"}),
        staff.post("/api/auth/invitation", json={"token": "x"}),
    ):
        refused(reply, 503, "unavailable")
        assert int(reply.headers["Retry-After"]) >= 1
        for word in ("asyncpg", "SELECT", "/tmp", "postgres", "Traceback"):
            assert word not in reply.text
    async with asyncio.timeout(8):
        assert (await staff.get("/healthz")).status_code == 200
        ready = await staff.get("/readyz")
    assert ready.status_code == 503
    assert {"database", "durability", "migrations"} <= set(ready.json()["failed"])


async def back(someone: Participant, question: str, version: int) -> float:
    """Wait until a save is taken again; gives the seconds since now."""
    began = time.monotonic()
    while (reply := await someone.save(question, 2, version)).status_code == 503:
        assert time.monotonic() - began < 10, "service again soon"
        await asyncio.sleep(0.05)
    kept(reply)
    return time.monotonic() - began


async def test_without_a_database_all_is_503_and_with_it_back_service_goes_on(own: Own) -> None:
    study = await load_into(own.database, study_with(presentation={"order": "phq_first"}))
    [token] = await invitations(own.database, study)
    async with own.service.client() as client, own.service.client() as other:
        someone = Participant(client)
        kept(await client.post("/api/auth/invitation", json={"token": token}))
        await someone.arrive()
        question = (await someone.questions())[0]["id"]
        kept(await someone.save(question, 1))
        await own.stop()
        await gone(someone, question, other)
        await own.start()
        await back(someone, question, 5)
        kept(await client.get(someone.path))
        own.kill()
        await gone(someone, question, other)
        await own.start()
        await back(someone, question, 6)
        assert (await someone.refresh())["phq"]["answered"] == 1
        [stored] = kept(await client.get(f"{someone.path}/phq"))["responses"]
        assert (stored["value"], stored["version"]) == (2, 6)
    assert "Traceback" not in own.service.printed()
