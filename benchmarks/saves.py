"""A click of the questionnaire: saves a second by 32 clients, beside what the notes would have built, and limits."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from itertools import count
from pathlib import Path

from benchmarks.ground import Ground, answer_table, people
from benchmarks.limits.pgbench import Run, statement_alone
from benchmarks.load.wrk import Closed, closed_loop
from benchmarks.measure import Result, Table, Target, alternating, ratios, spread
from benchmarks.rounds import Seen, closed_round
from tests.ground.postgres import Database
from tests.ground.service import Service

CLIENTS = 32
OURS, BARE, ALONE, BARE_ALONE = "this service", "bare ASGI, shared commits", "route alone", "bare route alone"
FLASK, EXECUTOR, GEVENT, FASTAPI = (
    "Flask gthread",
    "Flask, executor a request",
    "Flask gevent",
    "FastAPI async",
)
LOGGED, PGBENCH = "bare route alone, logged and counted", "pgbench, same statement"
_STORING = (OURS, BARE, FLASK, EXECUTOR, GEVENT, FASTAPI)
# Each round's versions are above those of the round before, whoever ran it.
_VERSIONS_A_ROUND = 20_000
_COUNT_ROWS = "SELECT count(*) FROM response_revisions"


def measure(ground: Ground) -> Result:
    """Measure all contenders against one database."""
    rounds, seconds = ground.counts(5, 8)
    database = ground.database()
    with contextlib.ExitStack() as stack:
        services = _started(ground, database, stack)
        table = answer_table(ground.folder, people(services[OURS], database, 16 if ground.quick else 128))
        versions = count(1)

        def of(name: str, service: Service) -> Callable[[], Seen]:
            return lambda: _round(
                ground, name, service, database, table, next(versions) * _VERSIONS_A_ROUND, seconds
            )

        runs = {name: of(name, service) for name, service in services.items()}
        with statement_alone(ground, database) as pgbench:
            runs[PGBENCH] = lambda: _alone(pgbench, next(versions) * _VERSIONS_A_ROUND, seconds)
            seen = alternating(runs, rounds, warm=not ground.quick)
    return _result(seen, rounds, seconds)


def _started(ground: Ground, database: Database, stack: contextlib.ExitStack) -> dict[str, Service]:
    enter = stack.enter_context
    return {
        OURS: enter(ground.service(database)),
        BARE: enter(ground.variant(database, "benchmarks.limits.bare:sharing")),
        FLASK: enter(ground.flask(database)),
        EXECUTOR: enter(ground.flask(database, executor=True)),
        GEVENT: enter(ground.flask(database, worker="gevent")),
        FASTAPI: enter(ground.fastapi(database)),
        ALONE: enter(ground.variant(database, "benchmarks.limits.at_once:create_app()")),
        BARE_ALONE: enter(ground.variant(database, "benchmarks.limits.bare:at_once")),
        LOGGED: enter(ground.variant(database, "benchmarks.limits.bare:at_once_logged")),
    }


def _round(
    ground: Ground, name: str, service: Service, database: Database, table: Path, version: int, seconds: float
) -> Seen:
    def load() -> Closed:
        words = [str(table), str(version)]
        return closed_loop(service.url, "saves.lua", words, clients=CLIENTS, seconds=seconds)

    kept = (database, _COUNT_ROWS) if name in _STORING else None
    return closed_round(ground, name, service, load, kept)


def _alone(pgbench: Run, version: int, seconds: float) -> Seen:
    return Seen(pgbench(CLIENTS, seconds, version), math.nan, math.nan)


def _result(seen: dict[str, list[Seen]], rounds: int, seconds: float) -> Result:
    def rates(name: str) -> list[float]:
        return [one.load.rate for one in seen[name]]

    def target(words: str, name: str, other: str, least: float) -> Target:
        ratio = ratios(rates(name), rates(other))
        return Target(words, ratio.median, least=least, said=ratio.said(2))

    rows = []
    for name in seen:
        ours = ratios(rates(OURS), rates(name))
        rows.append(
            (
                name,
                spread(rates(name)).said(),
                "-" if name in (ALONE, BARE_ALONE, LOGGED) else ours.said(2),
                *(spread([getattr(one.load, key) for one in seen[name]]).said(1) for key in ("p50", "p99")),
                *(
                    spread([getattr(one, key) for one in seen[name]]).said()
                    for key in ("program", "database")
                ),
            )
        )
    head = (
        "contender",
        "saves/s",
        "this service against it",
        "p50 ms",
        "p99 ms",
        "its CPU us",
        "PostgreSQL's CPU us",
    )
    silent = ratios(rates(ALONE), rates(BARE_ALONE))
    return Result(
        "Saves",
        [Table(head, rows)],
        [
            target("saves/s against Flask gthread", OURS, FLASK, 8),
            target("saves/s against FastAPI + async ORM", OURS, FASTAPI, 4),
            target("saves/s against a bare ASGI app sharing commits", OURS, BARE, 0.6),
            target(
                "route without the statement against its bare twin, both logged and counted",
                ALONE,
                LOGGED,
                0.5,
            ),
        ],
        [
            f"{CLIENTS} clients (wrk), {rounds} rounds of {seconds} s each; after each round of a contender "
            "that stores, the revisions stored were at least as many as the replies. CPU is microseconds a request.",
            "The route alone, which logs a line and counts each reply, against a bare twin that does neither: "
            f"{silent.said(2)}.",
        ],
    )
