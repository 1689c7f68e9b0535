"""The command line: quick to help, clear about what is wrong."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from quart_assessment.cli.main import VERBS
from quart_assessment.studies.study_file import default_study
from tests.ground.postgres import Database
from tests.ground.service import PROGRAM, bare_environment


def call(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = bare_environment() | {name.upper(): value for name, value in settings.items()}
    return subprocess.run(
        [*PROGRAM, *words], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_help_imports_no_verb_and_names_them_all() -> None:
    code = (
        "import sys; from quart_assessment.cli.main import verbs; verbs(['--help'], standalone_mode=False);"
        "print(sorted(m for m in sys.modules if m.startswith(('quart', 'sqlalchemy', 'pydantic'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    for verb in VERBS:
        assert f"  {verb} " in done.stdout
    assert "['quart_assessment', 'quart_assessment.cli', 'quart_assessment.cli.main']" in done.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    done = call(verb, "--help")
    assert done.returncode == 0, done.stderr
    assert f"main {verb}" in done.stdout or verb in done.stdout


def test_a_setting_that_is_not_valid_is_named_on_one_line_without_its_value() -> None:
    done = call("serve", web_concurrency="canary", database_url="postgresql+asyncpg://x/y")
    assert done.returncode == 2
    assert done.stderr.startswith("WEB_CONCURRENCY: ")
    assert done.stderr.count("\n") == 1
    assert "canary" not in done.stderr


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"smtp_host": "mail.example"}, "SMTP_FROM: Value error, must be set where SMTP_HOST is"),
        ({"smtp_from": "canary"}, "SMTP_FROM: Value error, must be an e-mail address"),
        ({"smtp_from": "A <canary@mail.example>"}, "SMTP_FROM: Value error, must be an e-mail address"),
        ({"smtp_tls": "canary"}, "SMTP_TLS: "),
        (
            {"smtp_tls": "none", "smtp_user": "canary", "smtp_host": "m.example", "smtp_from": "a@m.example"},
            "SMTP_USER: Value error, must not be sent without TLS to another machine",
        ),
    ],
)
def test_a_mail_server_that_cannot_be_used_so_is_refused_at_the_start(
    settings: dict[str, str], says: str
) -> None:
    done = call("worker", **settings)
    assert done.returncode == 2
    assert done.stderr.startswith(says)
    assert done.stderr.count("\n") == 1
    assert "canary" not in done.stderr


def test_a_study_that_is_loaded_says_what_it_still_lacks_and_its_contacts_can_be_tried(
    tmp_path: Path, database: Database
) -> None:
    file = tmp_path / "study.toml"
    file.write_text(default_study().replace("demo = true", "demo = false"))
    done = call("study", "load", str(file), database_url=database.url)
    assert (done.returncode, done.stdout) == (0, "demo: version 1\n")
    assert done.stderr == (
        "No session of it can start yet; missing: help.hotlines, help.approved_by, contacts.\n"
    )
    assert call("study", "try-contacts", "none", database_url=database.url).returncode == 1
    tried = call("study", "try-contacts", "demo", database_url=database.url)
    assert (tried.returncode, "no contact with an e-mail address" in tried.stderr) == (1, True)
    file.write_text(default_study() + '\n[[contacts]]\nname = "On call"\nemail = "on-call@study.example"\n')
    done = call("study", "load", str(file), database_url=database.url)
    assert (done.returncode, done.stderr) == (0, "")
    tried = call("study", "try-contacts", "demo", database_url=database.url)
    assert (tried.returncode, tried.stdout[:19]) == (0, "Asked for mail to 1")


def test_serve_names_all_that_is_missing() -> None:
    done = call("serve")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "DATABASE_URL is not set: the PostgreSQL to serve from.",
        "SECRET_KEY is not set: 32 or more random characters.",
    ]


def test_serve_refuses_a_short_secret() -> None:
    done = call("serve", database_url="postgresql+asyncpg://x/y", secret_key="short")
    assert done.returncode == 2
    assert "too short" in done.stderr
    assert "short" not in done.stderr.replace("too short", "")


def test_run_names_a_taken_port_before_it_starts_anything(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        begun = time.monotonic()
        done = call("run", port=str(port), var_dir=str(tmp_path / "var"))
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert not (tmp_path / "var").exists()
    assert time.monotonic() - begun < 10


def test_demo_makes_its_accounts_once_in_a_database_that_runs_elsewhere(
    tmp_path: Path, database: Database
) -> None:
    settings = {"database_url": database.url, "var_dir": str(tmp_path / "var"), "demo_participants": "2"}
    settings["public_url"] = "http://localhost:8000"
    first = call("demo", **settings)
    assert first.returncode == 0, first.stderr
    accounts = (tmp_path / "var" / "demo.json").read_text()
    assert json.loads(accounts)["base_url"] == "http://localhost:8000"
    assert len(json.loads(accounts)["participants"]) == 2
    assert call("demo", **settings).returncode == 0
    assert (tmp_path / "var" / "demo.json").read_text() == accounts
