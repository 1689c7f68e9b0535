"""What all tests stand on: a real PostgreSQL, the real model, the app in process and over sockets."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import hypothesis
import pytest
import pytest_asyncio
from pydantic import SecretStr
from quart import Quart

from quart_assessment.settings import Settings
from tests.ground import proof as proof_page
from tests.ground.house import House, opened
from tests.ground.lifespan import living
from tests.ground.model import PassThrough, recording, running_model
from tests.ground.ports import free_port
from tests.ground.postgres import Database, Server, running_server
from tests.ground.scripted_model import ScriptedModel, scripted
from tests.ground.service import Model, Service, services_in

# How busy a machine is decides nothing about a test, and what a fixture gives may be shared by all examples.
_UNWATCHED = [hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture]
hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=_UNWATCHED)
hypothesis.settings.load_profile("untimed")

# A developer's environment decides nothing about a test.
for _name in Settings.model_fields:
    os.environ.pop(_name.upper(), None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """The one PostgreSQL server of this process; of two that share a run, each has its own."""
    with running_server() as server:
        yield server


@pytest.fixture
def database(postgres: Server) -> Iterator[Database]:
    """A migrated database of this test alone."""
    with postgres.copied() as made:
        yield made


@pytest.fixture(scope="module")
def module_database(postgres: Server) -> Iterator[Database]:
    """A migrated database shared by the tests of a module."""
    with postgres.copied() as made:
        yield made


@pytest.fixture
def empty_database(postgres: Server) -> Iterator[Database]:
    """A database without tables."""
    made = postgres.empty()
    yield made
    postgres.drop(made)


@pytest.fixture(scope="session")
def local_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Model]:
    """The real SmolLM2, served as `make run` serves it."""
    with running_model(tmp_path_factory.mktemp("model")) as model:
        yield model


@pytest.fixture
async def recorded_model(local_model: Model) -> AsyncIterator[PassThrough]:
    """The real model behind a pass-through that keeps every request; give a service its `.model`."""
    async with recording(local_model) as through:
        yield through


@pytest.fixture(scope="module")
def model_port() -> int:
    """Where the scripted model of a module's tests listens."""
    return free_port()


@pytest.fixture
async def model(model_port: int) -> AsyncIterator[ScriptedModel]:
    """A model that fails as it is told, at the same address in all tests of a module."""
    async with scripted(port=model_port) as made:
        yield made


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """Settings of an app in process, on this test's database and a store of its own."""
    return settings_for(database, tmp_path)


def settings_for(database: Database, folder: Path) -> Settings:
    return Settings(
        database_url=SecretStr(database.url),
        migration_database_url=SecretStr(database.owner_url),
        secret_key=SecretStr("a secret of the tests, of more than thirty-two characters"),
        var_dir=folder / "var",
    )


@pytest.fixture
async def make_app(settings: Settings) -> AsyncIterator[Callable[..., Awaitable[Quart]]]:
    """Make apps in process, started and stopped as a server would; keyword arguments change settings."""
    from quart_assessment.app import create_app

    async with AsyncExitStack() as stack:

        async def make(**changes: object) -> Quart:
            app: Quart = create_app(settings.model_copy(update=changes))
            # Quart types what it is told of an exception by its class alone.
            await stack.enter_async_context(living(app))  # type: ignore[arg-type]
            return app

        yield make


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """One app in process for the tests of a module, which run on the module's loop."""
    async with opened(module_database, tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Start real services: serve(database, model=..., workers by web_concurrency=..., any setting=...)."""
    with services_in(tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def serve_for_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Service]]:
    """Start real services that last for a module."""
    with services_in(tmp_path_factory.mktemp("service")) as start:
        yield start


@pytest.fixture
def proof(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Keep figures in docs/proof.md: proof("title", name=figure, ...)."""
    return partial(_proof, f"pytest -m prove {request.node.nodeid}")


def _proof(command: str, title: str, **figures: object) -> None:
    proof_page.record(title, command, {name.replace("_", " "): value for name, value in figures.items()})
