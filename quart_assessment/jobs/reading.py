"""How the work stands, for those who watch it."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

_SHOWN = ("waiting", "running", "failed")
_STANDING = sa.text("""
    SELECT kind, state, count(*) AS jobs, count(*) FILTER (WHERE attempts > 0 AND state = 'waiting') AS failing,
        extract(epoch FROM now() - min(coalesce(lease_until, run_after))
        FILTER (WHERE state <> 'failed')) AS due
    FROM jobs WHERE state <> 'done' GROUP BY kind, state
""")
_RUNS = sa.text("SELECT kind, outcome, runs FROM job_runs")


@dataclass(frozen=True, slots=True)
class Standing:
    """How the work stands.

    `jobs` counts by (kind, state) what is not done, with a 0 where a kind that was ever run has none; `failing`
    counts by kind what waits after a failed run; `runs` counts ends of runs by (kind, outcome), since ever.
    `oldest_due` is for how many seconds the longest waiting job has been due, or without its worker; 0 if none is.
    """

    jobs: dict[tuple[str, str], int]
    runs: dict[tuple[str, str], int]
    failing: dict[str, int]
    oldest_due: float


async def select_standing(connection: AsyncConnection) -> Standing:
    """Read how the work stands."""
    rows = (await connection.execute(_STANDING)).all()
    runs = {(row.kind, row.outcome): int(row.runs) for row in await connection.execute(_RUNS)}
    kinds = {kind for kind, _ in runs} | {row.kind for row in rows}
    jobs = {(kind, state): 0 for kind in sorted(kinds) for state in _SHOWN}
    jobs |= {(row.kind, row.state): int(row.jobs) for row in rows}
    failing = {row.kind: int(row.failing) for row in rows if row.failing}
    return Standing(jobs, runs, failing, max([0.0, *(float(row.due) for row in rows if row.due is not None)]))
