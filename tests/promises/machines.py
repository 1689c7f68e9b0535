"""Two whole services on one database and one store, as two machines would be, and somebody who is known at both."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from tests.ground.participant import Event, Participant, events_of
from tests.ground.postgres import Database
from tests.ground.service import Model, Service
from tests.ground.study import populated, study_with

LEASE_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Machines:
    """Two services, and one participant as a client of each, with the same login."""

    services: tuple[Service, Service]
    here: Participant
    there: Participant


def two_services(serve: Callable[..., Service], database: Database, model: Model) -> tuple[Service, Service]:
    shared = {
        "model": model,
        "web_concurrency": 1,
        "secret_key": secrets.token_urlsafe(48),
        "public_url": "http://localhost:8000",
        "turn_lease_seconds": LEASE_SECONDS,
        "llm_max_tokens": 60,
    }
    first, second = serve(database, **shared), serve(database, **shared)
    assert first.environment["STORE_DIR"] == second.environment["STORE_DIR"]
    return first, second


@asynccontextmanager
async def somebody_at(services: tuple[Service, Service], database: Database) -> AsyncIterator[Machines]:
    """Bring somebody to the interview at the first one; their login is good at both."""
    study = study_with(slug=str(uuid4()), presentation={"order": "chat_first"}, chat={"min_turns": 1})
    (person,) = (await populated(database, study, participants=1)).participants
    async with services[0].client() as first, services[1].client() as second:
        here = Participant(first)
        await here.log_in(person.username, person.password)
        await here.arrive()
        await here.greet()
        second.cookies.update(first.cookies)
        yield Machines(services, here, Participant(second, here.session))


async def joined(participant: Participant, message_id: str, last_id: str | None = None) -> list[Event]:
    headers = {} if last_id is None else {"Last-Event-ID": last_id}
    path = f"{participant.path}/chat/turns/{message_id}/events"
    async with participant.client.stream("GET", path, headers=headers) as reply:
        assert reply.status_code == 200
        return [event async for event in events_of(reply)]
