"""The demonstration of a local run: its study, participants, researcher and admin."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from quart_assessment.accounts.service import find_account
from quart_assessment.cli.people import add_participants, add_staff
from quart_assessment.database.engine import Database
from quart_assessment.settings import Settings
from quart_assessment.studies.service import find_study, load_study
from quart_assessment.studies.study_file import default_study, parse_study

Content = dict[str, Any]


async def prepare_demo(settings: Settings) -> None:
    """Load the demonstration study and make its accounts, where VAR_DIR/demo.json does not name them yet.

    The file (mode 0600) holds base_url, participants [{username, password, invitation_url}], researcher and
    admin. Accounts that it names and the database knows are kept; its addresses follow the settings.
    """
    target = settings.var_dir / "demo.json"
    database = Database(settings)
    try:
        study = parse_study(default_study())
        await load_study(database, study)
        told = await asyncio.to_thread(_read, target)
        if told is not None and await _is_known(database, told):
            content = _moved(told, settings.address)
        else:
            content = await _made(database, settings, study.slug)
    finally:
        await database.dispose()
    if content != told:
        await asyncio.to_thread(_write, target, content)


async def _made(database: Database, settings: Settings, slug: str) -> Content:
    async with database.reading() as connection:
        found = await find_study(connection, slug)
    if found is None:
        raise LookupError("the demonstration study was not kept")
    participants = await add_participants(database, settings, found, settings.demo_participants)
    return {
        "base_url": settings.address,
        "participants": [asdict(one) for one in participants],
        "researcher": asdict(await add_staff(database, settings, "researcher", found)),
        "admin": asdict(await add_staff(database, settings, "admin", None)),
    }


async def _is_known(database: Database, told: Content) -> bool:
    async with database.reading() as connection:
        return await find_account(connection, told["admin"]["username"]) is not None


def _moved(told: Content, address: str) -> Content:
    people = [
        one | {"invitation_url": f"{address}/#/{one['invitation_url'].split('/#/')[-1]}"}
        for one in told["participants"]
    ]
    return told | {"base_url": address, "participants": people}


def _read(target: Path) -> Content | None:
    try:
        content: Content = json.loads(target.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return content


def _write(target: Path, content: Content) -> None:
    # Written aside and renamed, so that a start that is broken off leaves no half of it.
    draft = target.with_suffix(".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(handle, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)
