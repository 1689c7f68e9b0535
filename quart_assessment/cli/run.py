"""`quart-assessment run`: database, demo study, local model, service and worker on this machine, ended together."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import secrets
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path

import click
from pydantic import SecretStr

from quart_assessment.cli.children import Child
from quart_assessment.cli.environment import missing_to_serve, warnings, with_database
from quart_assessment.cli.probe import reachable, wait_for
from quart_assessment.settings import Settings

_READY_SECONDS = 120.0
_MODEL_STOP_SECONDS = 5.0
_LOCAL_TOKENS = "120"
# Service and worker end what is theirs by force after GRACEFUL_TIMEOUT; this comes after that.
_STOP_MARGIN_SECONDS = 10.0


@click.command()
def run() -> None:
    """Run all of it on HOST:PORT and say what to open; Ctrl-C ends all of it.

    With DATABASE_URL or LLM_BASE_URL set, no database or no model is started. State is kept in VAR_DIR.
    """
    settings = Settings()
    settings = settings.model_copy(update={"var_dir": settings.var_dir.resolve()})
    _refuse_a_taken_port(settings)
    with _alone_in(settings.var_dir):
        sys.exit(asyncio.run(_run(settings)))


def _refuse_a_taken_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((settings.host, settings.port))
        except OSError as error:
            raise click.ClickException(
                f"{settings.host}:{settings.port} cannot be bound: {error.strerror}. Set PORT to another one."
            ) from error


@contextmanager
def _alone_in(var_dir: Path) -> Iterator[None]:
    """Hold VAR_DIR for this run; the kernel lets go of it even if the run is killed."""
    if not var_dir.exists():
        var_dir.mkdir(parents=True, mode=0o711)
    with open(var_dir / "run.lock", "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise click.ClickException(
                f"Another run uses {var_dir}. Set VAR_DIR to another folder."
            ) from None
        yield


async def _run(settings: Settings) -> int:
    """Start everything, wait for a signal or a failure, stop everything; gives the exit status."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stopping.set)
    async with AsyncExitStack() as stack:
        told_to_stop = asyncio.create_task(stopping.wait())
        starting = asyncio.create_task(_start(settings, stack))
        await asyncio.wait({starting, told_to_stop}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            with suppress(asyncio.CancelledError):
                await starting
            return 0
        service = starting.result()
        serving = asyncio.create_task(_announce(settings, service))
        await asyncio.wait({serving, told_to_stop}, return_when=asyncio.FIRST_COMPLETED)
        if told_to_stop.done():
            serving.cancel()
            click.echo("Stopping.")
            return 0
        told_to_stop.cancel()
        click.echo(f"The service has ended by itself; see {service.log}.", err=True)
        return 1


async def _start(settings: Settings, stack: AsyncExitStack) -> Child:
    """Bring everything up in order; `stack` takes it down in the opposite one."""
    environment = os.environ | {"VAR_DIR": str(settings.var_dir)}
    if settings.llm_base_url is None:
        environment |= await _start_model(settings, environment, stack)
    # The imports take longer than the database does.
    importing = asyncio.create_task(asyncio.to_thread(_import_what_prepares))
    settings = await _with_database(settings, stack)
    settings = settings.model_copy(
        update={"secret_key": settings.secret_key or _kept_secret(settings.var_dir)}
    )
    missing = missing_to_serve(settings)
    if missing:
        raise click.ClickException(" ".join(missing))
    await importing
    await _prepare(settings)
    # The service works with the rights of the application alone.
    environment.pop("MIGRATION_DATABASE_URL", None)
    environment["DATABASE_URL"] = _revealed(settings.database_url)
    environment["SECRET_KEY"] = _revealed(settings.secret_key)
    seconds = settings.graceful_timeout + _STOP_MARGIN_SECONDS
    await _keep(Child(["worker"], environment, settings.var_dir / "worker.log"), seconds, stack)
    service = Child(["serve"], environment, settings.var_dir / "service.log")
    stack.push_async_callback(service.stop, seconds)
    await service.start()
    return service


async def _keep(child: Child, seconds: float, stack: AsyncExitStack) -> None:
    """Start a process that is started again whenever it ends; `stack` ends it within `seconds`."""
    stack.push_async_callback(child.stop, seconds)
    await child.start()
    stack.push_async_callback(_cancelled, asyncio.create_task(child.keep_running()))


def _import_what_prepares() -> None:
    import quart_assessment.cli.demo
    import quart_assessment.database.migrations  # noqa: F401


async def _prepare(settings: Settings) -> None:
    """Bring the tables and the demonstration up to date."""
    from quart_assessment.cli.demo import prepare_demo
    from quart_assessment.database.migrations import migrate
    from quart_assessment.problems import Problem

    try:
        await migrate(settings)
        await prepare_demo(settings)
    except (OSError, Problem) as error:
        raise click.ClickException(f"The database cannot be used ({type(error).__name__}).") from error


async def _with_database(settings: Settings, stack: AsyncExitStack) -> Settings:
    if settings.database_url is not None:
        return settings
    from quart_assessment.database import embedded, postgres_programs

    stack.push_async_callback(embedded.stop, settings)
    starting = asyncio.create_task(embedded.start(settings))
    try:
        database = await asyncio.shield(starting)
    except asyncio.CancelledError:
        # A start broken off halfway would leave a server that the stop does not see yet.
        await asyncio.wait({starting})
        raise
    except postgres_programs.EmbeddedDatabaseError as error:
        raise click.ClickException(str(error)) from error
    if not database.folder.is_relative_to(settings.var_dir):
        click.echo(
            f"The database lies in {database.folder}: its OS user, {postgres_programs.OS_USER}, "
            f"cannot enter {settings.var_dir}."
        )
    return with_database(settings, database)


def _kept_secret(var_dir: Path) -> SecretStr:
    kept = var_dir / "secret"
    if not kept.exists():
        draft = kept.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
        draft.rename(kept)
    return SecretStr(kept.read_text().strip())


def _revealed(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()


async def _start_model(
    settings: Settings, environment: dict[str, str], stack: AsyncExitStack
) -> dict[str, str]:
    """Start the local model, kept alive while the run lasts; gives the environment that reaches it."""
    from quart_assessment.chat.providers.local import SLOTS

    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    key = settings.llm_api_key.get_secret_value()
    reached = {
        "LLM_BASE_URL": f"http://127.0.0.1:{port}/v1",
        "LLM_API_KEY": secrets.token_urlsafe(24) if key == "none" else key,
        # On one thread the small model makes some ten to forty tokens a second, and does not know when to stop.
        "LLM_MAX_TOKENS": environment.get("LLM_MAX_TOKENS", _LOCAL_TOKENS),
        "LLM_AT_ONCE": environment.get("LLM_AT_ONCE", str(SLOTS)),
    }
    child = Child(["model", "--port", str(port)], environment | reached, settings.var_dir / "model.log")
    await _keep(child, _MODEL_STOP_SECONDS, stack)
    return reached


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _announce(settings: Settings, service: Child) -> None:
    """Say what to open once the service answers, then wait for its end."""
    ended = asyncio.create_task(service.ended())
    ready = asyncio.create_task(_wait_until_ready(settings))
    try:
        await asyncio.wait({ended, ready}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            if not ready.result():
                click.echo(f"Not all is ready; {settings.address}/readyz names what is not.", err=True)
            for line in _what_to_open(settings):
                click.echo(line)
            await ended
    finally:
        ended.cancel()
        ready.cancel()


async def _wait_until_ready(settings: Settings) -> bool:
    host = reachable(settings.host)
    return await wait_for(host, settings.port, "/healthz", _READY_SECONDS) and await wait_for(
        host, settings.port, "/readyz", _READY_SECONDS
    )


def _what_to_open(settings: Settings) -> Iterator[str]:
    yield from warnings(settings)
    yield f"Open            {settings.address}/"
    yield f"Documentation   {settings.address}/docs"
    accounts = settings.var_dir / "demo.json"
    if accounts.exists():
        demo = json.loads(accounts.read_text())
        for participant in demo["participants"][:1]:
            yield f"Participant     {participant['username']}   {participant['password']}"
            yield f"  or by link    {participant['invitation_url']}"
        for role in ("researcher", "admin"):
            yield f"{role.capitalize():15} {demo[role]['username']}   {demo[role]['password']}"
        yield f"All accounts    {accounts}"
    yield "Ctrl-C stops everything."
