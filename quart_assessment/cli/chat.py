"""`quart-assessment chat`: look at the prompt of a study's interview, and hold it in the terminal."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from quart_assessment.cli.study_files import read_study
from quart_assessment.settings import Settings

if TYPE_CHECKING:
    from quart_assessment.chat.connections import Connections
    from quart_assessment.chat.lines import Line
    from quart_assessment.chat.trial import Trial
    from quart_assessment.studies.definition import ChatSettings, StudyFile

FIRST = "(what the participant writes first)"

_Command = TypeVar("_Command", bound=Callable[..., None])


@click.group()
def chat() -> None:
    """Look at the prompt of a study's interview, or hold it in the terminal."""


def _takes_a_study(command: _Command) -> _Command:
    for option in (
        click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False),
        click.option("--default", is_flag=True, help="The demonstration study that ships with the package."),
        click.option("--language", help="The session's language; the study's first one if not given."),
    ):
        command = option(command)
    return command


@chat.command()
@_takes_a_study
@click.option("--message", default=FIRST, show_default=True, help="What the participant writes first.")
def preview(file: Path | None, default: bool, language: str | None, message: str) -> None:
    """Print what the model of the study in FILE would be sent for the first message. No model is asked."""
    study = read_study(file, default=default)

    async def work() -> None:
        async with AsyncExitStack() as stack:
            line, trial = await _opened(study, language, stack)
            for one in _notes(study, line):
                click.echo(f"note: {one}", err=True)
            if trial.greet() is None and not line.connection.is_scripted:
                _print_prompt(line, trial, None)
            _print_prompt(line, trial, message)

    asyncio.run(work())


@chat.command("try")
@_takes_a_study
def try_(file: Path | None, default: bool, language: str | None) -> None:
    """Hold the interview of the study in FILE, a line a message, until it ends or the input does.

    The study's connection is asked. Nothing is stored, and no safety rule looks at what is written.
    """
    study = read_study(file, default=default)

    async def work() -> bool:
        async with AsyncExitStack() as stack:
            _, trial = await _opened(study, language, stack)
            greeting = trial.greet()
            if greeting is not None:
                click.echo(greeting)
            elif not await _answered(trial, None):
                return False
            while not trial.ended:
                message = await _next_message()
                if message is None:
                    return True
                if message and not await _answered(trial, message):
                    return False
            click.echo("The interview has ended.", err=True)
            return True

    if not asyncio.run(work()):
        sys.exit(1)


async def _opened(study: StudyFile, language: str | None, stack: AsyncExitStack) -> tuple[Line, Trial]:
    """Open the study's connection alone; what is missing ends the command."""
    from quart_assessment.chat.lines import Lines
    from quart_assessment.chat.trial import Trial

    spoken = ("en",) if study.presentation is None else study.presentation.languages
    if study.chat is None:
        raise click.ClickException("The study has no [chat].")
    if language is not None and language not in spoken:
        raise click.ClickException(f"The study speaks {', '.join(spoken)}.")
    lines = Lines.of(_connection_of(study.chat), unnamed_default=False)
    stack.push_async_callback(lines.close)
    line = lines.find(study.chat.connection)
    if line is None:
        raise click.ClickException(
            f"chat.connection: the operator names no connection {study.chat.connection}."
        )
    return line, Trial(study.chat, language or spoken[0], line)


def _connection_of(settings: ChatSettings) -> Connections:
    from quart_assessment.chat.connections_file import ConnectionsInvalid, read_connections

    try:
        known = read_connections(Settings())
    except ConnectionsInvalid as invalid:
        raise click.ClickException("\n".join(invalid.lines)) from None
    return {name: one for name, one in known.items() if name == settings.connection}


def _notes(study: StudyFile, line: Line) -> Iterator[str]:
    from quart_assessment.chat.fitness import missing_for_chat
    from quart_assessment.studies.interview import TAG
    from quart_assessment.studies.study_file import consents_to_connection

    settings, connection = study.chat, line.connection
    assert settings is not None
    if not connection.is_scripted and TAG not in settings.instructions_for_model.lower():
        yield f"the tag {TAG} is not named: the model cannot end the interview"
    languages = () if study.presentation is None else study.presentation.languages
    for missing in missing_for_chat(settings, languages, {connection.name: connection}):
        yield f"{missing}: the script does not speak {', '.join(languages)}"
    if study.consent is not None and not consents_to_connection(study.consent, external=connection.external):
        yield f"consent.scopes: {connection.name} is external, and external_model is not a required scope"


def _print_prompt(line: Line, trial: Trial, message: str | None) -> None:
    from quart_assessment.chat.providers import PromptTooLong

    connection = line.connection
    try:
        prompt = trial.prompt(message)
    except PromptTooLong:
        raise click.ClickException(
            f"The prompt is longer than {connection.limits.prompt_characters} characters."
        ) from None
    length = sum(len(one.content) for one in prompt.messages)
    of = f"{length} of {connection.limits.prompt_characters} characters"
    click.echo(f"connection {connection.name}: {connection.kind}, model {connection.model or 'none'}, {of}")
    click.echo(f"version {prompt.instructions_sha256.hex()}")
    for name, value in prompt.parameters.items():
        click.echo(f"{name} {value}")
    for one in prompt.messages:
        click.echo(f"\n--- {one.role}\n{one.content}")
    click.echo()


async def _answered(trial: Trial, message: str | None) -> bool:
    from quart_assessment.chat.problems import FAILURES
    from quart_assessment.chat.providers import ModelFailure, PromptTooLong

    try:
        async for text in trial.reply(message):
            click.echo(text, nl=False)
    except (ModelFailure, PromptTooLong) as failure:
        code = failure.code if isinstance(failure, ModelFailure) else "too_long"
        click.echo(f"\n{code}: {FAILURES[code]}", err=True)
        return False
    click.echo()
    return True


async def _next_message() -> str | None:
    """Read a line, without holding up the connection to the model; None at the end of the input."""
    if sys.stdin.isatty():
        click.echo("> ", nl=False)
    line = await asyncio.to_thread(sys.stdin.readline)
    return line.strip() if line else None
