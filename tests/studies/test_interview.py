"""What is wrong with an interview's settings is named where it stands, when the file is loaded."""

from __future__ import annotations

from typing import Any

import pytest

from quart_assessment.studies.definition import ChatSettings
from quart_assessment.studies.interview import TAG, chat_faults
from quart_assessment.studies.study_file import StudyFileInvalid, default_study, parse_study
from tests.ground.study import study_with


def faults(*languages: str, **chat: Any) -> list[str]:
    settings = study_with(chat=chat).chat
    assert isinstance(settings, ChatSettings)
    return chat_faults(settings, languages or ("en",))


@pytest.mark.parametrize(
    ("chat", "fault"),
    [
        (
            {"instructions_for_model": "{aspects} {aspect}"},
            "chat.instructions_for_model: {aspect} stands for",
        ),
        ({"persona": "You are {name}."}, "chat.persona: {name} stands for nothing"),
        ({"persona": "You know {aspects}."}, "chat.persona: {aspects} stands for nothing"),
        ({"persona": " \n "}, "chat.persona: must not be blank"),
        ({"greeting": {"en": "  "}}, "chat.greeting.en: must not be blank"),
        ({"greeting": {"en": f"Hello.{TAG.upper()}"}}, f"chat.greeting.en: must not contain {TAG}"),
        ({"instructions": {"en": "\t"}}, "chat.instructions.en: must not be blank"),
        ({"aspects": [{"name": " ", "description": "x"}]}, "chat.aspects.0.name: must not be blank"),
        ({"aspects": [{"name": "a", "description": " "}]}, "chat.aspects.0.description: must not be blank"),
        (
            {"aspects": [{"name": one, "description": "x"} for one in ("Sleep", "Mood", "sleep ")]},
            "chat.aspects.2.name: names an aspect that stands there twice",
        ),
    ],
)
def test_a_fault_of_the_interview_is_named_with_its_path(chat: dict[str, Any], fault: str) -> None:
    assert any(line.startswith(fault) for line in faults(**chat)), faults(**chat)


def test_a_study_of_several_languages_tells_the_model_which_one_is_spoken() -> None:
    only_english = {"greeting": None, "instructions_for_model": "In English: {aspects}"}
    assert faults("en", "id", **only_english) == [
        "chat.instructions_for_model: must contain {language}, since the study speaks en, id"
    ]
    assert faults("en", "id", instructions_for_model="In {language}: {aspects}") == []
    assert faults("en", "id", persona="You speak {language}.") == []


def test_braces_with_anything_else_are_text() -> None:
    text = '{aspects} {not a place} {} {"json": 1} {{}}'
    assert faults(instructions_for_model=text) == []


def test_the_demonstration_has_no_fault_and_a_file_with_several_is_refused_with_all() -> None:
    assert faults() == []
    text = default_study().replace("{aspects}", "{aspects} {aspekt}").replace("You are a calm", "You are {x}")
    with pytest.raises(StudyFileInvalid) as caught:
        parse_study(text)
    assert [line.split(":")[0] for line in caught.value.lines] == [
        "chat.instructions_for_model",
        "chat.persona",
    ]
