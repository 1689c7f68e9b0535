"""Which captures a study wants. The rules stand in triggers.json, which the page reads, too."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from quart_assessment.studies.definition import CameraSettings

_NOT_OF_THE_RECORDING = {"check"}


@dataclass(frozen=True, slots=True)
class TriggerRule:
    """What lets a trigger through: a recording mode, and the setting to be on, where one is named.

    `reference` is the field of the metadata that names what the picture goes with.
    """

    modes: frozenset[str]
    setting: str | None
    reference: Literal["question_id", "message_id"] | None


def _rules() -> tuple[str, dict[str, TriggerRule]]:
    content = json.loads(files(__package__).joinpath("triggers.json").read_text("utf-8"))
    rules = {
        name: TriggerRule(frozenset(rule["modes"]), rule["setting"], rule["reference"])
        for name, rule in content["triggers"].items()
    }
    return content["default"], rules


DEFAULT_TRIGGER, TRIGGERS = _rules()


def named_trigger(text: str | None) -> str | None:
    """Give the trigger that `text` names in any case; the default one for None, None for an unknown one."""
    if text is None:
        return DEFAULT_TRIGGER
    name = text.upper()
    return name if name in TRIGGERS else None


def should_capture_on_trigger(settings: CameraSettings, trigger: str) -> bool:
    """Tell whether a study with these settings wants captures of this trigger."""
    rule = TRIGGERS[trigger]
    if settings.recording_mode not in rule.modes:
        return False
    return rule.setting is None or bool(getattr(settings, rule.setting))


def create_settings_snapshot(settings: CameraSettings, version: int) -> dict[str, Any]:
    """Give the settings as they are stored with each capture and sent to the page; `version` numbers them."""
    return settings.model_dump(mode="json", exclude=_NOT_OF_THE_RECORDING) | {"version": version}
