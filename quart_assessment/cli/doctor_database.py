"""What `quart-assessment doctor` asks the database: is it durable, silent, current, large enough, guarded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.cli.doctor_studies import examine_studies
from quart_assessment.cli.findings import Finding, fail, ok, warn
from quart_assessment.database import migrations
from quart_assessment.database.engine import make_engine
from quart_assessment.jobs.reading import select_standing
from quart_assessment.settings import Settings

_SECONDS = 10
_LONGEST_DUE_SECONDS = 60

_DURABILITY = {
    "fsync": "a power cut can lose or corrupt acknowledged answers",
    "full_page_writes": "a power cut can corrupt the database",
    "synchronous_commit": "a crash can lose acknowledged answers",
}
# setting: (values that keep participants' words out of the server's log, what another value costs)
_SILENCE = {
    "log_error_verbosity": (("terse",), "DETAIL lines print values"),
    "log_min_error_statement": (("panic",), "failed statements are logged with their values"),
    "log_parameter_max_length_on_error": (("0",), "parameters of failed statements are logged"),
    "log_statement": (("none", "ddl"), "statements are logged"),
    "log_min_duration_statement": (("-1",), "slow statements are logged"),
}


async def examine_database(settings: Settings) -> list[Finding]:
    """Examine the database as the application reaches it."""
    if settings.database_url is None:
        return [fail("database", "DATABASE_URL is not set, and no embedded database of VAR_DIR is running.")]
    engine = make_engine(settings.database_url.get_secret_value(), settings, 1)
    try:
        async with asyncio.timeout(_SECONDS), engine.connect() as connection:
            return [finding async for finding in _examine(connection, settings)]
    except (OSError, TimeoutError, sa.exc.SQLAlchemyError) as error:
        # The error's text may hold the address with its password.
        return [fail("database", f"cannot be reached or does not answer ({_kind(error)}).")]
    finally:
        await engine.dispose()


def _kind(error: Exception) -> str:
    return type(getattr(error, "orig", None) or error).__name__


async def _examine(connection: AsyncConnection, settings: Settings) -> AsyncIterator[Finding]:
    rows = await connection.execute(sa.text("SELECT name, setting FROM pg_settings"))
    values = {row.name: str(row.setting) for row in rows}
    yield ok("database", f"PostgreSQL {values['server_version']} answers.")
    for finding in (*_durability(values), *_silence(values), _room(values, settings)):
        yield finding
    current = await _current(connection)
    yield current
    for finding in await _guards(connection, settings):
        yield finding
    yield await _erasures(connection)
    yield await _jobs(connection)
    if current.level == "ok":
        async for finding in examine_studies(connection, mail=settings.smtp_host is not None):
            yield finding


def _durability(values: dict[str, str]) -> Iterator[Finding]:
    unsafe = [name for name in _DURABILITY if values[name] == "off"]
    for name in unsafe:
        yield fail("durability", f"{name} is off: {_DURABILITY[name]}.")
    if not unsafe:
        yield ok("durability", "fsync, full_page_writes and synchronous_commit are on.")


def _silence(values: dict[str, str]) -> Iterator[Finding]:
    telling = [name for name, (quiet, _) in _SILENCE.items() if values.get(name) not in (None, *quiet)]
    for name in telling:
        quiet, cost = _SILENCE[name]
        yield warn("database log", f"{name} is {values[name]}, better {quiet[0]}: {cost}.")
    if not telling:
        yield ok("database log", "shows no values.")


def _room(values: dict[str, str], settings: Settings) -> Finding:
    free = int(values["max_connections"]) - int(values["superuser_reserved_connections"])
    free -= int(values.get("reserved_connections", "0"))
    asked = (
        f"{settings.web_concurrency} processes of the service and a worker open up to "
        f"{settings.connections} connections"
    )
    if settings.connections > free:
        return fail(
            "connections", f"{asked}; the server has {free} (max_connections without the reserved ones)."
        )
    if 2 * settings.connections > free:
        return warn("connections", f"{asked}, twice that during a reload; the server has {free}.")
    return ok("connections", f"{asked}; the server has {free}.")


async def _current(connection: AsyncConnection) -> Finding:
    if not await _exists(connection, "alembic_version"):
        return fail("tables", "there are none: run `quart-assessment migrate`.")
    found = await connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    newest = migrations.head()
    if found != newest:
        return fail("tables", f"are at {found}, this version needs {newest}: run `quart-assessment migrate`.")
    return ok("tables", f"are at {newest}.")


async def _guards(connection: AsyncConnection, settings: Settings) -> list[Finding]:
    """Whether the application's role can change what is to be append-only."""
    findings = []
    if settings.migration_database_url is None:
        findings.append(
            warn(
                "roles",
                "MIGRATION_DATABASE_URL is not set: tables migrated by the application's own role "
                "are not protected from the application.",
            )
        )
    privileges = sa.text(
        "SELECT name FROM unnest(cast(:names AS text[])) AS name, to_regclass('public.' || name) AS found "
        "WHERE found IS NOT NULL "
        "AND (has_table_privilege(found, 'UPDATE') OR has_table_privilege(found, 'DELETE'))"
    )
    open_ = (await connection.scalars(privileges, {"names": list(migrations.APPEND_ONLY)})).all()
    if open_:
        findings.append(
            warn(
                "append-only tables",
                f"the application's role may change {', '.join(open_)}: a fault or an intruder in the "
                "application could rewrite who saw or changed what. Use two roles.",
            )
        )
    return findings or [ok("roles", "the application may not change the append-only tables.")]


async def _erasures(connection: AsyncConnection) -> Finding:
    if not await _exists(connection, "erasure_requests"):
        return ok("erasure requests", "there are none.")
    waiting = await connection.scalar(sa.text("SELECT count(*) FROM erasure_requests WHERE done_at IS NULL"))
    if waiting:
        return warn("erasure requests", f"{waiting} not done.")
    return ok("erasure requests", "none is waiting.")


async def _jobs(connection: AsyncConnection) -> Finding:
    """Whether work that was asked for is done: none was given up, and somebody takes what is due."""
    if not await _exists(connection, "jobs"):
        return ok("jobs", "there are none.")
    standing = await select_standing(connection)
    given_up = {kind: count for (kind, state), count in standing.jobs.items() if state == "failed" and count}
    faults = [
        f"{kind}: {count} given up; the rows name the error's class." for kind, count in given_up.items()
    ]
    faults += [f"{kind}: {count} failed and will be tried again." for kind, count in standing.failing.items()]
    if faults:
        return warn("jobs", " ".join(faults))
    if standing.oldest_due > _LONGEST_DUE_SECONDS:
        return warn(
            "jobs", f"one is due for {standing.oldest_due:.0f} s: does `quart-assessment worker` run?"
        )
    return ok("jobs", "none was given up, and none is long due.")


async def _exists(connection: AsyncConnection, table: str) -> bool:
    found = await connection.scalar(
        sa.text("SELECT to_regclass('public.' || :table) IS NOT NULL"), {"table": table}
    )
    return bool(found)
