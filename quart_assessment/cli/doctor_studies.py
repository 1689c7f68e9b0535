"""What `quart-assessment doctor` and `study load` say of studies: what is missing before sessions can start."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.cli.findings import Finding, ok, warn
from quart_assessment.studies import service as studies
from quart_assessment.studies.rows import Study, Version
from quart_assessment.studies.study_file import may_see_risk, missing_settings


async def missing_of(connection: AsyncConnection, study: Study) -> tuple[str, ...]:
    """Name what a study lacks by itself; what depends on the model's connection is told at a start."""
    return _missing_in(study, await studies.newest_version(connection, study.id))


def _missing_in(study: Study, version: Version) -> tuple[str, ...]:
    return missing_settings(version.parts, version.help, version.contacts, demo=study.demo, external=False)


async def examine_studies(connection: AsyncConnection, *, mail: bool) -> AsyncIterator[Finding]:
    """Say of each study whether sessions can start, and whether somebody would hear of an alert by mail."""
    for study in await studies.all_studies(connection):
        subject = f"study {study.slug}"
        version = await studies.newest_version(connection, study.id)
        if missing := _missing_in(study, version):
            yield warn(subject, f"no session can start; missing: {', '.join(missing)}.")
        elif study.demo:
            yield ok(subject, "a demonstration; sessions can start.")
        elif not mail and may_see_risk(version.parts):
            yield warn(subject, "alerts stand in the worker's log alone: SMTP_HOST is not set.")
        else:
            yield ok(subject, "sessions can start.")
