"""One real PostgreSQL for a process of tests, and as many migrated databases as tests want, as quick copies."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import asyncpg

from quart_assessment.cli.environment import with_database
from quart_assessment.database import embedded
from quart_assessment.database.migrations import migrate
from quart_assessment.settings import Settings

_names = count(1)


@dataclass(frozen=True, slots=True)
class Database:
    """One database of a test. Application and owner are two roles, as in a real installation."""

    name: str
    url: str
    owner_url: str
    superuser_url: str

    async def connect(self, *, owner: bool = False, superuser: bool = False) -> asyncpg.Connection:
        url = self.superuser_url if superuser else self.owner_url if owner else self.url
        return await embedded.connect(url)


class Server:
    """The embedded PostgreSQL of this process; its own database is migrated and serves as the template."""

    def __init__(self, addresses: embedded.EmbeddedDatabase) -> None:
        self.addresses = addresses
        self.log = addresses.log

    def copy(self) -> Database:
        """Make a database that is a copy of the migrated one."""
        name = f"t{next(_names)}"
        asyncio.run(self._tell(f"CREATE DATABASE {name} TEMPLATE {embedded.DATABASE} OWNER {embedded.OWNER}"))
        return self._named(name)

    def empty(self) -> Database:
        """Make a database without any table, with the rights that the embedded one has."""
        name = f"t{next(_names)}"
        asyncio.run(self._make_empty(name))
        return self._named(name)

    @contextmanager
    def copied(self) -> Iterator[Database]:
        """Lend a copy of the migrated database."""
        made = self.copy()
        try:
            yield made
        finally:
            self.drop(made)

    def drop(self, database: Database) -> None:
        asyncio.run(self._tell(f"DROP DATABASE IF EXISTS {database.name} WITH (FORCE)"))

    def _named(self, name: str) -> Database:
        def there(url: str) -> str:
            return url.replace(f"@/{embedded.DATABASE}?", f"@/{name}?").replace("@/postgres?", f"@/{name}?")

        own = self.addresses
        return Database(
            name, there(own.database_url), there(own.migration_database_url), there(own.superuser_url)
        )

    async def _make_empty(self, name: str) -> None:
        await self._tell(f"CREATE DATABASE {name} TEMPLATE template0 OWNER {embedded.OWNER}")
        await self._tell(
            f"ALTER SCHEMA public OWNER TO {embedded.OWNER};"
            f"REVOKE ALL ON SCHEMA public FROM PUBLIC;"
            f"GRANT USAGE ON SCHEMA public TO {embedded.APPLICATION}",
            database=name,
        )

    async def _tell(self, statement: str, *, database: str = "postgres") -> None:
        connection = await embedded.connect(self.addresses.superuser_url, database=database)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@contextmanager
def running_server() -> Iterator[Server]:
    """Start PostgreSQL in a folder of its own, migrate its database, and stop it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="qa-tests-"))
    folder.chmod(0o711)
    settings = Settings(var_dir=folder, web_concurrency=24)
    try:
        addresses = asyncio.run(embedded.start(settings))
        asyncio.run(migrate(with_database(settings, addresses)))
        yield Server(addresses)
    finally:
        asyncio.run(embedded.stop(settings))
        shutil.rmtree(folder, ignore_errors=True)
