"""The folder of captures: durable before found, whole or not there."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import stat
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from quart_assessment.camera.images import ImageFacts
from quart_assessment.camera.stores import files
from quart_assessment.camera.stores.files import FileStore
from quart_assessment.problems import Unavailable
from quart_assessment.settings import KIB, MIB, Settings
from tests.camera.pictures import jpeg

SESSION, CAPTURE = UUID(int=1), UUID(int=2)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FileStore]:
    store = FileStore(Settings(store_dir=tmp_path / "store", disk_threads=3))
    await store.start()
    yield store
    await store.stop()


def everything(store: FileStore) -> list[str]:
    return sorted(str(path.relative_to(store.root)) for path in store.root.rglob("*") if path.is_file())


async def settled(store: FileStore) -> None:
    """Wait until what was dropped without waiting is gone."""
    store.pool.shutdown(wait=True)
    store._pool = None


async def kept(store: FileStore, data: bytes, capture: UUID = CAPTURE) -> str:
    file = store.incoming(SESSION)
    await file.write(data)
    await file.seal()
    return await file.keep(capture)


async def whole(store: FileStore, key: str, start: int = 0, stop: int | None = None) -> bytes:
    size = await store.size(key)
    assert size is not None
    return b"".join([piece async for piece in store.chunks(key, start, size if stop is None else stop)])


async def test_a_kept_file_has_the_bytes_that_came(store: FileStore) -> None:
    image = jpeg()
    file = store.incoming(SESSION)
    for start in range(0, len(image), 100):
        await file.write(image[start : start + 100])
    sealed = await file.seal()
    assert (sealed.size, sealed.sha256) == (len(image), hashlib.sha256(image).digest())
    assert sealed.image == ImageFacts("image/jpeg", 64, 48)
    key = await file.keep(CAPTURE)
    assert everything(store) == [key]
    assert key.startswith(f"{SESSION}/{CAPTURE}.")
    assert await whole(store, key) == image


async def test_small_pieces_are_written_in_hops_of_256_kib(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    write = os.write

    def counted(handle: int, data: Any) -> int:
        sizes.append(len(data))
        return write(handle, data)

    monkeypatch.setattr(os, "write", counted)
    file = store.incoming(SESSION)
    for _ in range(1000):
        await file.write(bytes(1024))
    assert (await file.seal()).size == 1000 * KIB
    assert all(size >= 256 * KIB for size in sizes[:-1])
    file.discard()


async def test_a_disk_that_writes_short_gets_the_rest_again(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:7]))
    image = jpeg()
    assert await whole(store, await kept(store, image)) == image


async def test_a_full_disk_is_unavailable_and_leaves_nothing(
    store: FileStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write, left = os.write, [300 * KIB]

    def filling(handle: int, data: Any) -> int:
        if left[0] == 0:
            raise OSError(errno.ENOSPC, "No space left on device", "a path that nobody should read")
        done = write(handle, data[: left[0]])
        left[0] -= done
        return done

    monkeypatch.setattr(os, "write", filling)
    file = store.incoming(SESSION)
    with pytest.raises(Unavailable) as refused:
        await file.write(bytes(MIB))
    assert refused.value.retry_after is not None
    file.discard()
    await settled(store)
    assert everything(store) == []
    assert "a path" not in caplog.text


@pytest.mark.parametrize("of", ["file", "folder"])
async def test_a_failing_fsync_is_unavailable_and_leaves_nothing(
    store: FileStore, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    def failing(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode) == (of == "folder"):
            raise OSError(errno.EIO, "I/O error")

    file = store.incoming(SESSION)
    await file.write(jpeg())
    await file.seal()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing)
        with pytest.raises(Unavailable):
            await file.keep(CAPTURE)
    file.discard()
    await settled(store)
    assert everything(store) == []


async def test_file_folder_and_its_parent_are_fsynced_before_a_name_is_given(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, rename = os.fsync, os.rename

    def noted(handle: int) -> None:
        done.append("fsync " + os.path.basename(os.readlink(f"/proc/self/fd/{handle}")))
        fsync(handle)

    def renamed(path: str, target: str) -> None:
        done.append("rename")
        rename(path, target)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(os, "rename", renamed)
    key = await kept(store, jpeg())
    assert done == [
        "fsync " + key.split("/")[1].replace(str(CAPTURE), str(SESSION)),
        "fsync store",
        "rename",
        f"fsync {SESSION}",
    ]


async def test_two_uploads_of_one_capture_do_not_touch_each_other(store: FileStore) -> None:
    first, second = jpeg(seed=1), jpeg(seed=2)
    keys = await asyncio.gather(kept(store, first), kept(store, second))
    assert [await whole(store, key) for key in keys] == [first, second]
    await store.remove(keys[1])
    assert everything(store) == [keys[0]]
    await store.remove(keys[1])


async def test_what_was_discarded_leaves_nothing(store: FileStore) -> None:
    for size in (0, 10, MIB):
        file = store.incoming(SESSION)
        await file.write(bytes(size))
        file.discard()
        file.discard()
    await settled(store)
    assert everything(store) == []


async def test_an_upload_cancelled_anywhere_leaves_nothing(store: FileStore) -> None:
    async def upload() -> None:
        file = store.incoming(SESSION)
        try:
            for _ in range(8):
                await file.write(bytes(256 * KIB))
            await file.seal()
        finally:
            file.discard()

    for turn in range(60):
        task = asyncio.create_task(upload())
        await asyncio.sleep(turn * 0.0002)
        task.cancel()
        await asyncio.wait([task])
    await settled(store)
    assert everything(store) == []


async def test_an_empty_file_is_no_image(store: FileStore) -> None:
    sealed = await store.incoming(SESSION).seal()
    assert (sealed.size, sealed.image) == (0, None)


async def test_a_range_is_read_exactly(store: FileStore) -> None:
    image = jpeg(1600, 1200, quality=95)
    key = await kept(store, image)
    for start, stop in ((0, 1), (1, 2), (100, len(image)), (300_000, 600_001), (5, 5)):
        assert await whole(store, key, start, stop) == image[start:stop]
    assert await store.size(f"{SESSION}/nothing") is None


async def test_leftovers_of_killed_workers_go_at_the_next_start_but_not_those_of_live_ones(
    store: FileStore,
) -> None:
    old, new = store.root / "incoming" / "old", store.root / "incoming" / "new"
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - 7200,) * 2)
    key = await kept(store, jpeg())
    await store.start()
    assert everything(store) == sorted(["incoming/new", key])


async def test_a_store_that_can_be_written_is_ready(store: FileStore) -> None:
    await store.ready()
    assert everything(store) == []


async def test_a_store_that_cannot_be_written_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = FileStore(Settings(store_dir=tmp_path / "file" / "store"))
    for call in (store.ready, store.start):
        with pytest.raises(Unavailable):
            await call()
    await store.stop()


async def test_a_disk_that_hangs_is_unavailable_in_time(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "HOP_SECONDS", 0.05)
    with ThreadPoolExecutor(1) as pool:
        store._pool = pool
        pool.submit(time.sleep, 0.5)
        with pytest.raises(Unavailable):
            await store.ready()
        store._pool = None


async def test_the_loop_goes_on_while_the_disk_works(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync

    def slow(handle: int) -> None:
        time.sleep(1)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", slow)
    task = asyncio.create_task(kept(store, jpeg()))
    longest = 0.0
    while not task.done():
        before = time.perf_counter()
        await asyncio.sleep(0.005)
        longest = max(longest, time.perf_counter() - before)
    assert longest < 0.5


def test_only_the_owner_may_read_the_folder(tmp_path: Path) -> None:
    async def make() -> str:
        store = FileStore(Settings(store_dir=tmp_path / "deep" / "store"))
        await store.start()
        key = await kept(store, jpeg())
        await store.stop()
        return key

    key = asyncio.run(make())
    root = tmp_path / "deep" / "store"
    for path in (root, root / "incoming", (root / key).parent):
        assert path.stat().st_mode & 0o077 == 0


async def test_the_threads_of_the_disk_do_not_interrupt_the_loop(store: FileStore) -> None:
    assert await store.hop(lambda: os.sched_getscheduler(threading.get_native_id())) == os.SCHED_BATCH
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


async def test_the_memory_that_a_kept_file_took_is_given_back(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_back: list[bytes] = []
    real = os.posix_fadvise

    def advise(handle: int, start: int, length: int, advice: int) -> None:
        assert (start, length, advice) == (0, 0, os.POSIX_FADV_DONTNEED)
        given_back.append(os.pread(handle, 1000, 0))
        real(handle, start, length, advice)

    monkeypatch.setattr(os, "posix_fadvise", advise)
    await kept(store, b"a picture")
    assert given_back == [b"a picture"]
