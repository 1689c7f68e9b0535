"""`quart-assessment user`: add people, and invite participants."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from quart_assessment.accounts.facts import Role

People = dict[str, list[dict[str, str]]]


@click.group()
def user() -> None:
    """Add people, and invite participants."""


@user.command()
@click.option("--role", type=click.Choice(["participant", "researcher", "admin"]), required=True)
@click.option("--count", type=click.IntRange(1, 10_000), default=1, show_default=True)
@click.option("--username", help="A name; without it one is made up.")
@click.option("--study", "slug", help="The study's slug, where there are several.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def add(role: Role, count: int, username: str | None, slug: str | None, as_json: bool) -> None:
    """Add people with random passwords, which are printed once and kept nowhere."""
    if username is not None and count > 1:
        raise click.UsageError("--username names one person.")
    made = asyncio.run(_add(role, count, username, slug))
    if as_json:
        click.echo(json.dumps(made))
        return
    for person in next(iter(made.values())):
        click.echo("\t".join(str(value) for value in person.values()))


async def _add(role: Role, count: int, username: str | None, slug: str | None) -> People:
    from quart_assessment.accounts.service import UsernameTaken
    from quart_assessment.cli.connected import connected
    from quart_assessment.cli.people import add_participants, add_staff, only_study

    async with connected() as (settings, database):
        try:
            study = None
            if role != "admin":
                async with database.reading() as connection:
                    study = await only_study(connection, slug)
            if role == "participant" and study is not None:
                made = await add_participants(database, settings, study, count, username)
                return {"participants": [asdict(one) for one in made]}
            staff = [await add_staff(database, settings, role, study, username) for _ in range(count)]
            return {f"{role}s": [asdict(one) for one in staff]}
        except UsernameTaken as problem:
            raise click.ClickException(problem.sentence) from None


@user.command()
@click.argument("username")
@click.option("--study", "slug", help="The study's slug, where there are several.")
def invite(username: str, slug: str | None) -> None:
    """Print a fresh invitation link for a participant, enrolling them if need be."""

    async def work() -> str:
        from quart_assessment.cli.connected import connected
        from quart_assessment.cli.people import invite_again

        async with connected() as (settings, database):
            return await invite_again(database, settings, username, slug)

    click.echo(asyncio.run(work()))
