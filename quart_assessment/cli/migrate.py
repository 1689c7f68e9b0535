"""`quart-assessment migrate`: bring the tables to the newest form."""

from __future__ import annotations

import asyncio

import click

from quart_assessment.settings import Settings


@click.command()
def migrate() -> None:
    """Bring the database's tables to the newest form, once, however many start at the same time.

    Needs MIGRATION_DATABASE_URL, the owner of the tables; with DATABASE_URL alone its role owns them.
    """
    from quart_assessment.cli.environment import with_local_database
    from quart_assessment.database import migrations

    async def work() -> None:
        settings = await with_local_database(Settings())
        if settings.database_url is None and settings.migration_database_url is None:
            raise click.ClickException("MIGRATION_DATABASE_URL is not set, and no local database runs.")
        await migrations.migrate(settings)

    asyncio.run(work())
    click.echo("The tables are up to date.")
