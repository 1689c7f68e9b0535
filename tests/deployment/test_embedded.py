"""The embedded PostgreSQL: real, private, and hard to lose."""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from quart_assessment.database import embedded
from quart_assessment.database.postgres_programs import LIBRARY, EmbeddedDatabaseError, find_place
from quart_assessment.settings import Settings


@pytest.fixture
async def own() -> AsyncIterator[Settings]:
    """Settings of a VAR_DIR of this test alone, in a folder others may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="qa-embedded-"))
    folder.chmod(0o711)
    settings = Settings(var_dir=folder / "var")
    yield settings
    await embedded.stop(settings)
    shutil.rmtree(folder)


def server_pid(database: embedded.EmbeddedDatabase) -> int:
    return int((database.folder / "data" / "postmaster.pid").read_text().split("\n")[0])


async def ask(url: str, query: str) -> object:
    connection = await embedded.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def tell(url: str, statement: str) -> None:
    connection = await embedded.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_what_is_committed_survives_a_stop_and_a_start(own: Settings) -> None:
    first = await embedded.start(own)
    await tell(first.migration_database_url, "CREATE TABLE kept AS SELECT 7 AS seven")
    await embedded.stop(own)
    assert await embedded.find_running(own) is None
    second = await embedded.start(own)
    assert second == first
    assert await ask(second.migration_database_url, "SELECT seven FROM kept") == 7


async def test_a_killed_server_starts_again_with_its_data(own: Settings) -> None:
    database = await embedded.start(own)
    await tell(database.migration_database_url, "CREATE TABLE kept AS SELECT 7 AS seven")
    os.kill(server_pid(database), signal.SIGKILL)
    await embedded.start(own)
    assert await ask(database.migration_database_url, "SELECT seven FROM kept") == 7


async def test_a_lock_file_that_names_another_living_process_does_not_keep_it_from_starting(
    own: Settings,
) -> None:
    database = await embedded.start(own)
    killed = server_pid(database)
    os.kill(killed, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(killed)] if psutil.pid_exists(killed) else [], timeout=10)
    lock = database.folder / "data" / "postmaster.pid"
    owner = lock.stat().st_uid
    stranger = subprocess.Popen(["sleep", "60"], user=owner if os.geteuid() == 0 else None)
    try:
        lock.write_text(lock.read_text().replace(str(killed), str(stranger.pid), 1))
        await embedded.start(own)
        assert await ask(database.database_url, "SELECT 1") == 1
    finally:
        stranger.kill()
        stranger.wait()


async def test_a_server_left_by_a_killed_run_is_taken_over(own: Settings) -> None:
    first = await embedded.start(own)
    running = server_pid(first)
    assert await embedded.start(own) == first
    assert server_pid(first) == running


async def test_a_start_broken_off_while_making_the_data_begins_anew(own: Settings) -> None:
    place = await find_place(own.var_dir)
    half = place.folder / "data.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    database = await embedded.start(own)
    assert await ask(database.database_url, "SELECT 1") == 1
    assert not half.exists()


async def test_it_listens_on_no_network_and_asks_everybody_for_a_password(own: Settings) -> None:
    database = await embedded.start(own)
    assert await ask(database.superuser_url, "SHOW listen_addresses") == ""
    assert (
        await ask(
            database.superuser_url,
            "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'",
        )
        == 0
    )
    wrong = database.superuser_url.split("postgres:", 1)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await ask(f"{wrong[0]}postgres:wrong@{wrong[1].split('@', 1)[1]}", "SELECT 1")


async def test_only_its_owner_may_enter_its_folders_and_read_its_passwords(own: Settings) -> None:
    place = await find_place(own.var_dir)
    await embedded.start(own)
    for folder in (place.folder, place.data, place.sockets):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((own.var_dir / "postgresql.json").stat().st_mode) == 0o600


async def test_it_is_durable_and_its_log_shows_no_values(own: Settings) -> None:
    database = await embedded.start(own)
    for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
        assert await ask(database.superuser_url, f"SHOW {name}") == "on"
    url = database.migration_database_url
    await tell(url, "CREATE TABLE people (name text UNIQUE CHECK (name <> 'canary-check'), n varchar(3))")
    await tell(url, "INSERT INTO people VALUES ('canary-unique')")
    for faulty in (
        "INSERT INTO people VALUES ('canary-unique')",
        "INSERT INTO people VALUES ('canary-check')",
        "INSERT INTO people VALUES ('other', 'canary-too-long')",
        "SELECT 'canary-syntax'::int",
    ):
        with pytest.raises(asyncpg.PostgresError):
            await tell(url, faulty)
    await embedded.stop(own)
    assert "canary" not in database.log.read_text()


async def test_the_application_may_not_make_tables_and_the_owner_may(own: Settings) -> None:
    database = await embedded.start(own)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await tell(database.database_url, "CREATE TABLE mine (i int)")
    await tell(database.migration_database_url, "CREATE TABLE mine (i int)")


async def test_a_long_path_gets_a_socket_in_a_private_short_folder(own: Settings) -> None:
    long = own.model_copy(update={"var_dir": own.var_dir / ("x" * 80)})
    own.var_dir.mkdir(mode=0o711)
    database = await embedded.start(long)
    try:
        place = await find_place(long.var_dir)
        assert not place.sockets.is_relative_to(own.var_dir)
        assert stat.S_IMODE(place.sockets.stat().st_mode) == 0o700
        assert await ask(database.database_url, "SELECT 1") == 1
    finally:
        await embedded.stop(long)
        shutil.rmtree(place.sockets)


async def test_passwords_that_are_lost_are_named_and_not_made_up_anew(own: Settings) -> None:
    await embedded.start(own)
    await embedded.stop(own)
    kept = own.var_dir / "postgresql.json"
    kept.rename(kept.with_name("moved"))
    with pytest.raises(EmbeddedDatabaseError, match=r"postgresql\.json"):
        await embedded.start(own)
    kept.with_name("moved").rename(kept)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has an OS user of its own for PostgreSQL")
async def test_under_a_folder_closed_to_others_root_keeps_the_data_elsewhere() -> None:
    closed = Path(tempfile.mkdtemp(prefix="qa-closed-"))
    settings = Settings(var_dir=closed / "var")
    database = await embedded.start(settings)
    try:
        assert database.folder.is_relative_to(LIBRARY)
        assert psutil.Process(server_pid(database)).uids().real != 0
    finally:
        await embedded.stop(settings)
        await asyncio.to_thread(shutil.rmtree, database.folder)
        shutil.rmtree(closed)
