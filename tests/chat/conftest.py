"""Two services on one database, as two machines would be, a scripted model, people whose chat comes first."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from uuid import uuid4

import pytest

from tests.ground.participant import Participant
from tests.ground.ports import free_port
from tests.ground.postgres import Database, Server
from tests.ground.service import Model, Service, services_in
from tests.ground.study import populated, study_with

SECRET = "a secret that two services of the tests share between them"
Arrive = Callable[..., Awaitable[Participant]]


@pytest.fixture(scope="package")
def room_database(postgres: Server) -> Iterator[Database]:
    """The database under the room's services."""
    with postgres.copied() as made:
        yield made


@pytest.fixture(scope="package")
def model_port() -> int:
    """Where the scripted model of the room's tests listens."""
    return free_port()


@pytest.fixture(scope="package")
def services(
    room_database: Database, tmp_path_factory: pytest.TempPathFactory, model_port: int
) -> Iterator[tuple[Service, Service]]:
    """Two services with a worker each."""
    model = Model(f"http://127.0.0.1:{model_port}/v1", "a key", "scripted")
    settings = {
        "web_concurrency": 1,
        "secret_key": SECRET,
        "turn_lease_seconds": 2,
        "llm_first_token_timeout": 1.5,
        "llm_idle_timeout": 1.5,
        "llm_turn_timeout": 20,
    }
    with services_in(tmp_path_factory.mktemp("chat")) as serve:
        yield serve(room_database, model=model, **settings), serve(room_database, model=model, **settings)


@pytest.fixture
async def bring(services: tuple[Service, Service], room_database: Database) -> AsyncIterator[Arrive]:
    """Bring somebody to the parts of a study of their own: bring("phq_first", min_turns=1, ...)."""
    async with AsyncExitStack() as stack:

        async def brought(order: str, **chat: object) -> Participant:
            study = study_with(
                slug=f"s-{uuid4().hex[:12]}", presentation={"order": order}, chat=chat, demo=True
            )
            people = await populated(room_database, study, participants=1)
            client = await stack.enter_async_context(services[0].client())
            someone = Participant(client)
            await someone.log_in(people.participants[0].username, people.participants[0].password)
            await someone.arrive()
            return someone

        yield brought


@pytest.fixture
def arrive(bring: Arrive) -> Arrive:
    """Bring somebody to the chat of a study of their own: arrive(min_turns=1, policy="pause", ...)."""
    return partial(bring, "chat_first")


@pytest.fixture
async def elsewhere(services: tuple[Service, Service]) -> AsyncIterator[Callable[[Participant], Participant]]:
    """Give the same participant as a client of the other service."""
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(services[1].client()) for _ in range(2)]

        def there(participant: Participant) -> Participant:
            client = clients.pop()
            client.cookies.update(participant.client.cookies)
            return Participant(client, participant.session)

        yield there
