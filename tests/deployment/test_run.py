"""`quart-assessment run`, which `make run` calls: everything up, everything down, nothing lost."""

import json
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from tests.ground.ports import free_port, wait_until
from tests.ground.postgres import Database
from tests.ground.service import PROGRAM, Model, bare_environment

LAST_LINE = "Ctrl-C stops everything."


@dataclass(slots=True)
class Run:
    """One `quart-assessment run` that has said what to open."""

    process: subprocess.Popen[bytes]
    port: int
    output: Path
    seconds: float

    @property
    def var_dir(self) -> Path:
        return self.output.parent / "var"

    def all_processes(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def verb(self, verb: str) -> psutil.Process:
        children = psutil.Process(self.process.pid).children()
        return next(child for child in children if verb in child.cmdline())

    def end(self, number: signal.Signals, seconds: float = 30) -> int:
        self.process.send_signal(number)
        return self.process.wait(seconds)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of this test alone that PostgreSQL's OS user may pass through."""
    with _passable_folder() as made:
        yield made


@pytest.fixture
def run(folder: Path) -> Iterator[Callable[..., Run]]:
    """Start runs whose VAR_DIR is folder / "var"."""
    yield from _runs(folder)


@pytest.fixture(scope="module")
def shared() -> Iterator[Run]:
    """One run for all tests that only look at it."""
    with _passable_folder() as folder:
        for start in _runs(folder):
            yield start()


@contextmanager
def _passable_folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="qa-run-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


def _runs(folder: Path) -> Iterator[Callable[..., Run]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(port: int | None = None, **settings: object) -> Run:
        port = port or free_port()
        environment = bare_environment() | {"PORT": str(port), "VAR_DIR": str(folder / "var")}
        environment |= {"DEMO_PARTICIPANTS": "3"} | {
            name.upper(): str(value) for name, value in settings.items()
        }
        output = folder / "printed"
        begun = time.monotonic()
        with open(output, "wb") as file:
            process = subprocess.Popen(
                [*PROGRAM, "run"], env=environment, stdout=file, stderr=file, cwd=folder
            )
        started.append(process)

        def up() -> bool:
            printed = output.read_text()
            assert process.poll() is None, printed
            return LAST_LINE in printed

        wait_until(up, "the run's last line", 60)
        return Run(process, port, output, time.monotonic() - begun)

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.wait(40)
    _end_database(folder / "var")


def _end_database(var_dir: Path) -> None:
    lock = var_dir / "postgresql" / "data" / "postmaster.pid"
    if lock.exists():
        server = psutil.Process(int(lock.read_text().split()[0]))
        server.send_signal(signal.SIGINT)
        server.wait(20)


def database_of(folder: Path) -> psutil.Process:
    return psutil.Process(
        int((folder / "var" / "postgresql" / "data" / "postmaster.pid").read_text().split()[0])
    )


def gone(processes: list[psutil.Process], seconds: float = 20) -> bool:
    _, left = psutil.wait_procs(processes, timeout=seconds)
    return not [process for process in left if process.status() != psutil.STATUS_ZOMBIE]


def test_it_says_what_to_open_and_keeps_the_accounts_to_itself(shared: Run) -> None:
    up = shared
    accounts = up.var_dir / "demo.json"
    demo = json.loads(accounts.read_text())
    assert stat.S_IMODE(accounts.stat().st_mode) == 0o600
    assert demo["base_url"] == f"http://127.0.0.1:{up.port}"
    assert len(demo["participants"]) == 3
    assert set(demo["participants"][0]) == {"username", "password", "invitation_url"}
    lines = up.output.read_text().splitlines()
    assert lines[-1] == LAST_LINE
    for expected in (demo["base_url"], f"{demo['base_url']}/docs", str(accounts)):
        assert any(expected in line for line in lines)
    for role in ("researcher", "admin"):
        assert any(demo[role]["username"] in line and demo[role]["password"] in line for line in lines)
    login = {name: demo["participants"][0][name] for name in ("username", "password")}
    assert httpx.post(f"{demo['base_url']}/api/auth/login", json=login).status_code == 200
    assert httpx.get(f"{demo['base_url']}/readyz").status_code == 200


def test_a_second_start_keeps_accounts_and_logins(run: Callable[..., Run], folder: Path) -> None:
    first = run()
    accounts = (folder / "var" / "demo.json").read_text()
    login = {name: json.loads(accounts)["participants"][0][name] for name in ("username", "password")}
    with httpx.Client(base_url=f"http://127.0.0.1:{first.port}") as client:
        assert client.post("/api/auth/login", json=login).status_code == 200
        assert first.end(signal.SIGINT) == 0
        run(first.port)
        assert client.get("/api/auth/me").status_code == 200
    assert (folder / "var" / "demo.json").read_text() == accounts


@pytest.mark.prove
def test_a_second_start_takes_less_than_five_seconds(
    run: Callable[..., Run], proof: Callable[..., None]
) -> None:
    up = run()
    first, seconds = up.seconds, []
    for _ in range(4):
        assert up.end(signal.SIGINT) == 0
        up = run(up.port)
        seconds.append(round(up.seconds, 1))
    assert max(seconds) < 5
    proof("Starting again", first_start_seconds=round(first, 1), further_starts_seconds=seconds)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_stop_signal_leaves_no_process(
    run: Callable[..., Run], folder: Path, number: signal.Signals
) -> None:
    up = run()
    processes = [*up.all_processes(), database_of(folder)]
    assert len(processes) >= 6
    assert up.end(number) == 0
    assert gone(processes)


def test_a_killed_run_leaves_no_process_of_its_own_and_the_next_takes_the_database(
    run: Callable[..., Run], folder: Path
) -> None:
    up = run()
    processes = up.all_processes()
    server = database_of(folder)
    up.end(signal.SIGKILL)
    assert gone(processes)
    run()
    assert database_of(folder) == server


def test_a_model_and_a_worker_that_died_are_started_again(run: Callable[..., Run]) -> None:
    up = run()
    first = {verb: up.verb(verb) for verb in ("model", "worker")}
    for child in first.values():
        child.kill()

    def again() -> bool:
        others = [child.cmdline() for child in up.all_processes() if child not in first.values()]
        return all(any(verb in words for words in others) for verb in first)

    wait_until(again, "a model and a worker")
    wait_until(lambda: httpx.get(f"http://127.0.0.1:{up.port}/readyz").status_code == 200, "readiness")


def test_service_and_worker_have_the_rights_of_the_application_alone(shared: Run) -> None:
    for verb in ("serve", "worker"):
        environment = shared.verb(verb).environ()
        assert "MIGRATION_DATABASE_URL" not in environment
        assert "//qa_app:" in environment["DATABASE_URL"]
    assert len(shared.verb("serve").environ()["SECRET_KEY"]) >= 32


def test_its_worker_takes_work(shared: Run) -> None:
    log = shared.var_dir / "worker.log"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    wait_until(lambda: "the worker begins" in log.read_text(), "the worker's first line")


def test_with_a_database_and_a_model_given_neither_is_started(
    run: Callable[..., Run], folder: Path, empty_database: Database, local_model: Model
) -> None:
    up = run(
        database_url=empty_database.url,
        migration_database_url=empty_database.owner_url,
        llm_base_url=local_model.base_url,
        llm_api_key=local_model.key,
    )
    assert not (folder / "var" / "postgresql").exists()
    assert not [child for child in up.all_processes() if "model" in child.cmdline()]


def test_a_second_run_in_the_same_folder_is_refused(shared: Run) -> None:
    environment = bare_environment() | {"PORT": str(free_port()), "VAR_DIR": str(shared.var_dir)}
    second = subprocess.run(
        [*PROGRAM, "run"], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert second.returncode == 1
    assert "Another run uses" in second.stderr


def test_a_stop_while_it_starts_leaves_no_process(folder: Path) -> None:
    environment = bare_environment() | {"PORT": str(free_port()), "VAR_DIR": str(folder / "var")}
    for seconds in (0.6, 1.0, 1.6):
        process = subprocess.Popen([*PROGRAM, "run"], env=environment, stderr=subprocess.PIPE, cwd=folder)
        time.sleep(seconds)
        started = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=40)
        assert gone(started)
        wait_until(
            lambda: not (folder / "var" / "postgresql" / "data" / "postmaster.pid").exists(), "its end"
        )


def test_the_doctor_finds_a_local_run_sound(shared: Run) -> None:
    environment = bare_environment() | {"VAR_DIR": str(shared.var_dir)}
    done = subprocess.run(
        [*PROGRAM, "doctor"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok    database:" in done.stdout
