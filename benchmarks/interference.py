"""Saves at a fixed rate, alone, beside uploads and beside streams: does anybody slow anybody?"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from benchmarks.chat import BEGIN_A_SECOND, CHAT_FIRST, MANY
from benchmarks.ground import Ground, Person, people
from benchmarks.load.pictures import Picture, picture
from benchmarks.load.processes import offer_answers, offer_pictures, paced_model, read_streams
from benchmarks.measure import Result, Table, Target, alternating, ratios, spread
from benchmarks.metrics import Histogram, histogram
from benchmarks.uploads import ALL_WANTED
from tests.ground.service import Service

SAVES_A_SECOND = 100
UPLOADERS, PICTURE = 16, 100 * 1024
STREAMS, TOKENS_A_SECOND = 200, 5
ALONE, UPLOADS, CHATS = "alone", "beside uploads", "beside streams"
LAG = "qa_loop_lag_seconds"
_VERSIONS_A_ROUND = 20_000
# Streams have begun before the saves, and end after them.
_LEAD_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Seen:
    """One round: the saves' latencies and the loops' lag meanwhile."""

    saves: dict[str, Any]
    lag: Histogram


def measure(ground: Ground) -> Result:
    """Measure the three by turns on one service of 2 workers."""
    rounds, seconds = ground.counts(5, 20)
    database = ground.database()
    streams = 20 if ground.quick else STREAMS
    begin = streams / BEGIN_A_SECOND
    lasts = begin + seconds + 2 * _LEAD_SECONDS
    with (
        paced_model() as model,
        ground.service(
            database, model=model.at(TOKENS_A_SECOND, round(TOKENS_A_SECOND * lasts)), **MANY
        ) as service,
    ):
        savers = people(service, database, 64)
        uploaders = people(service, database, UPLOADERS, camera=ALL_WANTED)
        talkers = people(service, database, streams, **CHAT_FIRST)
        sent = picture(ground.folder, PICTURE)
        versions = count(1)

        def saves() -> Seen:
            return _saves(service, savers, seconds, next(versions) * _VERSIONS_A_ROUND)

        runs: dict[str, Callable[[], Seen]] = {
            ALONE: saves,
            UPLOADS: lambda: _beside_uploads(service, uploaders, sent, seconds, saves),
            CHATS: lambda: _beside_streams(service, talkers, begin, lasts, saves),
        }
        seen = alternating(runs, rounds, warm=not ground.quick)
    return _result(seen, streams, rounds, seconds)


def _saves(service: Service, savers: Sequence[Person], seconds: int, version: int) -> Seen:
    before = histogram(service, LAG)
    seen = offer_answers(service.port, savers, SAVES_A_SECOND, seconds, version).result()
    return Seen(seen, histogram(service, LAG) - before)


def _beside_uploads(
    service: Service, uploaders: Sequence[Person], sent: Picture, seconds: int, saves: Callable[[], Seen]
) -> Seen:
    uploads = offer_pictures(service.port, uploaders, UPLOADERS, seconds + 2, sent)
    time.sleep(1)
    seen = saves()
    uploads.result()
    return seen


def _beside_streams(
    service: Service, talkers: Sequence[Person], begin: float, lasts: float, saves: Callable[[], Seen]
) -> Seen:
    streams = read_streams(service.port, talkers, lasts, begin)
    time.sleep(begin + _LEAD_SECONDS)
    seen = saves()
    streams.result()
    return seen


def _result(seen: dict[str, list[Seen]], streams: int, rounds: int, seconds: int) -> Result:
    def p99(name: str) -> list[float]:
        return [one.saves["latencies"]["0.99"] for one in seen[name]]

    beside = {name: ratios(p99(name), p99(ALONE)) for name in (UPLOADS, CHATS)}
    lags = {name: _together([one.lag for one in of]) for name, of in seen.items()}
    worst = max(lag.bound_of(0.999) for lag in lags.values())
    most = max(lag.bound_of(1) for lag in lags.values())
    rows = [
        (
            name,
            *(
                spread([one.saves["latencies"][share] for one in of]).said(1)
                for share in ("0.5", "0.99", "1.0")
            ),
            *(f"<= {1000 * lags[name].bound_of(share):g}" for share in (0.5, 0.99, 0.999, 1)),
        )
        for name, of in seen.items()
    ]
    head = (
        "saves",
        "p50 ms",
        "p99 ms",
        "most ms",
        *(f"lag {name} ms" for name in ("p50", "p99", "p99.9", "most")),
    )
    return Result(
        "Interference",
        [Table(head, rows)],
        [
            Target(
                "p99 of saves beside uploads, against alone",
                beside[UPLOADS].median,
                most=3,
                said=beside[UPLOADS].said(2),
            ),
            Target(
                "p99 of saves beside streams, against alone",
                beside[CHATS].median,
                most=1.5,
                said=beside[CHATS].said(2),
            ),
            Target(
                "event-loop lag, p99.9", 1000 * worst, most=50, said=f"<= {1000 * worst:g} ms", unit=" ms"
            ),
            Target("event-loop lag, most", 1000 * most, most=200, said=f"<= {1000 * most:g} ms", unit=" ms"),
        ],
        [
            f"{SAVES_A_SECOND} saves/s offered at fixed moments for {seconds} s, {rounds} rounds each; a latency "
            f"counts from the moment a save was due. Uploads: {UPLOADERS} clients, a picture of 100 KB a second each. "
            f"Streams: {streams} at {TOKENS_A_SECOND} tokens/s. 2 workers. Lag: how late the loops of both workers "
            "woke up from sleeps of 20 ms, as bounds of the histogram's buckets, over all rounds.",
        ],
    )


def _together(lags: Sequence[Histogram]) -> Histogram:
    return Histogram({bound: sum(lag.counts[bound] for lag in lags) for bound in lags[0].counts})
