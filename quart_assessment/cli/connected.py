"""The database as a verb of the command line uses it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click

from quart_assessment.cli.environment import with_local_database
from quart_assessment.database.engine import Database
from quart_assessment.problems import Unavailable
from quart_assessment.settings import Settings


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Settings, Database]]:
    """Give the settings and the pools of DATABASE_URL, or of the running local database."""
    settings = await with_local_database(Settings())
    if settings.database_url is None:
        raise click.ClickException("DATABASE_URL is not set, and no local database runs in VAR_DIR.")
    database = Database(settings)
    try:
        yield settings, database
    except Unavailable:
        raise click.ClickException("The database cannot be reached.") from None
    finally:
        await database.dispose()
