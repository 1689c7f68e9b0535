"""The mails to staff, out of the data files in safety/mails: nothing a participant said can get into one."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from quart_assessment.mail.sending import Mail
from quart_assessment.studies.rows import Study

Occasion = Literal["opened", "raised", "escalated", "trial"]


@dataclass(frozen=True, slots=True)
class Told:
    """What a mail about an alert may tell: a participant's code, when it was opened, where it is seen."""

    participant: str
    opened_at: datetime
    link: str


def written(occasion: Occasion, study: Study, told: Told | None, *, to: str, language: str, key: str) -> Mail:
    """Write a mail; `told` is None for a trial alone."""
    texts = _texts(language)
    facts: dict[str, object] = {"study": study.slug, "minutes": study.escalate_after_minutes}
    if told is not None:
        opened = told.opened_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
        facts |= {"participant": told.participant, "opened": opened, "link": told.link}
    text = texts[occasion]["text"].strip().format_map(facts)
    if study.demo:
        text = f"{texts['demonstration']}\n\n{text}"
    return Mail(to, texts[occasion]["subject"].format_map(facts), f"{text}\n", language, key)


@cache
def _texts(language: str) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "mails" / f"{language}.toml").read_text("utf-8"))
