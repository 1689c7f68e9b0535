"""People who come by their links, and logins for them."""

from __future__ import annotations

import secrets
from uuid import UUID, uuid4

import httpx

from quart_assessment.accounts.identity import token_hash
from tests.ground.house import COOKIE, invitations, load_into, signed
from tests.ground.participant import Participant, kept
from tests.ground.postgres import Database
from tests.ground.service import Service
from tests.ground.study import study_with

CAMERA = {"max_captures": 100_000, "min_spacing_ms": 0}


async def links(database: Database, order: str, people: int) -> list[str]:
    """Make people for a study in which this part comes first; gives the links they come by."""
    study = study_with(
        slug=str(uuid4()), presentation={"order": order}, chat={"max_turns": 200}, camera=CAMERA
    )
    return await invitations(database, await load_into(database, study), people)


async def arrived(client: httpx.AsyncClient, token: str) -> Participant:
    """Let somebody come by their link and go as far as the parts."""
    someone = Participant(client)
    kept(await client.post("/api/auth/invitation", json={"token": token}))
    await someone.arrive()
    return someone


async def login_of(database: Database, session_id: str) -> str:
    """Open a further login of a session's owner; gives its token."""
    token = secrets.token_urlsafe(32)
    connection = await database.connect(owner=True)
    try:
        await connection.execute(
            "INSERT INTO logins (id, token_hash, account_id, idle_until, expires_at)"
            " SELECT $1, $2, account_id, now() + interval '1 hour', now() + interval '1 hour'"
            " FROM sessions WHERE id = $3",
            uuid4(),
            token_hash(token),
            UUID(session_id),
        )
    finally:
        await connection.close()
    return token


def cookie_of(service: Service, token: str) -> str:
    """Give the Cookie header of a login's token."""
    return f"{COOKIE}={signed(service.environment['SECRET_KEY'], token)}"
