"""The tables: brought up and down over real rows, once however many do it, and as the code describes them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from alembic import command
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import create_async_engine

from quart_assessment.database.migrations import alembic_config, head, migrate
from quart_assessment.settings import Settings
from tests.ground.house import House, opened
from tests.ground.postgres import Database
from tests.ground.service import PROGRAM, bare_environment


def settings_to(database: Database) -> Settings:
    return Settings(
        database_url=SecretStr(database.url), migration_database_url=SecretStr(database.owner_url)
    )


async def tables_of(database: Database) -> set[str]:
    connection = await database.connect(owner=True)
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {row["tablename"] for row in rows}
    finally:
        await connection.close()


async def live_through(house: House) -> UUID:
    """Leave rows in most tables."""
    study = await house.study(slug="rows", presentation={"order": "phq_first"})
    someone, staff = await house.come(study), await house.staff("researcher", study)
    await someone.arrive()
    await someone.answer_all(2)
    await someone.greet()
    await someone.post("restart", part="phq")
    await someone.post("withdraw", scopes=["camera"], erase=True)
    assert (await staff.get(f"/api/admin/sessions/{someone.session['id']}")).status_code == 200
    return UUID(someone.session["id"])


async def test_the_migrations_make_what_the_code_describes(database: Database) -> None:
    config = alembic_config()

    def check(connection: sa.Connection) -> None:
        config.attributes["connection"] = connection
        command.check(config)

    engine = create_async_engine(database.owner_url)
    async with engine.connect() as connection:
        await connection.run_sync(check)
    await engine.dispose()


async def test_up_again_changes_no_row_and_down_takes_everything(database: Database, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as house:
        session = await live_through(house)
        count = "SELECT count(*) FROM response_revisions WHERE session_id = $1"
        before = await house.rows(count, session)
        await migrate(settings_to(database))
        assert await house.rows(count, session) == before
        assert before[0]["count"] >= 9
    await migrate(settings_to(database), "base")
    assert await tables_of(database) <= {"alembic_version"}
    await migrate(settings_to(database))
    assert {"sessions", "responses", "audit_events"} <= await tables_of(database)
    async with opened(database, tmp_path) as house:
        await live_through(house)


async def test_of_many_who_migrate_at_once_one_does_and_the_others_wait(empty_database: Database) -> None:
    environment = bare_environment() | {
        "DATABASE_URL": empty_database.url,
        "MIGRATION_DATABASE_URL": empty_database.owner_url,
    }
    running = [
        await asyncio.create_subprocess_exec(
            *PROGRAM,
            "migrate",
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        for _ in range(4)
    ]
    outputs = await asyncio.wait_for(asyncio.gather(*(one.communicate() for one in running)), 120)
    assert [one.returncode for one in running] == [0] * 4, outputs
    connection = await empty_database.connect(owner=True)
    try:
        assert [row[0] for row in await connection.fetch("SELECT version_num FROM alembic_version")] == [
            head()
        ]
    finally:
        await connection.close()
    connection = await empty_database.connect()
    try:
        assert await connection.fetchval("SELECT count(*) FROM sessions") == 0
    finally:
        await connection.close()


async def test_every_constraint_has_a_name_and_every_key_is_a_uuid(database: Database) -> None:
    connection = await database.connect(owner=True)
    try:
        names = await connection.fetch(
            "SELECT c.conname, t.relname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid"
            " JOIN pg_namespace n ON n.oid = t.relnamespace"
            " WHERE n.nspname = 'public' AND c.contype IN ('p','u','f','c')"
        )
        times = await connection.fetch(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND data_type IN ('timestamp without time zone', 'date', 'time without time zone')"
        )
    finally:
        await connection.close()
    prefixes = ("pk_", "uq_", "fk_", "ck_", "alembic_version_pkc")
    assert [row for row in names if not row["conname"].startswith(prefixes)] == []
    assert times == [], "D14: every time has its zone"


async def test_a_database_that_was_not_migrated_is_not_ready(
    empty_database: Database, tmp_path: Path
) -> None:
    async with opened(empty_database, tmp_path) as house, house.client() as client:
        reply = await client.get("/readyz")
        assert reply.status_code == 503
        assert "migrations" in reply.json()["failed"]
        assert (await client.get("/healthz")).status_code == 200
