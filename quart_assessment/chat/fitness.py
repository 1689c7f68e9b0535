"""Whether a study's interview can be held with what the operator has. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from quart_assessment.chat.connections import SCRIPTED, Connections
from quart_assessment.chat.providers import script
from quart_assessment.studies.definition import ChatSettings


def missing_for_chat(settings: ChatSettings, languages: Iterable[str], connections: Connections) -> list[str]:
    """Name the settings without which no session may start.

    They are a connection that the operator does not name, and a script that does not speak the study's languages.
    """
    asked = connections.get(settings.connection)
    unspoken = [one for one in languages if not script.speaks(one)]
    missing = ["chat.connection"] * (asked is None or (asked.is_scripted and bool(unspoken)))
    return missing + ["chat.fallback"] * (settings.fallback == SCRIPTED and bool(unspoken))


def is_external(settings: ChatSettings, connections: Connections) -> bool:
    """Tell whether words of the interview leave the operator's machines."""
    asked = connections.get(settings.connection)
    return asked is not None and asked.external
