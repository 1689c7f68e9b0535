"""`quart-assessment doctor` names what is missing or unsafe."""

import subprocess
from pathlib import Path

import pytest
from pydantic import SecretStr

from quart_assessment.cli.doctor import (
    examine,
    examine_address,
    examine_page,
    examine_secret,
    examine_store,
)
from quart_assessment.cli.doctor_database import examine_database
from quart_assessment.cli.doctor_models import examine_models
from quart_assessment.cli.doctor_studies import examine_studies
from quart_assessment.cli.environment import model_warning
from quart_assessment.cli.findings import Finding
from quart_assessment.settings import Settings
from tests.ground.connection import private
from tests.ground.house import load_into, opened
from tests.ground.postgres import Database, Server
from tests.ground.service import PROGRAM, Model, bare_environment
from tests.ground.study import study_with


def of(findings: list[Finding], subject: str) -> list[Finding]:
    return [finding for finding in findings if finding.subject == subject]


async def change(database: Database, *statements: str) -> None:
    connection = await database.connect(superuser=True)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_a_sound_database_has_no_faults(settings: Settings) -> None:
    findings = await examine_database(settings)
    assert [finding for finding in findings if finding.level != "ok"] == []


async def test_without_a_database_it_says_so() -> None:
    assert [finding.level for finding in await examine_database(Settings())] == ["fail"]


async def test_an_unreachable_database_is_named_without_its_password(settings: Settings) -> None:
    away = settings.model_copy(
        update={"database_url": SecretStr("postgresql+asyncpg://u:canary@127.0.0.1:1/x")}
    )
    (finding,) = await examine_database(away)
    assert finding.level == "fail"
    assert "canary" not in str(finding)


async def test_settings_that_can_lose_answers_fail(
    settings: Settings, database: Database, postgres: Server
) -> None:
    await change(database, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    try:
        levels = {finding.level for finding in of(await examine_database(settings), "durability")}
    finally:
        await change(database, "ALTER SYSTEM RESET fsync", "SELECT pg_reload_conf()")
    assert levels == {"fail"}


async def test_a_server_log_that_shows_values_is_warned_of(settings: Settings, database: Database) -> None:
    await change(database, f"ALTER DATABASE {database.name} SET log_statement = 'all'")
    (finding,) = of(await examine_database(settings), "database log")
    assert finding.level == "warn"
    assert "log_statement" in finding.sentence


async def test_more_connections_than_the_server_has_fail(settings: Settings) -> None:
    greedy = settings.model_copy(update={"web_concurrency": 64, "db_pool_size": 50})
    assert of(await examine_database(greedy), "connections")[0].level == "fail"


async def test_a_database_without_tables_fails(settings: Settings, empty_database: Database) -> None:
    empty = settings.model_copy(update={"database_url": SecretStr(empty_database.url)})
    assert of(await examine_database(empty), "tables")[0].level == "fail"


async def test_tables_of_another_version_fail(settings: Settings, database: Database) -> None:
    await change(database, "UPDATE alembic_version SET version_num = 'older'")
    assert of(await examine_database(settings), "tables")[0].level == "fail"


async def test_one_role_for_everything_is_warned_of(settings: Settings, database: Database) -> None:
    alone = settings.model_copy(
        update={"database_url": SecretStr(database.owner_url), "migration_database_url": None}
    )
    findings = await examine_database(alone)
    assert of(findings, "roles")[0].level == "warn"
    assert "audit_events" in of(findings, "append-only tables")[0].sentence


@pytest.mark.parametrize(("secret", "level"), [(None, "fail"), ("short", "fail"), ("x" * 32, "ok")])
def test_a_missing_or_short_secret_fails(tmp_path: Path, secret: str | None, level: str) -> None:
    settings = Settings(var_dir=tmp_path, secret_key=SecretStr(secret) if secret else None)
    assert examine_secret(settings).level == level


def test_a_store_that_cannot_be_written_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert examine_store(tmp_path / "file").level == "fail"
    assert examine_store(tmp_path / "to-be-made").level == "ok"


async def test_the_model_is_asked_with_its_key(local_model: Model) -> None:
    there = Settings(llm_base_url=local_model.base_url, llm_api_key=SecretStr(local_model.key))
    assert [finding.level for finding in await examine_models(there)] == ["ok"]
    stranger = there.model_copy(update={"llm_model": "another"})
    assert [finding.level for finding in await examine_models(stranger)] == ["warn"]
    nobody = there.model_copy(update={"llm_base_url": "http://127.0.0.1:1/v1"})
    assert [finding.level for finding in await examine_models(nobody)] == ["fail"]


@pytest.mark.parametrize(
    ("host", "warned"),
    [
        ("api.openai.com", True),
        ("8.8.8.8", True),
        ("[2606:4700::1111]", True),
        ("127.0.0.1", False),
        ("localhost", False),
        ("model", False),
        ("10.0.0.7", False),
        ("100.64.0.7", False),
        ("[fd00::7]", False),
        ("host.docker.internal", False),
    ],
)
def test_a_model_that_seems_to_be_outside_is_warned_of_until_somebody_says_whether_it_is(
    host: str, warned: bool
) -> None:
    settings = Settings(llm_base_url=f"https://{host}:8000/v1")
    assert (model_warning(settings) is not None) is warned
    for external in (True, False):
        assert model_warning(Settings(llm_base_url=settings.llm_base_url, llm_external=external)) is None


async def test_the_doctor_warns_of_such_a_model() -> None:
    findings = await examine_models(Settings(llm_base_url="http://0.0.0.0.invalid:1/v1"))
    assert [finding.level for finding in findings] == ["warn", "fail"]
    assert "LLM_EXTERNAL" in findings[0].sentence


async def test_each_connection_of_the_file_is_looked_at(tmp_path: Path, local_model: Model) -> None:
    written = private(
        tmp_path / "models.toml",
        f"""
        [here]
        kind = "openai"
        base_url = "{local_model.base_url}"
        api_key = "{local_model.key}"
        model = "{local_model.name}"
        external = false
        [away]
        kind = "openai"
        base_url = "http://127.0.0.1:1/v1"
        api_key = "the-canary"
        model = "x"
        external = true
        """,
    )
    findings = await examine_models(Settings(llm_connections_file=written))
    assert [(finding.subject, finding.level) for finding in findings] == [
        ("model", "warn"),
        ("model here", "ok"),
        ("model away", "warn"),
        ("model away", "fail"),
    ]
    assert "canary" not in str(findings)
    written.chmod(0o640)
    (finding,) = await examine_models(Settings(llm_connections_file=written))
    assert (finding.subject, finding.level) == ("models", "fail")
    assert "chmod 600" in finding.sentence


@pytest.mark.parametrize(
    ("address", "level"),
    [
        ("http://localhost:8000", "ok"),
        ("https://study.example.org", "ok"),
        ("http://study.example.org", "warn"),
        ("http://192.168.0.7:8000", "warn"),
    ],
)
def test_plain_http_off_this_machine_is_warned_of(address: str, level: str) -> None:
    assert examine_address(Settings(public_url=address)).level == level


async def test_erasure_requests_that_wait_are_counted(settings: Settings, database: Database) -> None:
    await change(
        database,
        "SET session_replication_role = replica",
        "INSERT INTO erasure_requests (id, session_id, scopes) "
        "SELECT gen_random_uuid(), gen_random_uuid(), '{}' FROM generate_series(1, 3)",
    )
    (finding,) = of(await examine_database(settings), "erasure requests")
    assert finding.level == "warn"
    assert finding.sentence.startswith("3 ")


async def test_each_study_that_cannot_start_or_tells_nobody_is_named(
    settings: Settings, database: Database
) -> None:
    help_ = {
        "approved_by": "A clinician",
        "approved_on": "2024-05-01",
        "placeholder": False,
        "hotlines": [{"name": "A line"}],
    }
    contacts = [{"name": "On call", "email": "on-call@study.example"}]
    for study in (
        study_with(slug="a-demo"),
        study_with(slug="nobody", demo=False, help=help_),
        study_with(slug="real", demo=False, help=help_, contacts=contacts),
    ):
        await load_into(database, study)
    mailing = settings.model_copy(update={"smtp_host": "mail.example"})
    seen = {one.subject: one for one in await examine_database(settings)}
    assert seen["study a-demo"].level == "ok"
    assert str(seen["study nobody"]) == "warn  study nobody: no session can start; missing: contacts."
    assert (seen["study real"].level, "SMTP_HOST" in seen["study real"].sentence) == ("warn", True)
    assert [one.level for one in await examine_database(mailing) if one.subject == "study real"] == ["ok"]


async def test_of_a_study_nothing_is_read_twice(database: Database, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as house:
        await house.study(slug="real", demo=False)
        with house.statements() as sent:
            async with house.app.extensions["database"].reading() as connection:
                findings = [one async for one in examine_studies(connection, mail=False)]
    assert [one.subject for one in findings] == ["study real"]
    assert len(sent) == len(set(sent)) > 1


async def test_everything_is_examined(settings: Settings) -> None:
    subjects = {finding.subject for finding in await examine(settings)}
    assert subjects >= {"database", "durability", "tables", "secret", "store", "model", "mail", "address"}


def test_a_fault_is_one_line_and_exit_status_1(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "doctor"],
        env=bare_environment() | {"VAR_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout.startswith("fail  database: DATABASE_URL is not set")
    assert done.stderr == ""


def test_a_page_that_is_missing_is_warned_of_and_half_of_one_fails(tmp_path: Path) -> None:
    settings = Settings(page_dir=tmp_path)
    missing = examine_page(settings)
    assert missing.level == "warn"
    assert "`make run` builds the page" in missing.sentence
    (tmp_path / "index.html").write_text('<script type="module" src="/assets/gone.js"></script>')
    half = examine_page(settings)
    assert half.level == "fail"
    assert "assets/gone.js is missing" in half.sentence
    (tmp_path / "index.html").write_text("<p>whole</p>")
    assert examine_page(settings).level == "ok"
