"""Whatever goes wrong, a capture is there whole, with its row, or nothing of it is."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.camera import repository, saving
from quart_assessment.camera.metadata import Metadata
from quart_assessment.camera.offers import Offer
from quart_assessment.camera.saving import save_capture
from quart_assessment.camera.stores.files import FileStore
from quart_assessment.database.engine import Database
from quart_assessment.database.transactions import committed
from quart_assessment.problems import Problem, Unavailable
from quart_assessment.settings import Settings
from quart_assessment.web.caller import Caller
from tests.camera.conftest import Rows, Sitter, files_of
from tests.camera.pictures import jpeg
from tests.ground import postgres
from tests.ground.study import settings_of

PICTURE = jpeg()


@pytest.fixture
def settings(room_database: postgres.Database, tmp_path: Path) -> Settings:
    return settings_of(room_database, store_dir=tmp_path / "store")


@pytest.fixture
async def pools(settings: Settings) -> AsyncIterator[Database]:
    pools = Database(settings)
    yield pools
    await pools.drain(5)
    await pools.dispose()


@pytest.fixture
async def files(settings: Settings) -> AsyncIterator[FileStore]:
    store = FileStore(settings)
    await store.start()
    yield store
    await store.stop()


@pytest.fixture
async def caller(sitter: Sitter, room_database: postgres.Database) -> Caller:
    connection = await room_database.connect(owner=True)
    try:
        found = await connection.fetchval(
            "SELECT l.token_hash FROM logins l JOIN sessions s USING (account_id) WHERE s.id = $1",
            UUID(sitter.session["id"]),
        )
        return Caller(found)
    finally:
        await connection.close()


async def offer(store: FileStore, session_id: UUID, picture: bytes = PICTURE) -> Offer:
    incoming = store.incoming(session_id)
    await incoming.write(picture)
    return Offer(uuid4(), Metadata(), incoming=incoming, sealed=await incoming.seal())


async def left_over(store: FileStore) -> list[Path]:
    """What lies in the store once everything under way has ended."""
    store.pool.shutdown(wait=True)
    store._pool = None
    return sorted(path for path in store.root.rglob("*") if path.is_file())


async def test_a_saver_cancelled_at_any_moment_leaves_a_whole_capture_or_nothing(
    sitter: Sitter, rows: Rows, pools: Database, files: FileStore, caller: Caller
) -> None:
    session_id = UUID(sitter.session["id"])
    offered: list[UUID] = []
    chance = random.Random(7)
    for _ in range(100):
        one = await offer(files, session_id)
        offered.append(one.capture_id)
        task = asyncio.create_task(save_capture(pools, files, caller, session_id, [one]))
        await asyncio.sleep(chance.random() * 0.012)
        task.cancel()
        await asyncio.wait([task])
    await pools.drain(10)
    stored = [row["store_key"] for one in offered if (row := await rows.capture(str(one))) is not None]
    assert [str(path.relative_to(files.root)) for path in await left_over(files)] == sorted(stored)
    assert stored


@pytest.mark.parametrize("failure", [Unavailable(), RuntimeError("a bug")])
async def test_a_row_that_cannot_be_written_leaves_no_file(
    sitter: Sitter,
    pools: Database,
    files: FileStore,
    caller: Caller,
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
) -> None:
    async def failing(*_: Any) -> None:
        raise failure

    monkeypatch.setattr(repository, "upsert_captures", failing)
    session_id = UUID(sitter.session["id"])
    offers = [await offer(files, session_id) for _ in range(3)]
    with pytest.raises(type(failure)):
        await save_capture(pools, files, caller, session_id, offers)
    assert await left_over(files) == []


async def test_a_file_that_cannot_be_stored_leaves_no_row_and_no_other_file(
    sitter: Sitter,
    rows: Rows,
    pools: Database,
    files: FileStore,
    caller: Caller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session_id = UUID(sitter.session["id"])
    offers = [await offer(files, session_id) for _ in range(3)]
    assert offers[1].incoming is not None

    async def failing(_: UUID) -> str:
        raise Unavailable

    monkeypatch.setattr(offers[1].incoming, "keep", failing)
    with pytest.raises(Unavailable):
        await save_capture(pools, files, caller, session_id, offers)
    assert await left_over(files) == []
    assert [await rows.capture(str(one.capture_id)) for one in offers] == [None] * 3


async def test_a_lost_answer_to_the_commit_does_not_cost_the_row_its_file(
    sitter: Sitter,
    rows: Rows,
    pools: Database,
    files: FileStore,
    caller: Caller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def deaf(*given: Any) -> Any:
        await committed(*given)
        raise Unavailable

    session_id = UUID(sitter.session["id"])
    first = await offer(files, session_id)
    with monkeypatch.context() as patch:
        patch.setattr(saving, "committed", deaf)
        with pytest.raises(Unavailable):
            await save_capture(pools, files, caller, session_id, [first])
    again = await offer(files, session_id)
    again.capture_id = first.capture_id
    (saved,) = await save_capture(pools, files, caller, session_id, [again])
    row = await rows.capture(str(first.capture_id))
    assert row is not None
    assert not saved.created
    assert [str(path.relative_to(files.root)) for path in await left_over(files)] == [row["store_key"]]


async def test_a_refusal_under_the_lock_leaves_no_file(
    sitter: Sitter, rows: Rows, pools: Database, files: FileStore, caller: Caller
) -> None:
    session_id = UUID(sitter.session["id"])
    one = await offer(files, session_id)
    await sitter.post("withdraw", scopes=["camera"])
    (saved,) = await save_capture(pools, files, caller, session_id, [one])
    assert (saved.capture.kept, saved.capture.code) == (False, "withdrawn")
    await sitter.post("abandon")
    with pytest.raises(Problem) as refused:
        await save_capture(pools, files, caller, session_id, [await offer(files, session_id)])
    assert refused.value.code == "session_ended"
    with pytest.raises(Problem) as refused:
        await save_capture(pools, files, Caller(bytes(32)), session_id, [await offer(files, session_id)])
    assert refused.value.code == "login_required"
    assert await left_over(files) == []


async def test_too_many_writes_at_once_are_refused_and_leave_nothing(
    sitter: Sitter, settings: Settings, files: FileStore, caller: Caller
) -> None:
    pools = Database(settings.model_copy(update={"writes_waiting": 1}))
    session_id = UUID(sitter.session["id"])
    blocker = asyncio.create_task(asyncio.sleep(5))
    pools.writes.add(blocker)
    with pytest.raises(Unavailable):
        await save_capture(pools, files, caller, session_id, [await offer(files, session_id)])
    blocker.cancel()
    await pools.dispose()
    assert await left_over(files) == []


async def test_no_connection_is_lent_while_a_body_is_on_its_way(
    sitter: Sitter, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixteen bodies that have begun leave the twelve connections of two workers free for an answer."""
    go = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield PICTURE[:100]
        await go.wait()
        yield PICTURE[100:]

    async def put() -> int:
        headers = {"Content-Type": "image/jpeg"}
        url = f"{sitter.path}/captures/{uuid4()}"
        return (await sitter.client.put(url, content=slow(), headers=headers)).status_code

    tasks = [asyncio.create_task(put()) for _ in range(16)]
    await asyncio.sleep(0.5)
    question = (await sitter.questions())[0]["id"]
    assert (await asyncio.wait_for(sitter.save(question, 1), 2)).status_code == 200
    go.set()
    assert await asyncio.gather(*tasks) == [201] * 16
    assert len(files_of(store, sitter.session["id"])) == 16


async def test_one_statement_looks_and_none_is_repeated(
    sitter: Sitter, pools: Database, files: FileStore, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A budget of statements: lock, session, what decides, stored rows, insert; the study's settings once."""
    executed: list[str] = []
    execute = AsyncConnection.execute

    async def counted(connection: AsyncConnection, statement: Any, *given: Any, **more: Any) -> Any:
        executed.append(str(statement))
        return await execute(connection, statement, *given, **more)

    session_id = UUID(sitter.session["id"])
    await save_capture(pools, files, caller, session_id, [await offer(files, session_id)])
    monkeypatch.setattr(AsyncConnection, "execute", counted)
    await save_capture(pools, files, caller, session_id, [await offer(files, session_id) for _ in range(5)])
    assert len(executed) == 5
