"""A worker's memory while large uploads are under way."""

from __future__ import annotations

import time
from collections.abc import Sequence

from benchmarks.ground import Ground, Person, people
from benchmarks.load.pictures import Picture, picture
from benchmarks.load.processes import hold_pictures
from benchmarks.measure import Result, Target, spread
from benchmarks.metrics import resident, sampling
from benchmarks.uploads import ALL_WANTED
from tests.ground.service import Service

UPLOADS = 100
MIB = 1024 * 1024
PICTURE = 5 * MIB
_HOLD_SECONDS = 2
_WARM = 4


def measure(ground: Ground) -> Result:
    """Let 100 uploads of 5 MiB be under way in one worker, a fresh one each round."""
    rounds, _ = ground.counts(3, 0)
    uploads = 10 if ground.quick else UPLOADS
    sent = picture(ground.folder, PICTURE)
    grown = [_grown(ground, uploads, sent) for _ in range(rounds)]
    most = spread([one / MIB for one in grown])
    return Result(
        "Memory of uploads",
        targets=[
            Target(
                f"worker memory above idle, {uploads} uploads of 5 MiB in flight",
                max(most.values),
                most=64,
                said=f"{most.said(1)} MiB",
                unit=" MiB",
            )
        ],
        notes=[
            f"{rounds} rounds, each with a worker of its own. Every upload sends all but its last byte; when all have, "
            f"they wait for {_HOLD_SECONDS} s, then end. Idle is after {_WARM} uploads. Resident memory, sampled every "
            "20 ms from the first byte to the last reply; files that are mapped to be looked at count as well."
        ],
    )


def _grown(ground: Ground, uploads: int, sent: Picture) -> float:
    database = ground.database()
    with ground.service(database, web_concurrency=1) as service:
        whose = people(service, database, uploads + _WARM, camera=ALL_WANTED)
        hold_pictures(service.port, whose[uploads:], sent, 0).result()
        time.sleep(1)
        idle = resident(service)
        return _most(service, whose[:uploads], sent) - idle


def _most(service: Service, whose: Sequence[Person], sent: Picture) -> float:
    with sampling(lambda: resident(service), 0.02) as memory:
        hold_pictures(service.port, whose, sent, _HOLD_SECONDS).result()
    return max(memory.values)
