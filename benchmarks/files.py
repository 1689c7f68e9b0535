"""Files made durable in several ways, nothing around it: which fsync work is worth sharing on this file system."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

import psutil

from benchmarks.ground import ROOT, Ground
from benchmarks.limits.durable_files import WAYS
from benchmarks.measure import Result, Table, alternating, ratios, spread

SIZE = 100 * 1024
THREADS = (2, 8, 16)
_WORDS = {
    "each": "write, fsync, give pages back, rename, fsync of folder",
    "pages-kept": "the same, pages kept in memory",
    "folder-shared": "one folder a process, its fsync shared",
    "syncfs-twice": "shared syncfs in the place of either fsync",
    "syncfs-once": "one shared syncfs, after the rename",
    "not-durable": "write and rename, nothing durable",
}


@dataclass(frozen=True, slots=True)
class Made:
    """One round: files a second, and a file's CPU in microseconds (of the machine), writes and flushes."""

    rate: float
    cpu: float
    writes: float
    flushes: float


def measure(ground: Ground) -> Result:
    """Measure each way with few and many threads."""
    rounds, seconds = ground.counts(3, 2)
    tables = []
    for threads in THREADS:
        runs: dict[str, Callable[[], Made]] = {
            way: partial(make_files, ground.folder, SIZE, threads, seconds, way) for way in WAYS
        }
        seen = alternating(runs, rounds, warm=not ground.quick)
        tables.append(_table(threads, seen))
    return Result(
        "Durable files",
        tables,
        [],
        [
            f"Files of 100 KB by threads of two processes, {rounds} rounds of {seconds} s. CPU is the whole machine's. "
            "Writes and flushes are what the device was given (/sys/dev/block/*/stat), by whomever."
        ],
    )


def make_files(folder: Path, size: int, threads: int, seconds: float, way: str = "each") -> Made:
    """Make files for some seconds."""
    into = folder / f"files-{uuid4().hex[:8]}"
    words = [str(into), str(size), str(threads), str(seconds), way]
    before, busy = _device(folder), _busy_seconds()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.limits.durable_files", *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=seconds + 60,
    )
    busy, after = _busy_seconds() - busy, _device(folder)
    files, took = (float(one) for one in done.stdout.split())
    given = (after[0] - before[0], after[1] - before[1]) if before and after else (float("nan"),) * 2
    return Made(files / took, 1e6 * busy / files, given[0] / files, given[1] / files)


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.system + times.softirq + times.irq)


def _device(folder: Path) -> tuple[int, int] | None:
    """Give the writes and flushes a device was given so far (Linux, Documentation/block/stat.rst)."""
    number = os.stat(folder).st_dev
    try:
        numbers = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/stat").read_text().split()
        return int(numbers[4]), int(numbers[15])
    except (OSError, IndexError):
        return None


def _table(threads: int, seen: dict[str, list[Made]]) -> Table:
    rates = {way: [one.rate for one in of] for way, of in seen.items()}
    rows = [
        (
            _WORDS[way],
            spread(rates[way]).said(),
            ratios(rates[way], rates["each"]).said(2),
            spread([one.cpu for one in of]).said(),
            spread([one.writes for one in of]).said(1),
            spread([one.flushes for one in of]).said(1),
        )
        for way, of in seen.items()
    ]
    head = ("way", "files/s", "against the first", "CPU us", "writes", "flushes")
    return Table(head, rows, f"{threads} threads")
