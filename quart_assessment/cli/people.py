"""Making accounts from the command line: participants with their invitations, and staff."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass

import click
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.accounts import service as accounts
from quart_assessment.accounts.facts import Role
from quart_assessment.accounts.passwords import Passwords
from quart_assessment.database.engine import Database
from quart_assessment.database.transactions import committed
from quart_assessment.settings import Settings
from quart_assessment.studies import service as studies
from quart_assessment.studies.rows import Study

PASSWORD_BYTES = 12


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody new, with the password that is told only once."""

    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Participant(Person):
    """A new participant, with the link that logs them in."""

    invitation_url: str


async def only_study(connection: AsyncConnection, slug: str | None) -> Study:
    """Find the study named, or the only one there is; raises ClickException."""
    known = await studies.all_studies(connection)
    wanted = [study for study in known if slug in (None, study.slug)]
    if len(wanted) == 1:
        return wanted[0]
    if not known:
        raise click.ClickException("There is no study yet; load one with `quart-assessment study load FILE`.")
    raise click.ClickException("Name a study with --study: " + ", ".join(study.slug for study in known))


def invitation_url(settings: Settings, token: str) -> str:
    """Give an invitation's link; the token stands in the fragment, which browsers send to nobody."""
    return f"{settings.address}/#/join/{token}"


async def add_participants(
    database: Database, settings: Settings, study: Study, count: int, username: str | None = None
) -> list[Participant]:
    """Make participants' accounts, enrol and invite them, in one transaction."""
    passwords = Passwords(settings)
    people = [_new_person(username or "participant", alone=username is not None) for _ in range(count)]
    hashes: list[str] = []
    for first in range(0, count, settings.password_threads):
        few = people[first : first + settings.password_threads]
        hashes += await asyncio.gather(*(passwords.hash(one.password) for one in few))
    passwords.close()

    async def work(connection: AsyncConnection) -> list[Participant]:
        made = []
        for person, password_hash in zip(people, hashes, strict=True):
            account = await accounts.make_account(connection, person.username, password_hash, "participant")
            await studies.enrol(connection, study.id, account.id)
            token = await studies.invite(connection, study.id, account.id)
            made.append(Participant(person.username, person.password, invitation_url(settings, token)))
        return made

    return await committed(database, work, constraints=accounts.TAKEN)


async def add_staff(
    database: Database, settings: Settings, role: Role, study: Study | None, username: str | None = None
) -> Person:
    """Make a researcher's or an admin's account; a researcher becomes staff of `study`."""
    passwords = Passwords(settings)
    person = _new_person(username or role, alone=username is not None)
    password_hash = await passwords.hash(person.password)
    passwords.close()

    async def work(connection: AsyncConnection) -> Person:
        account = await accounts.make_account(connection, person.username, password_hash, role)
        if study is not None:
            await studies.make_staff(connection, study.id, account.id)
        return person

    return await committed(database, work, constraints=accounts.TAKEN)


def _new_person(name: str, *, alone: bool) -> Person:
    username = name if alone else f"{name}-{secrets.token_hex(4)}"
    return Person(username, secrets.token_urlsafe(PASSWORD_BYTES))


async def invite_again(database: Database, settings: Settings, username: str, slug: str | None) -> str:
    """Make a fresh invitation link for a participant; raises ClickException."""

    async def work(connection: AsyncConnection) -> str:
        study = await only_study(connection, slug)
        account = await accounts.find_account(connection, username)
        if account is None or account.role != "participant":
            raise click.ClickException("There is no participant of that name.")
        await studies.enrol(connection, study.id, account.id)
        return await studies.invite(connection, study.id, account.id)

    return invitation_url(settings, await committed(database, work))
