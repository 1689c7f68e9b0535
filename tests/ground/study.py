"""Studies and people for tests, made as the command line makes them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from quart_assessment.cli import people
from quart_assessment.database.engine import Database as Pools
from quart_assessment.settings import Settings
from quart_assessment.studies.definition import StudyFile
from quart_assessment.studies.service import find_study, load_study
from quart_assessment.studies.study_file import default_study
from tests.ground.postgres import Database


@dataclass(frozen=True, slots=True)
class People:
    """Who takes part in a test."""

    participants: tuple[people.Participant, ...]
    researcher: people.Person
    admin: people.Person


def study_with(**changes: Any) -> StudyFile:
    """Give the default study in English alone, with changes: part={setting: value}, or part=None to leave it out."""
    return _changed(english_study(), changes)


def english_study() -> dict[str, Any]:
    """Give the content of the default study in English alone, so that it brings no words that an instrument has."""
    content = tomllib.loads(default_study())
    content["presentation"]["languages"] = ["en"]
    for name in ("stem", "scale", "difficulty_scale", "categories"):
        del content["questionnaire"][name]
    for part in content.values():
        for text in part.values() if isinstance(part, dict) else ():
            if isinstance(text, dict):
                text.pop("id", None)
    return content


def shipped_with(**changes: Any) -> StudyFile:
    """Give the default study as it ships, in all its languages, with such changes."""
    return _changed(tomllib.loads(default_study()), changes)


def _changed(content: dict[str, Any], changes: dict[str, Any]) -> StudyFile:
    for name, change in changes.items():
        if isinstance(change, dict) and isinstance(content.get(name), dict):
            content[name] = content[name] | change
        elif change is None:
            content.pop(name, None)
        else:
            content[name] = change
    return StudyFile.model_validate(content)


def settings_of(database: Database, **changes: object) -> Settings:
    """Settings by which the command line reaches a test's database."""
    secret = SecretStr("a secret of the tests, of more than thirty-two characters")
    return Settings(database_url=SecretStr(database.url), secret_key=secret).model_copy(update=changes)


async def populated(database: Database, study: StudyFile | None = None, participants: int = 2) -> People:
    """Load a study (the default one) and make its people."""
    file = study or study_with()
    settings = settings_of(database)
    pools = Pools(settings)
    try:
        await load_study(pools, file)
        async with pools.reading() as connection:
            found = await find_study(connection, file.slug)
        assert found is not None
        return People(
            tuple(await people.add_participants(pools, settings, found, participants)),
            await people.add_staff(pools, settings, "researcher", found),
            await people.add_staff(pools, settings, "admin", None),
        )
    finally:
        await pools.dispose()
