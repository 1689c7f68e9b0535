"""compose.yaml, as docker-compose itself understands it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).with_name("docker-compose")


def read(folder: Path, *words: str) -> dict[str, Any]:
    secrets = folder / "env"
    secrets.write_bytes(
        subprocess.run([ROOT / "bin" / "compose-env"], capture_output=True, check=True).stdout
    )
    done = subprocess.run(
        [PROGRAM, "--env-file", secrets, *words, "config", "--format", "json"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    read_: dict[str, Any] = json.loads(done.stdout)
    return read_


def test_without_a_profile_neither_caddy_nor_demo_accounts_are_started(tmp_path: Path) -> None:
    assert set(read(tmp_path)["services"]) == {"db", "migrate", "model", "app", "worker"}


@pytest.mark.parametrize("profile", ["caddy", "demo"])
def test_a_profile_adds_its_service(tmp_path: Path, profile: str) -> None:
    assert profile in read(tmp_path, "--profile", profile)["services"]


def test_secrets_have_no_defaults(tmp_path: Path) -> None:
    done = subprocess.run(
        [PROGRAM, "--env-file", "/dev/null", "config", "-q"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    for name in ("SECRET_KEY", "DB_SUPERUSER_PASSWORD", "DB_OWNER_PASSWORD", "DB_APP_PASSWORD"):
        assert f"required variable {name}" in done.stderr


def test_without_tls_the_service_is_published_to_this_machine_alone(tmp_path: Path) -> None:
    services = read(tmp_path)["services"]
    assert [(port["host_ip"], port["published"]) for port in services["app"]["ports"]] == [
        ("127.0.0.1", "8000")
    ]
    assert services["app"]["environment"]["PUBLIC_URL"] == "http://localhost:8000"
    assert [name for name, service in services.items() if service.get("ports")] == ["app"]


def test_each_start_waits_for_the_health_of_what_it_needs(tmp_path: Path) -> None:
    services = read(tmp_path)["services"]
    assert {name: need["condition"] for name, need in services["app"]["depends_on"].items()} == {
        "db": "service_healthy",
        "migrate": "service_completed_successfully",
        "model": "service_healthy",
    }
    assert {name: need["condition"] for name, need in services["worker"]["depends_on"].items()} == {
        "db": "service_healthy",
        "migrate": "service_completed_successfully",
    }
    assert services["migrate"]["depends_on"]["db"]["condition"] == "service_healthy"
    assert services["migrate"]["restart"] == "no"
    assert "test" in services["db"]["healthcheck"]


def test_the_service_works_with_the_rights_of_the_application_alone(tmp_path: Path) -> None:
    services = read(tmp_path)["services"]
    for name in ("app", "worker"):
        assert "MIGRATION_DATABASE_URL" not in services[name]["environment"]
        assert "//qa_app:" in services[name]["environment"]["DATABASE_URL"]
    assert "SECRET_KEY" not in services["worker"]["environment"]
    assert "SMTP_PASSWORD" in services["worker"]["environment"]
    assert "SMTP_PASSWORD" not in services["app"]["environment"]
    assert "//qa_owner:" in services["migrate"]["environment"]["MIGRATION_DATABASE_URL"]
    roles = (ROOT / "bin" / "compose-roles").read_text()
    assert "CREATE ROLE qa_owner" in roles
    assert "CREATE ROLE qa_app" in roles


def test_the_database_log_shows_no_values(tmp_path: Path) -> None:
    command = read(tmp_path)["services"]["db"]["command"]
    for setting in (
        "-clog_error_verbosity=terse",
        "-clog_min_error_statement=panic",
        "-clog_parameter_max_length_on_error=0",
    ):
        assert setting in command


def test_the_proxy_is_the_only_one_whose_word_is_taken_and_it_does_not_buffer(tmp_path: Path) -> None:
    services = read(tmp_path, "--profile", "caddy")["services"]
    address = services["caddy"]["networks"]["outside"]["ipv4_address"]
    assert services["app"]["environment"]["FORWARDED_ALLOW_IPS"] == address
    assert "flush_interval -1" in (ROOT / "Caddyfile").read_text()


def test_a_stop_waits_longer_than_service_and_worker_do(tmp_path: Path) -> None:
    services = read(tmp_path)["services"]
    assert {services[name]["stop_grace_period"] for name in ("app", "worker")} == {"45s"}


def test_a_worker_that_no_longer_looks_for_work_is_found_unhealthy(tmp_path: Path) -> None:
    worker = read(tmp_path)["services"]["worker"]
    assert worker["command"] == ["worker", "--alive", "/tmp/alive"]
    _, *words = worker["healthcheck"]["test"]
    alive = tmp_path / "alive"
    look = [sys.executable, *(word.replace("/tmp/alive", str(alive)) for word in words[1:])]

    def status() -> int:
        return subprocess.run(look, stderr=subprocess.DEVNULL, check=False).returncode

    assert status() == 1
    alive.touch()
    assert status() == 0
    os.utime(alive, (0, time.time() - 61))
    assert status() == 1
