"""`quart-assessment doctor`: what is missing or unsafe, one line each."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import click

from quart_assessment.cli.doctor_database import examine_database
from quart_assessment.cli.doctor_mail import examine_mail
from quart_assessment.cli.environment import SECRET_LENGTH, transport_warning, with_local_database
from quart_assessment.cli.findings import Finding, fail, ok, warn
from quart_assessment.settings import Settings

_MODEL_SECONDS = 10.0


@click.command()
def doctor() -> None:
    """Say what is missing or unsafe; exit status 1 if anything fails."""
    findings = asyncio.run(examine(Settings()))
    for finding in findings:
        click.echo(str(finding))
    sys.exit(any(finding.level == "fail" for finding in findings))


async def examine(settings: Settings) -> list[Finding]:
    """Examine everything; nothing is changed."""
    settings = await with_local_database(settings)
    return [
        *await examine_database(settings),
        examine_secret(settings),
        await asyncio.to_thread(examine_store, settings.store),
        await examine_model(settings),
        await examine_mail(settings),
        examine_address(settings),
    ]


def examine_secret(settings: Settings) -> Finding:
    """Whether logins can be signed. A local run keeps a secret of its own."""
    if settings.secret_key is None:
        if (settings.var_dir / "secret").exists():
            return ok("secret", "a local run keeps its own in VAR_DIR.")
        return fail("secret", "SECRET_KEY is not set.")
    if len(settings.secret_key.get_secret_value()) < SECRET_LENGTH:
        return fail(
            "secret", f"SECRET_KEY is shorter than {SECRET_LENGTH} characters: logins could be forged."
        )
    return ok("secret", "SECRET_KEY is long enough.")


def examine_store(store: Path) -> Finding:
    """Whether captures can be kept: a file is written there, brought to disk and removed."""
    existing = store
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    try:
        with tempfile.TemporaryFile(dir=existing) as trial:
            trial.write(b"trial")
            trial.flush()
            os.fsync(trial.fileno())
    except OSError as error:
        return fail("store", f"{store} cannot be written: {error.strerror}.")
    return ok("store", f"{store} can be written.")


async def examine_model(settings: Settings) -> Finding:
    """Whether the language model answers to the key it is asked with."""
    if settings.llm_base_url is None:
        return warn("model", "LLM_BASE_URL is not set; `quart-assessment run` starts a small one of its own.")
    from openai import APIStatusError, AsyncOpenAI, OpenAIError

    client = AsyncOpenAI(
        base_url=settings.llm_base_url,
        api_key=settings.llm_api_key.get_secret_value(),
        timeout=_MODEL_SECONDS,
        max_retries=0,
    )
    try:
        async with client, asyncio.timeout(_MODEL_SECONDS):
            names = [model.id async for model in client.models.list()]
    except APIStatusError as error:
        return fail("model", f"{_origin(settings.llm_base_url)} refuses with status {error.status_code}.")
    except (OpenAIError, OSError, TimeoutError) as error:
        return fail("model", f"{_origin(settings.llm_base_url)} cannot be reached ({type(error).__name__}).")
    if settings.llm_model not in names:
        return warn("model", f"{_origin(settings.llm_base_url)} does not list {settings.llm_model}.")
    return ok("model", f"{settings.llm_model} answers at {_origin(settings.llm_base_url)}.")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")


def examine_address(settings: Settings) -> Finding:
    """Whether browsers will log in and give a camera at the public address."""
    warning = transport_warning(settings)
    return (
        ok("address", f"{settings.address} is fit for logins and cameras.")
        if warning is None
        else warn("address", warning)
    )
