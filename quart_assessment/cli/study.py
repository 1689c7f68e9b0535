"""`quart-assessment study`: load a study from a file, or list the studies."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from quart_assessment.cli.study_files import read_study


@click.group()
def study() -> None:
    """Load a study from a file, or list the studies."""


@study.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--default", is_flag=True, help="Load the demonstration study that ships with the package.")
def load(file: Path | None, default: bool) -> None:
    """Load a study from FILE (TOML). What has changed becomes a new version; sessions keep theirs."""
    parsed = read_study(file, default=default)

    async def work() -> int:
        from quart_assessment.cli.connected import connected
        from quart_assessment.studies.service import load_study

        async with connected() as (_, database):
            return (await load_study(database, parsed))[1]

    click.echo(f"{parsed.slug}: version {asyncio.run(work())}")


@study.command("list")
def list_() -> None:
    """List the studies."""

    async def work() -> list[str]:
        from quart_assessment.cli.connected import connected
        from quart_assessment.studies.service import all_studies

        async with connected() as (_, database), database.reading() as connection:
            return [f"{one.slug}\t{one.title}" for one in await all_studies(connection)]

    for line in asyncio.run(work()):
        click.echo(line)
