"""`quart-assessment doctor`: what is missing or unsafe, one line each."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

import click

from quart_assessment.cli.doctor_database import examine_database
from quart_assessment.cli.doctor_mail import examine_mail
from quart_assessment.cli.doctor_models import examine_models
from quart_assessment.cli.environment import (
    SECRET_LENGTH,
    page_warning,
    transport_warning,
    with_local_database,
)
from quart_assessment.cli.findings import Finding, fail, ok, warn
from quart_assessment.settings import Settings


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
        *await examine_models(settings),
        await examine_mail(settings),
        examine_address(settings),
        await asyncio.to_thread(examine_page, settings),
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


def examine_address(settings: Settings) -> Finding:
    """Whether browsers will log in and give a camera at the public address."""
    warning = transport_warning(settings)
    return (
        ok("address", f"{settings.address} is fit for logins and cameras.")
        if warning is None
        else warn("address", warning)
    )


def examine_page(settings: Settings) -> Finding:
    """Whether participants will find the page. None at all is an API alone; half of one is a fault."""
    from quart_assessment.page.files import INDEX, page_folder

    warning = page_warning(settings)
    if warning is None:
        return ok("page", "it was built and is whole.")
    return fail("page", warning) if (page_folder(settings) / INDEX).exists() else warn("page", warning)
