"""Half an hour of saves, uploads and streams together: does a worker grow?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from benchmarks.chat import CHAT_FIRST, MANY
from benchmarks.ground import Ground, Person, people
from benchmarks.load.pictures import picture
from benchmarks.load.processes import offer_answers, offer_pictures, paced_model, read_streams
from benchmarks.measure import Result, Table, Target, spread
from benchmarks.uploads import ALL_WANTED
from tests.ground.service import Service

SAVES_A_SECOND, PICTURES_A_SECOND, STREAMS, TOKENS_A_SECOND = 100, 8, 50, 5
MIB = 1024 * 1024
MINUTES = 30.0
_TURN_SECONDS = 50
_VERSIONS_A_TURN = 1000
_SAMPLES = 60


def measure(ground: Ground) -> Result:
    """Load a service of 2 workers and look at the memory of each, from the first tenth of the time on."""
    seconds = 8.0 if ground.quick else 60 * (ground.minutes or MINUTES)
    turn = min(_TURN_SECONDS, seconds / 4)
    database = ground.database()
    with (
        paced_model() as model,
        ground.service(
            database, model=model.at(TOKENS_A_SECOND, round(turn * TOKENS_A_SECOND)), **MANY
        ) as service,
    ):
        savers, uploaders = people(service, database, 64), people(service, database, 16, camera=ALL_WANTED)
        talkers = people(service, database, STREAMS, **CHAT_FIRST | {"chat": {"max_turns": 100}})
        sent = picture(ground.folder, 100 * 1024)
        versions = count(1)
        loads: list[Callable[[], object]] = [
            lambda: offer_answers(
                service.port, savers, SAVES_A_SECOND, turn, next(versions) * _VERSIONS_A_TURN
            ).result(),
            lambda: offer_pictures(service.port, uploaders, PICTURES_A_SECOND, turn, sent).result(),
            lambda: _talk(service, talkers, turn),
        ]
        memory = _loaded(service, loads, seconds)
    return _result(memory, seconds)


def _talk(service: Service, talkers: Sequence[Person], seconds: float) -> None:
    read_streams(service.port, talkers, seconds, 1).result()


def _loaded(service: Service, loads: Sequence[Callable[[], object]], seconds: float) -> dict[int, list[int]]:
    """Repeat each load until the time is over; gives each worker's resident bytes, evenly spaced over it."""
    over = threading.Event()

    def repeat(load: Callable[[], object]) -> None:
        while not over.is_set():
            load()

    began = time.monotonic()
    memory: dict[int, list[int]] = {worker.pid: [] for worker in service.workers()}
    with ThreadPoolExecutor(len(loads)) as pool:
        running = [pool.submit(repeat, load) for load in loads]
        try:
            for number in range(_SAMPLES):
                time.sleep(max(0, began + seconds * (number + 1) / _SAMPLES - time.monotonic()))
                for worker in service.workers():
                    memory[worker.pid].append(worker.memory_info().rss)
                for one in running:
                    if one.done():
                        one.result()
        finally:
            over.set()
    for one in running:
        one.result()
    return memory


def _result(memory: dict[int, list[int]], seconds: float) -> Result:
    tenth = _SAMPLES // 10
    grown, rows = [], []
    for number, samples in enumerate(memory.values(), 1):
        early, late = spread(samples[tenth : 2 * tenth]).median, spread(samples[-tenth:]).median
        grown.append(100 * (late / early - 1))
        tenths = [f"{samples[at] / MIB:.1f}" for at in range(tenth, _SAMPLES, tenth)]
        rows.append((f"worker {number}", *tenths, f"{samples[-1] / MIB:.1f}", f"{grown[-1]:+.1f} %"))
    minutes = seconds / 60
    head = ("resident MiB after", *(f"{minutes * part / 10:.0f} min" for part in range(1, 11)), "grown")
    return Result(
        "Memory over time",
        [Table(head, rows)],
        [Target(f"growth of a worker over {minutes:.0f} min of load", max(grown), most=5, unit=" %")],
        [
            f"{SAVES_A_SECOND} saves/s, {PICTURES_A_SECOND} captures/s of 100 KB, {STREAMS} streams at "
            f"{TOKENS_A_SECOND} tokens/s, 2 workers. Growth is from the second tenth of the time to its last one "
            "(medians)."
        ],
    )
