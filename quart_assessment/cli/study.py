"""`quart-assessment study`: load a study from a file, list the studies, try the mail to a study's contacts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from quart_assessment.cli.study_files import read_study


@click.group()
def study() -> None:
    """Load a study from a file, list the studies, try the mail to a study's contacts."""


@study.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--default", is_flag=True, help="Load the demonstration study that ships with the package.")
def load(file: Path | None, default: bool) -> None:
    """Load a study from FILE (TOML). What has changed becomes a new version; sessions keep theirs."""
    parsed = read_study(file, default=default)

    async def work() -> tuple[int, tuple[str, ...]]:
        from quart_assessment.cli.connected import connected
        from quart_assessment.cli.doctor_studies import missing_of
        from quart_assessment.studies.service import get_study, load_study

        async with connected() as (_, database):
            study_id, number = await load_study(database, parsed)
            async with database.reading() as connection:
                return number, await missing_of(connection, await get_study(connection, study_id))

    number, missing = asyncio.run(work())
    click.echo(f"{parsed.slug}: version {number}")
    if missing:
        click.echo(f"No session of it can start yet; missing: {', '.join(missing)}.", err=True)


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


@study.command("try-contacts")
@click.argument("slug")
def try_contacts(slug: str) -> None:
    """Have the worker send each contact of the study SLUG a mail that says that it is a trial."""

    async def work() -> int:
        from quart_assessment.cli.connected import connected
        from quart_assessment.safety.service import ask_for_trial
        from quart_assessment.studies.service import contacts_of, find_study

        async with connected() as (_, database):
            async with database.reading() as connection:
                found = await find_study(connection, slug)
                if found is None:
                    raise click.ClickException(f"There is no study {slug}.")
                contacts = await contacts_of(connection, found.id)
            count = sum(contact.email is not None for contact in contacts)
            if count:
                await ask_for_trial(database, found.id)
            return count

    count = asyncio.run(work())
    if not count:
        raise click.ClickException("The study has no contact with an e-mail address.")
    click.echo(f"Asked for mail to {count}; `quart-assessment doctor` says if the worker cannot send it.")
