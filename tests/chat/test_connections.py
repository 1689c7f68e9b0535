"""The connections an operator names: what the file may say, and that a study reaches the one it names."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from quart_assessment.chat.connections_file import ConnectionsInvalid, read_connections
from quart_assessment.chat.fitness import missing_for_chat
from quart_assessment.settings import Settings
from tests.ground.connection import conversation, private
from tests.ground.participant import Participant, kept, refused, text_of
from tests.ground.postgres import Database
from tests.ground.scripted_model import Script, ScriptedModel, scripted
from tests.ground.service import PROGRAM, Model, Service, bare_environment
from tests.ground.study import populated, study_with

ENTRY = """
[local]
kind = "openai"
base_url = "http://127.0.0.1:9/v1/"
model = "a model"
external = false
"""


def settings(file: Path, **more: object) -> Settings:
    return Settings(llm_connections_file=file).model_copy(update=more)


def test_the_environment_names_the_default(tmp_path: Path) -> None:
    given = Settings(llm_base_url="https://models.test/v1", llm_api_key=SecretStr("k"), llm_external=True)
    known = read_connections(given)
    default = known["default"]
    assert (default.base_url, default.external) == ("https://models.test/v1", True)
    assert default.api_key.get_secret_value() == "k"


def test_the_file_adds_connections_whose_limits_are_the_environments_unless_said(tmp_path: Path) -> None:
    file = private(
        tmp_path / "models.toml", ENTRY + "idle_timeout = 7.0\nat_once = 3\nwaiting = 0\nseed = 5\n"
    )
    local = read_connections(settings(file, llm_max_tokens=99))["local"]
    assert (local.base_url, local.model, local.seed) == ("http://127.0.0.1:9/v1", "a model", 5)
    assert (local.limits.idle, local.limits.at_once, local.limits.tokens) == (7, 3, 99)
    assert (local.limits.waiting, local.limits.waiting_seconds) == (0, Settings().llm_waiting_timeout)
    assert local.limits.first_token == Settings().llm_first_token_timeout


def test_a_key_stands_in_the_file_in_another_one_or_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private(tmp_path / "a-key", "from a file\n")
    monkeypatch.setenv("MODELS_KEY", "from the environment")
    for line, key in (
        ('api_key = "inline"', "inline"),
        ('api_key_file = "a-key"', "from a file"),
        ('api_key_env = "MODELS_KEY"', "from the environment"),
        ("", "none"),
    ):
        local = read_connections(settings(private(tmp_path / "models.toml", ENTRY + line)))["local"]
        assert local.api_key.get_secret_value() == key
        assert key == "none" or key not in repr(local)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[local", "LLM_CONNECTIONS_FILE is not TOML"),
        (ENTRY.replace("[local]", "[default]"), "default: this name is taken"),
        (ENTRY.replace("[local]", "[Local]"), "Local.name: "),
        (ENTRY.replace('"openai"', '"other-canary"'), "local.kind: "),
        (ENTRY + 'colour = "canary"', "local.colour: Extra inputs are not permitted"),
        (ENTRY + "at_once = 0", "local.at_once: "),
        (ENTRY.replace("external = false", ""), "local: external is required"),
        (ENTRY.replace('"openai"', '"scripted"'), "local: kind scripted takes no base_url"),
        (ENTRY.replace("http:", "ftp:"), "local: must be an http or https address"),
        (ENTRY.replace("//127", "//user:canary@127"), "local: base_url must hold no user"),
        (ENTRY + 'api_key = "canary"\napi_key_env = "X"', "local: only one of api_key"),
        (ENTRY + 'api_key_env = "NOT_SET_ANYWHERE"', "local: its key is missing"),
        (ENTRY + 'api_key = "canary\\nline"', "local: its key is missing"),
        (ENTRY + 'api_key_file = "nowhere"', "local.api_key_file cannot be read"),
        (ENTRY + 'api_version = "2024-10-21"', "local: api_version belongs to kind azure"),
        (ENTRY.replace('"openai"', '"azure"'), "local: api_version belongs to kind azure"),
        ("".join(ENTRY.replace("local", f"n{n}") for n in range(40)), "LLM_CONNECTIONS_FILE names more"),
        ("#" * 70_000, "LLM_CONNECTIONS_FILE is larger"),
    ],
)
def test_what_is_wrong_with_the_file_is_named_without_its_values(
    tmp_path: Path, text: str, line: str
) -> None:
    with pytest.raises(ConnectionsInvalid) as invalid:
        read_connections(settings(private(tmp_path / "models.toml", text)))
    (said,) = invalid.value.lines
    assert said.startswith(line)
    assert "canary" not in said


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_a_file_with_keys_that_others_may_open_is_not_used(tmp_path: Path, mode: int) -> None:
    file = private(tmp_path / "models.toml", ENTRY)
    file.chmod(mode)
    with pytest.raises(ConnectionsInvalid, match="LLM_CONNECTIONS_FILE is open to others"):
        read_connections(settings(file))
    private(file, ENTRY + 'api_key_file = "a-key"')
    private(tmp_path / "a-key", "a key").chmod(mode)
    with pytest.raises(ConnectionsInvalid, match=r"local\.api_key_file is open to others"):
        read_connections(settings(file))


def test_a_service_does_not_start_with_a_file_it_cannot_use(tmp_path: Path, database: Database) -> None:
    file = private(tmp_path / "models.toml", "[local]\n" + 'api_key = "canary"')
    environment = {"DATABASE_URL": database.url, "SECRET_KEY": "x" * 40, "LLM_CONNECTIONS_FILE": str(file)}
    done = subprocess.run(
        [*PROGRAM, "serve"],
        env=bare_environment() | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "local.kind: Field required." in done.stderr
    assert "canary" not in done.stdout + done.stderr


@pytest.fixture
async def other() -> AsyncIterator[ScriptedModel]:
    """A second model, elsewhere."""
    async with scripted(Script(["From the other."])) as made:
        yield made


def service_with(
    other: ScriptedModel,
    model: ScriptedModel,
    serve: Callable[..., Service],
    database: Database,
    folder: Path,
) -> Service:
    text = ENTRY.replace("http://127.0.0.1:9/v1/", other.model.base_url) + 'api_key = "canary-of-the-key"\n'
    file = private(folder / "models.toml", text.replace("[local]", "[second]"))
    named = Model(model.model.base_url, "a key", "scripted")
    return serve(database, model=named, web_concurrency=1, llm_connections_file=file, log_level="DEBUG")


async def test_a_study_reaches_the_connection_it_names(
    other: ScriptedModel,
    model: ScriptedModel,
    serve: Callable[..., Service],
    database: Database,
    tmp_path: Path,
) -> None:
    service = service_with(other, model, serve, database, tmp_path)
    study = study_with(presentation={"order": "chat_first"}, chat={"connection": "second"})
    people = await populated(database, study)
    async with service.client() as client, service.client() as staff:
        someone = Participant(client)
        await someone.log_in(people.participants[0].username, people.participants[0].password)
        await someone.arrive()
        await someone.greet()
        events = await someone.say("Hello.")
        assert text_of(events) == "From the other."
        assert model.requests == []
        assert other.requests[0]["model"] == "a model"
        assert "canary-of-the-key" in other.heads[-1]
        login = {"username": people.researcher.username, "password": people.researcher.password}
        kept(await staff.post("/api/auth/login", json=login))
        seen = await staff.get(f"/api/admin/sessions/{someone.session['id']}")
        kept(seen)
        for text in (str(events), seen.text, service.printed()):
            assert "canary-of-the-key" not in text
            assert str(other.port) not in text


async def test_a_model_that_redirects_is_not_followed_with_the_key(
    other: ScriptedModel,
    model: ScriptedModel,
    serve: Callable[..., Service],
    database: Database,
    tmp_path: Path,
) -> None:
    service = service_with(other, model, serve, database, tmp_path)
    study = study_with(presentation={"order": "chat_first"}, chat={"connection": "second"})
    people = await populated(database, study)
    other.say(Script(status=307, location=f"{model.model.base_url}/chat/completions"))
    async with service.client() as client:
        someone = Participant(client)
        await someone.log_in(people.participants[0].username, people.participants[0].password)
        await someone.arrive()
        await someone.greet()
        events = await someone.say("Hello.")
    assert events[-1].data["code"] == "model_unavailable"
    assert model.requests == []


async def test_a_connection_that_nobody_names_is_missing_from_the_study(
    model: ScriptedModel,
    serve: Callable[..., Service],
    database: Database,
) -> None:
    service = serve(database, model=model.model, web_concurrency=1)
    people = await populated(database, study_with(chat={"connection": "second"}))
    async with service.client() as client:
        someone = Participant(client)
        await someone.log_in(people.participants[0].username, people.participants[0].password)
        body = refused(await client.post("/api/sessions", json={}), 409, "study_incomplete")
        assert body["details"] == [{"field": "chat.connection", "problem": "missing"}]


@pytest.mark.parametrize(
    ("chat", "languages", "missing"),
    [
        ({}, ("de",), []),
        ({"connection": "scripted"}, ("en", "id-ID"), []),
        ({"connection": "scripted"}, ("en", "de"), ["chat.connection"]),
        ({"fallback": "scripted"}, ("de",), ["chat.fallback"]),
        ({"connection": "nowhere", "fallback": "scripted"}, ("id",), ["chat.connection"]),
    ],
)
def test_a_study_needs_a_connection_that_is_there_and_a_script_that_speaks_its_languages(
    chat: dict[str, Any], languages: tuple[str, ...], missing: list[str]
) -> None:
    settings = conversation(**chat).settings
    assert missing_for_chat(settings, languages, read_connections(Settings())) == missing
