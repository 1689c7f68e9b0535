"""How somebody arrives: by registering, by an invitation, or with a login they have."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.accounts import service as accounts
from quart_assessment.accounts.facts import Account
from quart_assessment.accounts.passwords import Passwords
from quart_assessment.accounts.schemas import RegisterForm
from quart_assessment.audit import service as audit
from quart_assessment.database.engine import Database
from quart_assessment.database.transactions import committed
from quart_assessment.journey import repository
from quart_assessment.problems import Detail, Invalid, NotFound, Problem
from quart_assessment.settings import Settings
from quart_assessment.studies import service as studies
from quart_assessment.studies.definition import PresentationSettings
from quart_assessment.studies.rows import Study
from quart_assessment.web.caller import Caller
from quart_assessment.web.envelope import Data


class RegistrationClosed(Problem):
    """This study takes no registrations."""

    status, code = 403, "registration_closed"


class InvitationSpent(Problem):
    """This link has done its work; please ask for a new one."""

    status, code = 410, "invitation_spent"


async def register(
    database: Database, settings: Settings, passwords: Passwords, form: RegisterForm, token_hash: bytes
) -> Account:
    """Make a participant's account, enrol them and log them in under `token_hash`.

    Raises:
        Invalid: the password is too short or a common one; several studies could be meant.
        RegistrationClosed: no study, or not this one, takes registrations.
        UsernameTaken: the name is taken, whatever its case.
    """
    accounts.check_password(form.password)
    async with database.reading() as connection:
        study = await _open_to_registration(connection, form.study)
    password_hash = await passwords.hash(form.password)

    async def work(connection: AsyncConnection) -> Account:
        made = await accounts.make_account(connection, form.username, password_hash, "participant")
        await studies.enrol(connection, study.id, made.id)
        await accounts.open_login(connection, settings, made.id, token_hash)
        return made

    return await committed(database, work, constraints=accounts.TAKEN)


async def takes_registrations(database: Database) -> bool:
    """Tell whether `register` without a named study finds the one that is meant."""
    async with database.reading() as connection:
        return len(await studies.taking_registrations(connection)) == 1


async def _open_to_registration(connection: AsyncConnection, wanted: str | None) -> Study:
    taking = [
        study
        for study in await studies.taking_registrations(connection)
        if wanted in (None, study.slug, str(study.id))
    ]
    if not taking:
        raise RegistrationClosed
    if len(taking) > 1:
        raise Invalid([Detail("study", "missing")])
    return taking[0]


async def come_by_invitation(
    database: Database, settings: Settings, token: str, token_hash: bytes
) -> Account:
    """Log the holder of an invitation link in; their earlier logins end, and the use is audited.

    Raises:
        NotFound: there is no such link.
        InvitationSpent: the last visit is done, the study has closed, or the link was good for once.
    """

    async def work(connection: AsyncConnection) -> Account:
        invitation = await studies.lock_invitation(connection, token)
        if invitation is None:
            raise NotFound
        account = await accounts.get_account(connection, invitation["account_id"])
        if account is None or await _is_spent(connection, invitation):
            raise InvitationSpent
        # Of two links used at the same moment, the later use ends the earlier one's login.
        await repository.lock_account(connection, account.id)
        now = await repository.select_now(connection)
        await accounts.end_logins(connection, account.id)
        await accounts.open_login(connection, settings, account.id, token_hash)
        await studies.mark_used(connection, invitation, now)
        await audit.record(
            connection,
            account.id,
            "invitation_used",
            study_id=invitation["study_id"],
            subject_id=invitation["id"],
        )
        return account

    return await committed(database, work)


async def _is_spent(connection: AsyncConnection, invitation: dict[str, Any]) -> bool:
    study = await studies.get_study(connection, invitation["study_id"])
    if invitation["revoked_at"] is not None or (study.invitation_once and invitation["used_at"] is not None):
        return True
    now = await repository.select_now(connection)
    if study.closes_at is not None and study.closes_at <= now:
        return True
    presentation = (await studies.newest_version(connection, study.id)).parts.get("presentation")
    if not isinstance(presentation, PresentationSettings):
        return False
    sessions = await repository.select_sessions_of(connection, invitation["account_id"], study.id)
    return sum(one.end_state == "COMPLETED" for one in sessions) >= presentation.visits


async def who_am_i(database: Database, caller: Caller) -> tuple[Account, list[Data]]:
    """Give the caller's account and the studies they take part in, or are staff of."""
    async with database.reading() as connection:
        account = await accounts.account_of(connection, caller)
        if account.role == "participant":
            theirs = await studies.enrolled(connection, account.id)
        else:
            staffed = set(await studies.staffed(connection, account.id))
            everything = await studies.all_studies(connection)
            theirs = [study for study in everything if account.role == "admin" or study.id in staffed]
        languages = await studies.languages_of(connection, [study.id for study in theirs])
    return account, [
        {
            "id": study.id,
            "slug": study.slug,
            "title": study.title,
            "demo": study.demo,
            "languages": languages.get(study.id, []),
        }
        for study in theirs
    ]
