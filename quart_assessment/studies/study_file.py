"""A study written down as TOML: read, checked as a whole, and told what it still lacks."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.resources import files

from pydantic import ValidationError

from quart_assessment.studies.definition import (
    PARTS,
    ConsentSettings,
    ContactSetting,
    HelpSettings,
    Model,
    Part,
    PresentationSettings,
    QuestionnaireSettings,
    StudyFile,
)
from quart_assessment.studies.instruments import SUICIDAL_IDEATION, instrument
from quart_assessment.studies.interview import chat_faults
from quart_assessment.studies.wordings import questionnaire_faults

PLACEHOLDER = "PLACEHOLDER"
"""What a text that stands in for a real one begins with."""


class StudyFileInvalid(ValueError):
    """The study file cannot be loaded; `lines` says why, each line opening with the field's path."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("; ".join(lines))
        self.lines = tuple(lines)


def parse_study(text: str) -> StudyFile:
    """Return the study that `text` describes in TOML. Raises StudyFileInvalid, naming every fault found."""
    try:
        study = StudyFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise StudyFileInvalid([f"not TOML: {error}"]) from None
    except ValidationError as error:
        raise StudyFileInvalid([_line(fault["loc"], fault["msg"]) for fault in error.errors()]) from None
    languages = () if study.presentation is None else study.presentation.languages
    faults: list[str] = []
    if study.questionnaire is not None:
        faults += questionnaire_faults(study.questionnaire, languages)
    if study.chat is not None:
        faults += chat_faults(study.chat, languages)
    if faults:
        raise StudyFileInvalid(faults)
    return study


def default_study() -> str:
    """Return the text of the demonstration study that ships with the package."""
    return files(__package__).joinpath("default_study.toml").read_text(encoding="utf-8")


def as_json(part: Model) -> dict[str, object]:
    """Return a part as JSON values, defaults spelled out, so that a later default does not change it."""
    values: dict[str, object] = part.model_dump(mode="json")
    return values


def content_hash(part: Model) -> str:
    """Return the SHA-256 (hex) of a part's canonical JSON: equal content gives an equal hash."""
    canonical = json.dumps(as_json(part), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(canonical.encode("utf-8")).hexdigest()


def missing_settings(
    parts: Mapping[Part, Model],
    help_: HelpSettings | None,
    contacts: Sequence[ContactSetting],
    *,
    demo: bool,
    external: bool,
) -> tuple[str, ...]:
    """Name what a study lacks before a session of it may start; empty if nothing.

    A study that is no demonstration, and in which somebody may say that they are at risk, needs approved help texts
    and a first contact with an e-mail address. `external` tells that the study's connection to a model leaves the
    operator's machines.
    """
    missing: list[str] = [name for name in PARTS if name not in parts]
    questionnaire, presentation = parts.get("questionnaire"), parts.get("presentation")
    if isinstance(questionnaire, QuestionnaireSettings) and isinstance(presentation, PresentationSettings):
        missing += ["questionnaire.wordings"] * bool(
            questionnaire_faults(questionnaire, presentation.languages)
        )
    consent = parts.get("consent")
    if isinstance(consent, ConsentSettings) and not consents_to_connection(consent, external=external):
        missing.append("consent.scopes.external_model")
    if help_ is None:
        missing.append("help")
    elif not demo:
        missing += _unfit_help(help_)
    if not demo and may_see_risk(parts) and (not contacts or contacts[0].email is None):
        missing.append("contacts.email" if contacts else "contacts")
    return tuple(missing)


def may_see_risk(parts: Mapping[Part, Model]) -> bool:
    """Tell whether a participant can say that they are at risk: by an item that asks for it, or in the interview."""
    questionnaire, consent = parts.get("questionnaire"), parts.get("consent")
    asks = (
        isinstance(questionnaire, QuestionnaireSettings)
        and SUICIDAL_IDEATION in instrument(questionnaire.instrument).categories
    )
    writes = isinstance(consent, ConsentSettings) and any(scope.name == "chat" for scope in consent.scopes)
    return asks or writes


def consents_to_connection(consent: ConsentSettings, *, external: bool) -> bool:
    """Tell whether the consent asks for what the connection needs: an external one, a required scope."""
    return not external or any(scope.name == "external_model" and scope.required for scope in consent.scopes)


def _unfit_help(help_: HelpSettings) -> list[str]:
    missing: list[str] = []
    lines = [
        line
        for hotline in help_.hotlines
        for line in (hotline.name, hotline.phone, hotline.url, hotline.hours)
    ]
    if help_.placeholder or any(_stands_in(line) for line in lines if line is not None):
        missing.append("help.hotlines")
    if any(
        _stands_in(text) for texts in (help_.text, help_.reply, help_.short_reply) for text in texts.values()
    ):
        missing.append("help.text")
    if help_.approved_by is None or help_.approved_on is None:
        missing.append("help.approved_by")
    return missing


def _stands_in(text: str) -> bool:
    return text.strip().upper().startswith(PLACEHOLDER)


def _line(place: Sequence[int | str], message: str) -> str:
    where = ".".join(str(step) for step in place) or "study"
    return f"{where}: {message.removeprefix('Value error, ')}"
