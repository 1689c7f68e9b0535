"""A disk for captures that is full: pictures are told to come back, and nobody else notices."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.faults.checks import all_kept
from tests.faults.leaks import errors
from tests.faults.outages import Caller
from tests.faults.scenarios import Stage
from tests.faults.writers import PICTURE
from tests.ground.scripted_model import Script

DISK_BYTES = 2 * 2**20
LEFT_BYTES = len(PICTURE) * 3
AFTER_SECONDS = 2.0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"a small tmpfs cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def filled_and_freed(stage: Stage, disk: Path) -> float:
    """Fill the disk, see that only pictures are refused, free it; gives the seconds until one is kept."""
    stage.model.say(Script())
    service = await asyncio.to_thread(stage.served, store_dir=disk / "store")
    async with AsyncExitStack() as stack:
        callers = {one.kind: Caller(one, stage.journal) for one in await stage.writers(service, stack)}
        await callers["upload"].back()
        ballast = disk / "ballast"
        with ballast.open("wb") as file:
            file.write(bytes(DISK_BYTES - LEFT_BYTES))
        statuses = [(await callers["upload"].call()).status_code for _ in range(10)]
        assert statuses[-1] == 503
        together = await asyncio.gather(*(callers["upload"].call() for _ in range(16)))
        assert {reply.status_code for reply in together} == {503}
        for kind in ("save", "turn"):
            assert (await callers[kind].call()).status_code == 200
        assert list((service.store / "incoming").iterdir()) == []
        ballast.unlink()
        seconds = await callers["upload"].back()
    found = await all_kept(stage.journal, stage.database, service.store)
    assert found.captures == statuses.count(201) + 2
    assert errors(service) == []
    return seconds


async def test_a_full_disk_refuses_pictures_alone_and_leaves_no_halves(
    stage: Stage, small_disk: Path
) -> None:
    await filled_and_freed(stage, small_disk)


@pytest.mark.prove
async def test_pictures_are_kept_within_two_seconds_of_room(
    stage: Stage, small_disk: Path, proof: Callable[..., None]
) -> None:
    seconds = await filled_and_freed(stage, small_disk)
    assert seconds < AFTER_SECONDS
    proof("First capture kept after a full disk", seconds=f"{seconds:.2f}")
