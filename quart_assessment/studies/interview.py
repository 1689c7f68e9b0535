"""What is wrong with an interview's settings beyond the form of each. Pure.

Asked when a file is loaded, never of a stored version: what was once loaded goes on.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from quart_assessment.studies.definition import ChatSettings

TAG = "</end_conversation>"
"""What ends an interview where a model writes it, in any mix of capitals."""

ASPECTS = "{aspects}"
LANGUAGE = "{language}"
_PLACE = re.compile(r"\{[A-Za-z_]\w*\}", re.ASCII)


def chat_faults(settings: ChatSettings, languages: Sequence[str]) -> list[str]:
    """Name every fault of an interview that is held in `languages`, each line opening with the field's path."""
    return [
        f"chat.{fault}" for fault in (*_blanks(settings), *_places(settings, languages), *_others(settings))
    ]


def _blanks(settings: ChatSettings) -> Iterator[str]:
    texts = {"instructions_for_model": settings.instructions_for_model, "persona": settings.persona}
    for name in ("instructions", "greeting"):
        by_language = getattr(settings, name) or {}
        texts |= {f"{name}.{language}": text for language, text in by_language.items()}
    for place, aspect in enumerate(settings.aspects):
        texts |= {f"aspects.{place}.name": aspect.name, f"aspects.{place}.description": aspect.description}
    for name, text in texts.items():
        if text is not None and not text.strip():
            yield f"{name}: must not be blank"


def _places(settings: ChatSettings, languages: Sequence[str]) -> Iterator[str]:
    both = {"instructions_for_model": settings.instructions_for_model, "persona": settings.persona or ""}
    for name, text in both.items():
        known = {ASPECTS, LANGUAGE} if name == "instructions_for_model" else {LANGUAGE}
        for unknown in sorted(set(_PLACE.findall(text)) - known):
            yield f"{name}: {unknown} stands for nothing; what may stand here is {' and '.join(sorted(known))}"
    if len(languages) > 1 and not any(LANGUAGE in text for text in both.values()):
        yield f"instructions_for_model: must contain {LANGUAGE}, since the study speaks {', '.join(languages)}"


def _others(settings: ChatSettings) -> Iterator[str]:
    for language, text in (settings.greeting or {}).items():
        if TAG in text.lower():
            yield f"greeting.{language}: must not contain {TAG}; it would be shown"
    names = Counter(aspect.name.strip().casefold() for aspect in settings.aspects)
    for place, aspect in enumerate(settings.aspects):
        if names[aspect.name.strip().casefold()] > 1:
            yield f"aspects.{place}.name: names an aspect that stands there twice"
