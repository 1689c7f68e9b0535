"""`quart-assessment demo`: the demonstration study and its accounts in a database that runs elsewhere."""

from __future__ import annotations

import asyncio

import click

from quart_assessment.settings import Settings


@click.command()
def demo() -> None:
    """Load the demonstration study and make its accounts, once; VAR_DIR/demo.json names them."""
    from quart_assessment.cli.demo import prepare_demo
    from quart_assessment.cli.environment import with_local_database
    from quart_assessment.problems import Unavailable

    async def work() -> None:
        settings = await with_local_database(Settings())
        settings.var_dir.mkdir(parents=True, exist_ok=True, mode=0o711)
        if settings.database_url is None:
            raise click.ClickException("DATABASE_URL is not set, and no local database runs in VAR_DIR.")
        try:
            await prepare_demo(settings)
        except Unavailable:
            raise click.ClickException("The database cannot be reached.") from None
        click.echo(f"The accounts are in {settings.var_dir / 'demo.json'}.")

    asyncio.run(work())
