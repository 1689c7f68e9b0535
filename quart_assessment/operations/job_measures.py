"""How the jobs stand, read for each page of measures: what one worker counts would not outlive it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client.core import Metric

from quart_assessment import measures
from quart_assessment.database.engine import Database
from quart_assessment.jobs.reading import select_standing
from quart_assessment.problems import Problem

SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class JobMeasures:
    """A collector of prometheus_client; empty where the database is away: no figure is better than an old one."""

    metrics: Sequence[Metric] = ()

    def collect(self) -> Sequence[Metric]:
        """Give the metrics."""
        return self.metrics


async def jobs_measured(database: Database) -> JobMeasures:
    """Read how the jobs stand, within 2 s."""
    try:
        async with asyncio.timeout(SECONDS), database.reading() as connection:
            standing = await select_standing(connection)
    except (Problem, TimeoutError):
        return JobMeasures()
    return JobMeasures(measures.of_jobs(standing.jobs, standing.runs, standing.oldest_due))
