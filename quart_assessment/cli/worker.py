"""`quart-assessment worker`: does the jobs that the service asks for, in a process of its own."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from logging.config import dictConfig
from pathlib import Path

import click

from quart_assessment.serving.parent import end_with_parent
from quart_assessment.settings import Settings

log = logging.getLogger(__name__)

# Beside one connection a running job: one to claim and to say what became of jobs, one to renew leases.
_OWN_CONNECTIONS = 2


@click.command()
@click.option(
    "--alive",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file to touch at each look for work, every JOB_POLL_SECONDS or sooner, for a health check.",
)
@click.option("--with-parent", type=int, hidden=True, help="End when the process of this id ends.")
def worker(alive: Path | None, with_parent: int | None) -> None:
    """Do jobs, JOBS_AT_ONCE at a time, until SIGTERM or Ctrl-C; those under way are finished or given back."""
    settings = Settings()
    if settings.database_url is None:
        click.echo("DATABASE_URL is not set: the PostgreSQL to work from.", err=True)
        sys.exit(2)
    if with_parent is not None:
        end_with_parent(with_parent)
    from quart_assessment.serving.log_lines import log_config

    dictConfig(log_config(settings.log_level))
    sys.exit(asyncio.run(_work(settings, alive)))


async def _work(settings: Settings, alive: Path | None) -> int:
    """Work until a signal; gives the exit status."""
    from quart_assessment import work
    from quart_assessment.database.engine import Database
    from quart_assessment.database.failures import sqlstate_of
    from quart_assessment.database.listen import Listener
    from quart_assessment.jobs.fragments import CHANNEL
    from quart_assessment.jobs.running import Worker

    async def beat() -> None:
        if alive is not None:
            await asyncio.to_thread(alive.touch)

    sizes = {"db_pool_size": settings.jobs_at_once + _OWN_CONNECTIONS}
    database = Database(settings.model_copy(update=sizes))
    handlers = work.handlers_of(settings, database)
    made = Worker(settings, database, handlers, Listener.of(settings, CHANNEL), beat)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, made.stop)
    log.info("the worker begins", extra={"kinds": sorted(handlers), "at_once": settings.jobs_at_once})
    status, left = 0, 0
    try:
        left = await made.work()
    except* Exception as errors:
        for error in errors.exceptions:
            state = sqlstate_of(error)
            log.error("the worker ends, since it cannot go on", exc_info=error, extra={"sqlstate": state})
        status = 1
    finally:
        await database.drain(settings.graceful_timeout / 3)
        await database.dispose()
    if left:
        log.error("the worker ends, and jobs with it that do not end by themselves", extra={"jobs": left})
        logging.shutdown()
        os._exit(1)
    log.info("the worker has ended")
    return status
