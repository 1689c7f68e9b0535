"""The rows of people, logins and failed attempts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.accounts.facts import Account, Role
from quart_assessment.accounts.tables import accounts, login_failures, logins
from quart_assessment.database.schema import new_id

_LIVE = sa.and_(
    logins.c.ended_at.is_(None), logins.c.expires_at > sa.func.now(), logins.c.idle_until > sa.func.now()
)


async def insert_account(
    connection: AsyncConnection, username: str, password_hash: str | None, role: Role
) -> Account:
    """Store a person; the database refuses a name that is taken, whatever its case."""
    made = new_id()
    await connection.execute(
        accounts.insert().values(id=made, username=username, password_hash=password_hash, role=role)
    )
    return Account(made, username, role)


async def select_account(
    connection: AsyncConnection, *, username: str | None = None, account_id: UUID | None = None
) -> tuple[Account, str | None] | None:
    """Find a person by name or id, with the hash of their password."""
    wanted = (
        sa.func.lower(accounts.c.username) == sa.func.lower(username)
        if username is not None
        else accounts.c.id == account_id
    )
    found = await connection.execute(sa.select(accounts).where(wanted, accounts.c.disabled_at.is_(None)))
    row = found.one_or_none()
    return None if row is None else (Account(row.id, row.username, row.role), row.password_hash)


async def insert_login(
    connection: AsyncConnection, account_id: UUID, token_hash: bytes, idle: timedelta, absolute: timedelta
) -> None:
    """Store a login."""
    now = sa.func.now()
    await connection.execute(
        logins.insert().values(
            id=new_id(),
            account_id=account_id,
            token_hash=token_hash,
            idle_until=now + idle,
            expires_at=now + absolute,
        )
    )


async def select_login(connection: AsyncConnection, token_hash: bytes) -> Account | None:
    """Find whose login it is; None where it has ended."""
    found = await connection.execute(
        sa.select(accounts.c.id, accounts.c.username, accounts.c.role)
        .select_from(accounts.join(logins, logins.c.account_id == accounts.c.id))
        .where(logins.c.token_hash == token_hash, _LIVE, accounts.c.disabled_at.is_(None))
    )
    row = found.one_or_none()
    return None if row is None else Account(row.id, row.username, row.role)


async def update_login_seen(connection: AsyncConnection, token_hash: bytes, idle: timedelta) -> None:
    """Store that a login was used, at most once a minute however many workers saw it."""
    now = sa.func.now()
    await connection.execute(
        logins.update()
        .where(logins.c.token_hash == token_hash, _LIVE, logins.c.seen_at < now - timedelta(minutes=1))
        .values(seen_at=now, idle_until=now + idle)
    )


async def update_login_ended(connection: AsyncConnection, token_hash: bytes) -> None:
    """End a login."""
    await connection.execute(
        logins.update()
        .where(logins.c.token_hash == token_hash, logins.c.ended_at.is_(None))
        .values(ended_at=sa.func.now())
    )


async def update_logins_ended(connection: AsyncConnection, account_id: UUID) -> None:
    """End all logins of a person."""
    await connection.execute(
        logins.update()
        .where(logins.c.account_id == account_id, logins.c.ended_at.is_(None))
        .values(ended_at=sa.func.now())
    )


async def lock_failures(connection: AsyncConnection, who_hashes: Sequence[bytes]) -> None:
    """Let one attempt of each of these be decided at a time, until the transaction ends."""
    for key in sorted(int.from_bytes(who_hash[:8], "big", signed=True) for who_hash in who_hashes):
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


async def select_failures(
    connection: AsyncConnection, who_hashes: Sequence[bytes], since: timedelta
) -> dict[bytes, tuple[int, datetime]]:
    """Count failed logins by whom, with the time of the oldest counted."""
    found = await connection.execute(
        sa.select(
            login_failures.c.who_hash,
            sa.func.count().label("count"),
            sa.func.min(login_failures.c.failed_at).label("oldest"),
        )
        .where(login_failures.c.who_hash.in_(who_hashes), login_failures.c.failed_at > sa.func.now() - since)
        .group_by(login_failures.c.who_hash)
    )
    return {row.who_hash: (row._mapping["count"], row.oldest) for row in found}


async def insert_failures(
    connection: AsyncConnection, who: Sequence[tuple[Literal["account", "address"], bytes]], since: timedelta
) -> None:
    """Store a failed login, and drop those too old to count."""
    await connection.execute(
        login_failures.delete().where(
            login_failures.c.who_hash.in_([one[1] for one in who]),
            login_failures.c.failed_at < sa.func.now() - since,
        )
    )
    await connection.execute(
        login_failures.insert(), [{"id": new_id(), "of": of, "who_hash": who_hash} for of, who_hash in who]
    )
