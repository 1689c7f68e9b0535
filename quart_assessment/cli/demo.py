"""The demonstration of a local run: its study, participants, researcher and admin."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import asdict
from pathlib import Path

from quart_assessment.cli.people import Participant, Person, add_participants, add_staff
from quart_assessment.database.engine import Database
from quart_assessment.settings import Settings
from quart_assessment.studies.service import find_study, load_study
from quart_assessment.studies.study_file import default_study, parse_study


async def prepare_demo(settings: Settings) -> None:
    """Load the demonstration study and make its accounts, where VAR_DIR/demo.json does not name them yet.

    The file (mode 0600) holds base_url, participants [{username, password, invitation_url}], researcher and
    admin.
    """
    target = settings.var_dir / "demo.json"
    database = Database(settings)
    try:
        study = parse_study(default_study())
        await load_study(database, study)
        if await asyncio.to_thread(target.exists):
            return
        async with database.reading() as connection:
            found = await find_study(connection, study.slug)
        if found is None:
            raise LookupError("the demonstration study was not kept")
        participants = await add_participants(database, settings, found, settings.demo_participants)
        researcher = await add_staff(database, settings, "researcher", found)
        admin = await add_staff(database, settings, "admin", None)
    finally:
        await database.dispose()
    await asyncio.to_thread(_write, target, _content(settings, participants, researcher, admin))


def _content(
    settings: Settings, participants: list[Participant], researcher: Person, admin: Person
) -> dict[str, object]:
    return {
        "base_url": settings.address,
        "participants": [asdict(one) for one in participants],
        "researcher": asdict(researcher),
        "admin": asdict(admin),
    }


def _write(target: Path, content: dict[str, object]) -> None:
    # Written aside and renamed, so that a start that is broken off leaves no half of it.
    draft = target.with_suffix(".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(handle, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)
