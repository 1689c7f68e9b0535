"""The app in process on a database of its own, and people who come into it without a password to hash."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import sqlalchemy as sa
from itsdangerous import URLSafeTimedSerializer
from pydantic import SecretStr
from quart import Quart
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.accounts import service as accounts
from quart_assessment.accounts.facts import Role
from quart_assessment.accounts.identity import new_token, token_hash
from quart_assessment.app import create_app
from quart_assessment.database.engine import Database as Pools
from quart_assessment.database.schema import new_id
from quart_assessment.database.transactions import committed
from quart_assessment.settings import Settings
from quart_assessment.studies import service as studies
from quart_assessment.studies.definition import StudyFile
from tests.ground.lifespan import living
from tests.ground.participant import Data, Participant, kept
from tests.ground.postgres import Database
from tests.ground.study import settings_of, study_with

COOKIE = "qa_login"
SALT = "quart auth salt"
NO_CAMERA: dict[str, Any] = {
    "recording_mode": "OFF",
    "capture_on_button_click": False,
    "capture_on_message_send": False,
    "capture_on_question_start": False,
}
PHQ_ALONE: dict[str, Any] = {
    "camera": NO_CAMERA,
    "consent": {"scopes": [{"name": "questionnaire", "required": True}, {"name": "chat", "required": False}]},
    "presentation": {"order": "phq_first"},
}
"""Changes by which a questionnaire alone completes a session."""


async def load_into(database: Database, file: StudyFile) -> UUID:
    """Load a study as the command line does."""
    pools = Pools(settings_of(database))
    try:
        return (await studies.load_study(pools, file))[0]
    finally:
        await pools.dispose()


async def invitations(database: Database, study_id: UUID, count: int = 1) -> list[str]:
    """Make participants who have no password, only a link each; gives the tokens."""
    pools = Pools(settings_of(database))

    async def work(connection: AsyncConnection) -> list[str]:
        tokens = []
        for _ in range(count):
            name = f"participant-{new_id()}"
            account = await accounts.make_account(connection, name, None, "participant")
            await studies.enrol(connection, study_id, account.id)
            tokens.append(await studies.invite(connection, study_id, account.id))
        return tokens

    try:
        return await committed(pools, work)
    finally:
        await pools.dispose()


async def staff_login(database: Database, role: Role, *study_ids: UUID) -> str:
    """Make staff with a login; gives the login's token."""
    settings = settings_of(database)
    pools, token = Pools(settings), new_token()

    async def work(connection: AsyncConnection) -> None:
        account = await accounts.make_account(connection, f"{role}-{new_id()}", None, role)
        for study_id in study_ids:
            await studies.make_staff(connection, study_id, account.id)
        await accounts.open_login(connection, settings, account.id, token_hash(token))

    try:
        await committed(pools, work)
    finally:
        await pools.dispose()
    return token


def signed(secret: str, token: str) -> str:
    """Give the cookie's value for a login's token."""
    value = URLSafeTimedSerializer(secret, SALT, signer_kwargs={"digest_method": hashlib.sha512}).dumps(token)
    return value if isinstance(value, str) else value.decode()


# When a login was last seen, at most once a minute; turns of lost workers, looked for every third of a lease.
_BESIDE_REQUESTS = ("UPDATE logins SET seen_at", "SELECT u.session_id FROM turns u")


@dataclass(frozen=True, slots=True)
class House:
    """A running app, and the database under it."""

    app: Quart
    database: Database
    settings: Settings

    def client(self, **headers: str) -> httpx.AsyncClient:
        """A client with cookies of its own; nothing goes over a socket."""
        transport = httpx.ASGITransport(app=self.app)  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=headers)

    async def study(self, **changes: Any) -> UUID:
        """Load the default study with changes, as `study_with`."""
        return await load_into(self.database, study_with(**changes))

    async def come(self, study_id: UUID) -> Participant:
        """Let somebody new come into a study by their link."""
        [token] = await invitations(self.database, study_id)
        someone = Participant(self.client())
        kept(await someone.client.post("/api/auth/invitation", json={"token": token}))
        return someone

    async def staff(self, role: Role, *study_ids: UUID) -> httpx.AsyncClient:
        """Let somebody of the staff come, who belongs to these studies."""
        client = self.client()
        self.log_in(client, await staff_login(self.database, role, *study_ids))
        return client

    def log_in(self, client: httpx.AsyncClient, token: str) -> None:
        """Give a client the cookie of a login's token."""
        assert self.settings.secret_key is not None
        client.cookies.set(COOKIE, signed(self.settings.secret_key.get_secret_value(), token))

    async def insert_turn(self, session: Data, number: int) -> None:
        """Store a message that has its reply, as the interview does."""
        await self.rows(
            "INSERT INTO turns (session_id, message_id, assessment_id, turn_number, state, message, reply,"
            " received_at, first_token_at, completed_at)"
            " VALUES ($1, $2, $3, $4, 'complete', 'hello', 'well', now(), now(), now())",
            UUID(session["id"]),
            uuid4(),
            UUID(session["chat"]["assessment_id"]),
            number,
        )

    async def expire(self, session: Data, ago: str = "1 second") -> None:
        """Let a session's time have run out."""
        await self.rows(
            f"UPDATE sessions SET expires_at = now() - interval '{ago}' WHERE id = $1", UUID(session["id"])
        )

    async def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        """Read or change rows as the tables' owner."""
        connection = await self.database.connect(owner=True)
        try:
            return [dict(row) for row in await connection.fetch(statement, *values)]
        finally:
            await connection.close()

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Keep every statement that the app sends meanwhile, but for those it sends beside requests."""
        sent: list[str] = []

        def keep(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not any(beside in statement for beside in _BESIDE_REQUESTS):
                sent.append(statement)

        engines = [engine.sync_engine for engine in self.app.extensions["database"]._engines.values()]
        for engine in engines:
            sa.event.listen(engine, "before_cursor_execute", keep)
        try:
            yield sent
        finally:
            for engine in engines:
                sa.event.remove(engine, "before_cursor_execute", keep)


@asynccontextmanager
async def opened(database: Database, folder: Path, **changes: Any) -> AsyncIterator[House]:
    """Open an app on a migrated database; `changes` are settings."""
    settings = settings_of(
        database,
        migration_database_url=SecretStr(database.owner_url),
        var_dir=folder / "var",
        **changes,
    )
    app = create_app(settings)
    async with living(app):
        yield House(app, database, settings)
