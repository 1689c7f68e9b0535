"""A service in processes of its own, shared by a module's tests, and somebody in a session of it."""

from collections.abc import AsyncIterator, Callable

import pytest

from tests.ground.participant import Participant
from tests.ground.postgres import Database
from tests.ground.service import Service
from tests.ground.study import populated, study_with


@pytest.fixture(scope="module")
def service(module_database: Database, serve_for_module: Callable[..., Service]) -> Service:
    return serve_for_module(module_database)


@pytest.fixture
async def participant(service: Service, module_database: Database) -> AsyncIterator[Participant]:
    """Somebody for whom the questionnaire comes first, and is open."""
    study = study_with(slug="phq-first", presentation={"order": "phq_first"})
    people = await populated(module_database, study, participants=1)
    async with service.client() as client:
        someone = Participant(client)
        await someone.log_in(people.participants[0].username, people.participants[0].password)
        await someone.arrive()
        yield someone
