"""Logging in and out, making accounts."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.accounts import repository
from quart_assessment.accounts.facts import Account, Role
from quart_assessment.accounts.passwords import LONGEST, SHORTEST, Passwords, is_common
from quart_assessment.database.engine import Database
from quart_assessment.database.transactions import committed
from quart_assessment.problems import Detail, Forbidden, Invalid, LoginRequired, Problem, TooMany
from quart_assessment.settings import Settings
from quart_assessment.web.caller import Caller, Staff

WINDOW = timedelta(minutes=15)


class BadCredentials(Problem):
    """The name or the password is not right."""

    status, code = 401, "bad_credentials"


class UsernameTaken(Problem):
    """That name is taken."""

    status, code = 409, "username_taken"


TAKEN = {"uq_accounts_username": UsernameTaken}


@dataclass(frozen=True, slots=True)
class LoginPeriods:
    """How long a login lasts unused, and at the most."""

    idle: timedelta
    absolute: timedelta


def periods(settings: Settings) -> LoginPeriods:
    """Give how long logins last."""
    return LoginPeriods(
        timedelta(hours=settings.login_idle_hours), timedelta(hours=settings.login_absolute_hours)
    )


async def log_in(
    database: Database,
    settings: Settings,
    passwords: Passwords,
    *,
    username: str,
    password: str,
    address: str,
    token_hash: bytes,
) -> Account:
    """Open a login under `token_hash` for whoever has this name and password.

    Raises:
        BadCredentials: they do not fit; unknown names get the same text after the same time.
        TooMany: too many failures of this account or address in the last 15 minutes.
    """
    async with database.reading() as connection:
        # The database stores no NUL, so that nobody's name holds one.
        found = None if "\0" in username else await repository.select_account(connection, username=username)
        # An account has one count, however its name was written.
        name = username.casefold() if found is None else str(found[0].id)
        by_account, by_address = _who(settings, "account", name), _who(settings, "address", address)
        await _check_failures(connection, settings, by_account, by_address)
    fits = await passwords.verify(None if found is None else found[1], password)

    async def work(connection: AsyncConnection) -> None:
        # Many attempts at once all pass the first check: only as many as are allowed learn how they ended.
        await repository.lock_failures(connection, [by_account, by_address])
        await _check_failures(connection, settings, by_account, by_address)
        if fits and found is not None:
            await open_login(connection, settings, found[0].id, token_hash)
        else:
            await repository.insert_failures(
                connection, [("account", by_account), ("address", by_address)], WINDOW
            )

    await committed(database, work)
    if found is None or not fits:
        raise BadCredentials
    return found[0]


async def _check_failures(
    connection: AsyncConnection, settings: Settings, by_account: bytes, by_address: bytes
) -> None:
    failures = await repository.select_failures(connection, [by_account, by_address], WINDOW)
    limits = {by_account: settings.login_failures_account, by_address: settings.login_failures_address}
    for who, (count, oldest) in failures.items():
        if count >= limits[who]:
            left = oldest + WINDOW - datetime.now(UTC)
            raise TooMany(retry_after=max(1, int(left.total_seconds()) + 1))


def _who(settings: Settings, of: str, name: str) -> bytes:
    # A name that fits nobody may be a password typed into the wrong field: only a keyed hash is kept.
    key = settings.secret_key.get_secret_value() if settings.secret_key is not None else ""
    return hmac.digest(key.encode(), f"{of}:{name}".encode(), hashlib.sha256)


async def open_login(
    connection: AsyncConnection, settings: Settings, account_id: UUID, token_hash: bytes
) -> None:
    """Open a login in the caller's transaction."""
    lasts = periods(settings)
    await repository.insert_login(connection, account_id, token_hash, lasts.idle, lasts.absolute)


async def end_logins(connection: AsyncConnection, account_id: UUID) -> None:
    """End all logins of a person in the caller's transaction."""
    await repository.update_logins_ended(connection, account_id)


async def log_out(database: Database, caller: Caller) -> None:
    """End the caller's login in all workers at once: every statement joins it."""

    async def work(connection: AsyncConnection) -> None:
        await repository.update_login_ended(connection, caller.token_hash)

    await committed(database, work)


async def account_of(connection: AsyncConnection, caller: Caller) -> Account:
    """Find the caller's account; raises LoginRequired where the login has ended."""
    found = await repository.select_login(connection, caller.token_hash)
    if found is None:
        raise LoginRequired
    return found


async def staff_of(database: Database, caller: Caller) -> Staff:
    """Find the staff member behind a login; raises LoginRequired or Forbidden."""
    async with database.reading() as connection:
        found = await account_of(connection, caller)
    if found.role == "participant":
        raise Forbidden
    return Staff(found.id, found.role)


def check_password(password: str) -> None:
    """Check a new password: 12 characters or more, not a common one, nothing else; raises Invalid."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid([Detail("password", f"must have {SHORTEST} to {LONGEST} characters")])
    if is_common(password):
        raise Invalid([Detail("password", "is among the common ones")])


async def make_account(
    connection: AsyncConnection, username: str, password_hash: str | None, role: Role
) -> Account:
    """Make an account in the caller's transaction; its constraint is in TAKEN."""
    return await repository.insert_account(connection, username, password_hash, role)


async def find_account(connection: AsyncConnection, username: str) -> Account | None:
    """Find a person by name."""
    found = await repository.select_account(connection, username=username)
    return None if found is None else found[0]


async def get_account(connection: AsyncConnection, account_id: UUID) -> Account | None:
    """Find a person by id."""
    found = await repository.select_account(connection, account_id=account_id)
    return None if found is None else found[0]
