"""The cost of a save when few and when many answers are stored."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path

import sqlalchemy as sa

from benchmarks.ground import Ground, answer_table, people
from benchmarks.load.wrk import Closed, closed_loop
from benchmarks.measure import Result, Table, Target, alternating, ratios, spread
from quart_assessment.accounts.tables import accounts
from quart_assessment.phq.tables import questions, response_revisions, responses
from quart_assessment.sessions.tables import assessments, sessions
from tests.ground.postgres import Database
from tests.ground.service import Service

SIZES = (10_000, 1_000_000, 10_000_000)
CLIENTS = 32
PEOPLE = 64
_VERSIONS_A_ROUND = 20_000
_ID = """
    CREATE FUNCTION pg_temp.made(kind integer, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT CAST(lpad(to_hex(kind), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0') AS uuid) $$
"""


def measure(ground: Ground) -> Result:
    """Measure saves to three databases by turns."""
    rounds, seconds = ground.counts(5, 8)
    sizes = (1000, 10_000) if ground.quick else SIZES
    with contextlib.ExitStack() as stack:
        runs: dict[str, Callable[[], Closed]] = {}
        for size in sizes:
            print(f"  storing {size:,} answers", flush=True)
            database = ground.database()
            service = stack.enter_context(ground.service(database))
            table = answer_table(ground.folder, people(service, database, PEOPLE))
            asyncio.run(_fill(database, size))
            runs[f"{size:,}"] = _runner(service, table, seconds)
        seen = alternating(runs, rounds, warm=not ground.quick)
    return _result(seen, rounds, seconds)


def _runner(service: Service, table: Path, seconds: float) -> Callable[[], Closed]:
    versions = count(1)

    def run() -> Closed:
        words = [str(table), str(next(versions) * _VERSIONS_A_ROUND)]
        load = closed_loop(service.url, "saves.lua", words, clients=CLIENTS, seconds=seconds)
        if load.failed:
            raise RuntimeError(f"{load.failed} saves failed\n{service.printed()[-2000:]}")
        return load

    return run


def _copied(table: sa.Table, changed: Mapping[str, str], source: str) -> str:
    """Write a statement that inserts copies of the row `t`, with other values in some columns."""
    names = table.columns.keys()
    values = [changed.get(name, f"t.{name}") for name in names]
    return f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {', '.join(values)} FROM {source}"


def _filling(size: int) -> list[str]:
    """Write what stores `size` answers with all that they refer to, as copies of one session that is there."""
    one = "(SELECT min(CAST(session_id AS text))::uuid FROM questions)"
    session = "pg_temp.made(2, n)"
    of_question = "pg_temp.made(4, n * 100 + t.position)"
    series = f"generate_series(1, (SELECT {size} / count(*) FROM questions WHERE session_id = {one})) n"
    drawn = f"(SELECT * FROM questions WHERE session_id = {one}) t"
    phq = f"(SELECT * FROM assessments WHERE session_id = {one} AND kind = 'phq') t"
    answer = {"session_id": session, "question_id": of_question, "value": "1", "version": "1"}
    answer |= {"received_at": "now()", "clock_suspect": "false", "late": "false", "help_shown": "NULL"}
    answer |= dict.fromkeys(("response_time_ms", "client_time", "session_ms"), "NULL")
    revision = answer | {
        "id": "pg_temp.made(5, n * 100 + t.position)",
        "applied": "true",
        "after_completion": "false",
    }
    return [
        f"INSERT INTO {accounts.name} (id, username, role) "
        f"SELECT pg_temp.made(1, n), 'stored-' || n, 'participant' FROM {series}",
        _copied(
            sessions,
            {"id": session, "account_id": "pg_temp.made(1, n)"},
            f"{series}, (SELECT * FROM sessions WHERE id = {one}) t",
        ),
        _copied(assessments, {"id": "pg_temp.made(3, n)", "session_id": session}, f"{series}, {phq}"),
        _copied(responses, answer | {"assessment_id": "pg_temp.made(3, n)"}, f"{series}, {drawn}"),
        _copied(response_revisions, revision, f"{series}, {drawn}"),
        _copied(
            questions,
            {"id": of_question, "session_id": session, "assessment_id": "pg_temp.made(3, n)"},
            f"{series}, {drawn}",
        ),
    ]


async def _fill(database: Database, size: int) -> None:
    connection = await database.connect(superuser=True)
    try:
        await connection.execute(_ID)
        # The rows fit together by their making; to look each reference up again takes longer than all else.
        await connection.execute("SET session_replication_role = replica")
        for statement in _filling(size):
            await connection.execute(statement, timeout=3600)
        await connection.execute("VACUUM ANALYZE", timeout=3600)
        await connection.execute("CHECKPOINT", timeout=600)
        stored = await connection.fetchval("SELECT count(*) FROM responses")
        if stored < 0.99 * size:
            raise RuntimeError(f"{stored} answers are stored, not {size}")
    finally:
        await connection.close()


def _result(seen: dict[str, list[Closed]], rounds: int, seconds: float) -> Result:
    few = [one.rate for one in next(iter(seen.values()))]
    costs = {name: ratios(few, [one.rate for one in of]) for name, of in seen.items()}
    rows = [
        (
            name,
            spread([one.rate for one in of]).said(),
            costs[name].said(2),
            *(spread([getattr(one, key) for one in of]).said(1) for key in ("p50", "p99")),
        )
        for name, of in seen.items()
    ]
    worst = max(list(costs.values())[1:], key=lambda cost: cost.median)
    return Result(
        "Growth of the tables",
        [Table(("answers stored", "saves/s", "cost against the fewest", "p50 ms", "p99 ms"), rows)],
        [
            Target(
                f"cost of a save from {next(iter(seen))} to {list(seen)[-1]} stored answers",
                worst.median,
                most=1.3,
                said=worst.said(2),
            )
        ],
        [
            f"{CLIENTS} clients (wrk), {rounds} rounds of {seconds} s each, a database of its own for each size. Every "
            "stored answer has its question, revision, assessment, session and account. The cost is the time a save "
            "takes of the machine: the ratio of saves a second."
        ],
    )
