"""Pictures made durable: captures a second of 100 KB and 1 MB by 16 clients, beside a peer and limits."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from benchmarks.files import make_files
from benchmarks.ground import (
    Ground,
    capture_table,
    people,
)
from benchmarks.load.pictures import Picture, picture
from benchmarks.load.wrk import Closed, closed_loop
from benchmarks.measure import Result, Table, Target, alternating, ratios, spread
from benchmarks.rounds import Seen, closed_round
from tests.ground.postgres import Database
from tests.ground.service import Service

CLIENTS = 16
SIZES = {"100 KB": 100 * 1024, "1 MB": 1024 * 1024}
OURS, FLASK, EXECUTOR = "this service", "Flask gthread", "Flask, executor a request"
DRAIN, FILES = "same route, drained and hashed", "bare write, fsync, rename, fsync of folder"
WITHOUT = {
    "same route without files": "files",
    "same route without rows": "rows",
    "same route with neither": "files and rows",
}
_COUNT_ROWS = "SELECT count(*) FROM captures WHERE kept"
ALL_WANTED = {"max_captures": 1_000_000_000}
"""A study's camera settings by which no picture of a measurement is one too many."""


def measure(ground: Ground) -> Result:
    """Measure both sizes, then count the calls that make files durable."""
    rounds, seconds = ground.counts(5, 8)
    database = ground.database()
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        services = {
            OURS: enter(ground.service(database)),
            FLASK: enter(ground.flask(database)),
            EXECUTOR: enter(ground.flask(database, executor=True)),
            DRAIN: enter(ground.variant(database, "benchmarks.limits.draining:create_app()")),
        }
        for name, without in WITHOUT.items():
            app = "benchmarks.limits.upload_parts:create_app()"
            services[name] = enter(ground.variant(database, app, upload_without=without))
        whose = people(services[OURS], database, CLIENTS, camera=ALL_WANTED)
        table = capture_table(ground.folder, whose)
        seen = {
            size: _rounds(ground, database, services, table, picture(ground.folder, size), rounds, seconds)
            for size in SIZES.values()
        }
        fsyncs = _fsyncs(services[OURS], table, picture(ground.folder, SIZES["100 KB"]), seconds)
    return _result(seen, fsyncs, rounds, seconds)


def _rounds(
    ground: Ground,
    database: Database,
    services: dict[str, Service],
    table: Path,
    sent: Picture,
    rounds: int,
    seconds: float,
) -> dict[str, list[Seen]]:
    def of(name: str, service: Service) -> Callable[[], Seen]:
        return lambda: _round(ground, name, service, database, table, sent, seconds)

    runs = {name: of(name, service) for name, service in services.items()}
    runs[FILES] = lambda: _files(ground, sent.size, seconds)
    return alternating(runs, rounds, warm=not ground.quick)


def _round(
    ground: Ground,
    name: str,
    service: Service,
    database: Database,
    table: Path,
    sent: Picture,
    seconds: float,
) -> Seen:
    kept = None if name == DRAIN or "rows" in WITHOUT.get(name, "") else (database, _COUNT_ROWS)
    seen = closed_round(ground, name, service, lambda: send_captures(service, table, sent, seconds), kept)
    _empty_stores(ground)
    return seen


def send_captures(service: Service, table: Path, sent: Picture, seconds: float) -> Closed:
    """Send one picture again and again by 16 clients, each time under a new id."""
    words = [str(table), str(sent.path), sent.digest, uuid4().hex[:8]]
    return closed_loop(service.url, "captures.lua", words, clients=CLIENTS, seconds=seconds)


def _empty_stores(ground: Ground) -> None:
    """Give the room of a round's files back, so that a long run does not fill the disk.

    They are cut, not removed: for a minute, ext4 without a journal searches past every inode that was freed
    (`recently_deleted` in fs/ext4/ialloc.c), and the next round would measure that.
    """
    for path in ground.folder.glob("*/store/*/*"):
        if path.is_file():
            os.truncate(path, 0)


def _files(ground: Ground, size: int, seconds: float) -> Seen:
    made = make_files(ground.folder, size, CLIENTS, seconds)
    nan = float("nan")
    return Seen(Closed(int(made.rate * seconds), seconds, nan, nan, nan, 0), nan, nan)


def _fsyncs(service: Service, table: Path, sent: Picture, seconds: float) -> float | None:
    """Count the calls by which workers make files durable, a capture; None where strace may not look on."""
    strace = shutil.which("strace")
    if strace is None:
        return None
    workers = [word for worker in service.workers() for word in ("-p", str(worker.pid))]
    calls = "trace=fsync,fdatasync,syncfs,sync_file_range,sync"
    watching = subprocess.Popen(
        [strace, "-f", "-c", "-e", calls, *workers],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    time.sleep(1)
    load = send_captures(service, table, sent, min(4, seconds))
    watching.send_signal(signal.SIGINT)
    printed, _ = watching.communicate(timeout=30)
    found = re.findall(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) .*sync\w*$", printed, re.MULTILINE)
    return sum(int(one) for one in found) / load.requests if found else None


def _result(
    seen: dict[int, dict[str, list[Seen]]], fsyncs: float | None, rounds: int, seconds: float
) -> Result:
    def rates(size: int, name: str) -> list[float]:
        return [one.load.rate for one in seen[size][name]]

    def target(words: str, other: str, least: float) -> Target:
        small = SIZES["100 KB"]
        ratio = ratios(rates(small, OURS), rates(small, other))
        return Target(words, ratio.median, least=least, said=ratio.said(2))

    tables = []
    for words, size in SIZES.items():
        rows = [
            (
                name,
                spread(rates(size, name)).said(),
                ratios(rates(size, OURS), rates(size, name)).said(2),
                *(spread([getattr(one.load, key) for one in of]).said(1) for key in ("p50", "p99")),
                *(spread([getattr(one, key) for one in of]).said() for key in ("program", "database")),
            )
            for name, of in seen[size].items()
        ]
        head = (
            "contender",
            "captures/s",
            "this service against it",
            "p50 ms",
            "p99 ms",
            "its CPU us",
            "PostgreSQL's CPU us",
        )
        tables.append(Table(head, rows, f"Pictures of {words}"))
    counted_calls = "could not be counted here (strace)" if fsyncs is None else f"{fsyncs:.2f}"
    return Result(
        "Uploads",
        tables,
        [
            target("durable captures/s (100 KB) against the Flask peer", FLASK, 2),
            target("durable captures/s (100 KB) against the drain-and-hash route", DRAIN, 0.35),
        ],
        [
            f"{CLIENTS} clients (wrk), {rounds} rounds of {seconds} s each; after each round of a contender that "
            "stores, the rows stored were at least as many as the replies. The peer keeps the same promise: owner "
            "checked, whole file, SHA-256 compared, fsync, rename, fsync of the folder, row committed, then the reply.",
            "What bounds it: without its files, its rows or both the route hashes and looks at each picture all the "
            "same. The cores are busy in each case, so what a part costs is the difference in time a capture.",
            f"Calls of fsync and its kin a capture of 100 KB, by this service's workers: {counted_calls}.",
        ],
    )
