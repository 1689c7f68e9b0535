"""The interview: how much later a word comes than from the model itself, and how many streams a worker holds."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from benchmarks.ground import Ground, cpu_seconds, people
from benchmarks.load.processes import PacedModel, paced_model, read_model, read_streams
from benchmarks.measure import Result, Table, Target, alternating, spread
from benchmarks.metrics import resident, sampling
from tests.ground.postgres import Database
from tests.ground.service import Service

STREAMS, RATE = 200, 10
HELD, HELD_RATE = 1000, 2
KIB = 1024
CHAT_FIRST: dict[str, Any] = {"presentation": {"order": "chat_first"}}
MANY = {"turns_at_once": 2000, "limit_concurrency": 5000, "llm_turn_timeout": 600}
"""Settings by which one worker takes all streams of a measurement."""
SHARES = ("0.5", "0.9", "0.99", "0.999", "1.0")
_WARM = 20
BEGIN_A_SECOND = 25
_IDLE = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND state = 'idle in transaction'"


@dataclass(frozen=True, slots=True)
class Seen:
    """One round: what the reader saw, and the worker's CPU in seconds a 1,000 words."""

    read: dict[str, Any]
    cpu: float

    @property
    def first(self) -> float:
        """The median time to the first word in milliseconds."""
        return spread(self.read["first"]).median


@dataclass(frozen=True, slots=True)
class Holding:
    """What a worker needed to hold many streams: bytes each, least and most waiting transactions."""

    bytes_each: float
    least: float
    most: float
    read: dict[str, Any]


def measure(ground: Ground) -> Result:
    """Measure delays by 200 streams, then hold 1,000."""
    rounds, seconds = ground.counts(3, 20)
    streams, held = (20, 30) if ground.quick else (STREAMS, HELD)
    with paced_model() as model:
        seen = _delays(ground, model, streams, rounds, seconds)
        holding = _hold(ground, model, held, seconds)
    return _result(seen, holding, streams, held, rounds, seconds)


def _delays(
    ground: Ground, model: PacedModel, streams: int, rounds: int, seconds: int
) -> dict[str, list[Seen]]:
    spread_over, lasts = times_of(streams, seconds)
    asked = model.at(RATE, round(RATE * lasts))
    database = ground.database()
    with ground.service(database, model=asked, web_concurrency=1, **MANY) as service:
        whose = people(service, database, streams, **CHAT_FIRST)

        def through() -> Seen:
            worker = service.workers()
            used = cpu_seconds(worker)
            read = read_streams(service.port, whose, lasts, spread_over).result()
            return Seen(read, 1000 * (cpu_seconds(worker) - used) / read["words"])

        def directly() -> Seen:
            return Seen(read_model(model.port, asked.name, streams, lasts, spread_over).result(), 0)

        runs = {"through this service": through, "the model itself": directly}
        return alternating(runs, rounds, warm=not ground.quick)


def times_of(streams: int, seconds: int) -> tuple[float, float]:
    """Give how long it takes until all have begun, and how long each lasts so that all run for `seconds`."""
    spread_over = streams / BEGIN_A_SECOND
    return spread_over, spread_over + 1 + seconds


def _hold(ground: Ground, model: PacedModel, held: int, seconds: int) -> Holding:
    spread_over, lasts = times_of(held, seconds)
    asked = model.at(HELD_RATE, round(HELD_RATE * lasts))
    database = ground.database()
    with ground.service(database, model=asked, web_concurrency=1, **MANY) as service:
        whose = people(service, database, held + _WARM, **CHAT_FIRST)
        read_streams(service.port, whose[held:], lasts, 1).result()
        time.sleep(1)
        idle = resident(service)
        client = read_streams(service.port, whose[:held], lasts, spread_over)
        time.sleep(spread_over + 1)
        with (
            sampling(lambda: resident(service)) as memory,
            sampling(lambda: _idle_in_transaction(database), 0.25) as idling,
        ):
            time.sleep(seconds)
        read = client.result(failures=True)
        if read["failed"]:
            print("\n".join(_complaints(service)), flush=True)
    return Holding((max(memory.values) - idle) / held, min(idling.values), max(idling.values), read)


def _complaints(service: Service) -> list[str]:
    return [line for line in service.printed().splitlines() if '"level":"INFO"' not in line][-20:]


def _idle_in_transaction(database: Database) -> float:
    async def ask() -> float:
        connection = await database.connect(superuser=True)
        try:
            return float(await connection.fetchval(_IDLE, database.name))
        finally:
            await connection.close()

    return asyncio.run(ask())


def _result(
    seen: dict[str, list[Seen]], holding: Holding, streams: int, held: int, rounds: int, seconds: int
) -> Result:
    ours, direct = seen.values()
    base = spread([one.read["delays"]["0.5"] for one in direct]).median
    added = spread([one.read["delays"]["0.99"] - base for one in ours])
    first = spread([one.first - other.first for one, other in zip(ours, direct, strict=True)])
    rows = [
        (
            name,
            spread([one.first for one in of]).said(1),
            *(spread([one.read["delays"][share] for one in of]).said(1) for share in SHARES),
            spread([1e3 * one.cpu for one in of]).said() if of is ours else "-",
        )
        for name, of in seen.items()
    ]
    names = ("p50", "p90", "p99", "p99.9", "most")
    head = (
        "read",
        "first word, ms",
        *(f"a word under way, {name}, ms" for name in names),
        "CPU ms, 1,000 words",
    )
    return Result(
        "Chat",
        [Table(head, rows)],
        [
            Target(
                f"added delay of a chunk, p99, {streams} streams at {RATE} tokens/s on one worker",
                added.median,
                most=100,
                said=f"{added.said(1)} ms",
                unit=" ms",
            ),
            Target(
                f"memory of a stream, {held} streams at {HELD_RATE} tokens/s held by one worker",
                holding.bytes_each / KIB,
                most=100,
                said=f"{holding.bytes_each / KIB:.0f} KiB",
                unit=" KiB",
            ),
            Target(f"of these {held} streams, those that failed", holding.read["failed"], most=0),
            Target(
                "connections idle in a transaction at every moment while all of them stream",
                holding.least,
                most=0,
                said=f"{holding.least:.0f} (most: {holding.most:.0f})",
            ),
        ],
        [
            f"{rounds} rounds of {seconds} s. Each word carries the time of its sending; its delay ends when the "
            "reader has it. The added delay is a word's delay less the median delay of words read from the model "
            f"itself. The first word comes {first.said(1)} ms later than from the model itself: the message and the "
            "word are committed before it is sent.",
            f"Streams begin {BEGIN_A_SECOND} a second; the words counted are those while all run. While they began, a "
            f"word was under way for {spread([one.read['beginning']['0.99'] for one in ours]).said(1)} ms (p99).",
            f"While {held} streams were held, a word was under way for {holding.read['delays'].get('0.5', 0):.0f} ms "
            f"(p50), {holding.read['delays'].get('0.99', 0):.0f} ms (p99). One moment without a connection that waits "
            "in a transaction shows that no stream holds one; a pool of 6 could not serve them if they did.",
        ],
    )
