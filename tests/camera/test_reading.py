"""What staff read of captures, and what participants never do."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from quart_assessment.camera import reading
from quart_assessment.camera.stores.files import FileStore
from quart_assessment.database.engine import Database
from quart_assessment.problems import NotFound, Unavailable
from quart_assessment.settings import Settings
from tests.camera.conftest import Sitter, files_of
from tests.camera.pictures import jpeg
from tests.ground import postgres
from tests.ground.participant import kept, refused
from tests.ground.study import settings_of

PICTURE = jpeg(800, 500, quality=88)


@pytest.fixture
def settings(room_database: postgres.Database, store: Path) -> Settings:
    return settings_of(room_database, store_dir=store)


@pytest.fixture
async def pools(settings: Settings) -> AsyncIterator[Database]:
    pools = Database(settings)
    yield pools
    await pools.dispose()


@pytest.fixture
async def files(settings: Settings) -> AsyncIterator[FileStore]:
    store = FileStore(settings)
    yield store
    await store.stop()


async def opened(pools: Database, files: FileStore, sitter: Sitter, capture_id: str) -> reading.OpenFile:
    async with pools.reading() as connection:
        found = await reading.find_file(connection, UUID(sitter.session["id"]), UUID(capture_id))
    return await reading.open_file(files, found)


async def test_a_kept_file_is_read_whole_or_in_part(
    sitter: Sitter, pools: Database, files: FileStore
) -> None:
    capture_id = str(uuid4())
    kept(await sitter.put(PICTURE, capture_id), 201)
    file = await opened(pools, files, sitter, capture_id)
    assert (file.size, file.type) == (len(PICTURE), "image/jpeg")
    assert file.sha256 == hashlib.sha256(PICTURE).digest()
    assert b"".join([piece async for piece in file.chunks()]) == PICTURE
    assert b"".join([piece async for piece in file.chunks(1000, 300_000)]) == PICTURE[1000:300_000]


async def test_a_file_that_is_not_whole_is_never_shown_as_whole(
    sitter: Sitter, pools: Database, files: FileStore, store: Path
) -> None:
    capture_id = str(uuid4())
    kept(await sitter.put(PICTURE, capture_id), 201)
    (path,) = files_of(store, sitter.session["id"])
    for damage in (lambda: path.write_bytes(PICTURE[:-1]), path.unlink):
        damage()
        with pytest.raises(Unavailable):
            await opened(pools, files, sitter, capture_id)


async def test_what_was_not_kept_or_is_anothers_is_not_found(
    sitter: Sitter, pools: Database, files: FileStore, arrive: Any
) -> None:
    capture_id = str(uuid4())
    kept(await sitter.put(PICTURE, capture_id, said={"trigger": "INTERVAL"}), 200)
    with pytest.raises(NotFound):
        await opened(pools, files, sitter, capture_id)
    kept(await sitter.put(PICTURE, capture_id), 201)
    async with arrive() as other:
        with pytest.raises(NotFound):
            await opened(pools, files, other, capture_id)


async def test_staff_read_receipts_of_what_was_kept_and_of_what_was_not(
    sitter: Sitter, pools: Database
) -> None:
    first = kept(await sitter.put(PICTURE), 201)["capture"]["id"]
    second = kept(await sitter.put(PICTURE, said={"trigger": "INTERVAL"}), 200)["capture"]["id"]
    async with pools.reading() as connection:
        receipts = await reading.receipts_of(connection, UUID(sitter.session["id"]))
    assert [(str(one["id"]), one["kept"], one["assessment_id"]) for one in receipts] == [
        (first, True, None),
        (second, False, None),
    ]


async def test_no_call_of_a_participant_returns_a_picture(sitter: Sitter) -> None:
    """D8: the predecessor served photos of faces to anyone."""
    capture_id = kept(await sitter.put(PICTURE), 201)["capture"]["id"]
    for path in (f"{sitter.path}/captures/{capture_id}", f"{sitter.path}/captures/{capture_id}/file"):
        reply = await sitter.client.get(path)
        assert reply.status_code in (404, 405)
    admin = f"/api/admin/sessions/{sitter.session['id']}/captures/{capture_id}/file"
    refused(await sitter.client.get(admin), 403, "forbidden")
