"""The whole service with the page built in, the people who may open it, and what it has kept of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from quart_assessment.cli.people import Participant
from tests.ground.house import COOKIE, invitations, load_into, signed
from tests.ground.postgres import Database
from tests.ground.service import MODULE, PYTHON, Model, Service, start_process
from tests.ground.study import People, populated, shipped_with

Serve = Callable[..., Service]


@dataclass(slots=True)
class Site:
    """A running service and its database."""

    service: Service
    database: Database

    @property
    def url(self) -> str:
        """Its address, without a trailing slash."""
        return self.service.url

    async def study(self, *, scripted: bool = True, **changes: Any) -> UUID:
        """Load the demonstration study with changes, as `shipped_with`, under a slug of its own.

        `scripted`: its interview is the fixed script, which needs no model.
        """
        chat = ({"connection": "scripted"} if scripted else {}) | changes.pop("chat", {})
        return await load_into(self.database, shipped_with(slug=str(uuid4()), chat=chat, **changes))

    async def invite(self, study_id: UUID) -> str:
        """Make a participant; gives the link they open."""
        [token] = await invitations(self.database, study_id)
        return f"{self.url}/#/join/{token}"

    def link_of(self, someone: Participant) -> str:
        """Give the link of a person who has a password, too, at the address of this service."""
        return f"{self.url}/#{someone.invitation_url.partition('#')[2]}"

    def give_cookie(self, client: httpx.AsyncClient, token: str) -> None:
        """Give a client of this service the cookie of a login's token."""
        client.cookies.set(COOKIE, signed(self.service.environment["SECRET_KEY"], token))

    async def lapse_logins(self) -> None:
        """Let every login end, as a long absence does."""
        await self.rows("UPDATE logins SET idle_until = now() - interval '1 second'")

    async def people(self, *, scripted: bool = True, **changes: Any) -> People:
        """Load such a study with two participants, a researcher and an admin, who have names and passwords."""
        chat = ({"connection": "scripted"} if scripted else {}) | changes.pop("chat", {})
        return await populated(self.database, shipped_with(slug=str(uuid4()), chat=chat, **changes))

    async def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        """Read or change rows as the tables' owner."""
        connection = await self.database.connect(owner=True)
        try:
            return [dict(row) for row in await connection.fetch(statement, *values)]
        finally:
            await connection.close()

    async def answers(self, session_id: str) -> dict[str, tuple[int | None, int]]:
        """Give value and version of each answer that is kept, by its question's id."""
        found = await self.rows(
            "SELECT question_id, value, version FROM responses WHERE session_id = $1", UUID(session_id)
        )
        return {str(row["question_id"]): (row["value"], row["version"]) for row in found}

    def files(self) -> list[bytes]:
        """Give the pictures that the store holds."""
        return [path.read_bytes() for path in self.service.store.rglob("*") if path.is_file()]

    def kill(self) -> None:
        """Kill master and workers as a power loss would."""
        workers = self.service.workers()
        self.service.process.kill()
        self.service.process.wait(5)
        for worker in workers:
            worker.kill()
            worker.wait(5)

    def start_again(self) -> None:
        """Start it anew, on the same port, database and store, after `kill` or `stop`."""
        old = self.service
        self.service = start_process(
            old.log.parent,
            old.port,
            old.environment,
            [*PYTHON, MODULE, "serve", "--with-parent", str(os.getpid())],
        )
        self.service.wait_until_ready()

    def pause(self) -> None:
        """Let it hang: connections open, nothing answers."""
        for process in (self.service.process.pid, *(worker.pid for worker in self.service.workers())):
            os.kill(process, signal.SIGSTOP)

    def resume(self) -> None:
        """End a `pause`."""
        for process in (self.service.process.pid, *(worker.pid for worker in self.service.workers())):
            os.kill(process, signal.SIGCONT)


def open_site(serve: Serve, database: Database, model: Model | None = None, **settings: object) -> Site:
    """Start a service with one worker."""
    return Site(serve(database, model=model, **{"web_concurrency": 1, **settings}), database)
