"""A service in processes of its own, shared by the room's tests, and somebody in a session of it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.ground.participant import Participant
from tests.ground.postgres import Database, Server
from tests.ground.service import Service, services_in
from tests.ground.study import populated, study_with


@pytest.fixture(scope="package")
def room_database(postgres: Server) -> Iterator[Database]:
    """The database under the room's service."""
    with postgres.copied() as made:
        yield made


@pytest.fixture(scope="package")
def service(room_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with services_in(tmp_path_factory.mktemp("phq")) as serve:
        yield serve(room_database)


@pytest.fixture
async def participant(service: Service, room_database: Database) -> AsyncIterator[Participant]:
    """Somebody for whom the questionnaire comes first, and is open."""
    study = study_with(slug="phq-first", presentation={"order": "phq_first"})
    people = await populated(room_database, study, participants=1)
    async with service.client() as client:
        someone = Participant(client)
        await someone.log_in(people.participants[0].username, people.participants[0].password)
        await someone.arrive()
        yield someone
