"""What the script says, found from the conversation alone."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest

from quart_assessment.chat.providers import Conversation, Exchange
from quart_assessment.chat.providers.script import next_reply, speaks, version
from quart_assessment.studies.definition import Aspect, ChatSettings
from quart_assessment.studies.interview import TAG
from tests.ground.connection import conversation

SCRIPT = tomllib.loads(
    files("quart_assessment.chat.providers").joinpath("script.toml").read_text(encoding="utf-8")
)
LONG = "It has been rather mixed, to be honest."
SLEEP, DEATH, CATS = (
    Aspect(name="Sleep", description="-"),
    Aspect(name="Thoughts of death or self-harm", description="-"),
    Aspect(name="Cats", description="-"),
)


def interview(
    *answers: str, aspects: tuple[Aspect, ...] = (SLEEP, DEATH), language: str = "en", **chat: Any
) -> list[str]:
    """Give the replies of an interview in which these answers are given, the greeting first."""
    settings = conversation(min_turns=0).settings.model_copy(update={"aspects": aspects} | chat)
    talk = Conversation(settings, language, [], None, 0)
    replies = [next_reply(talk)]
    history = [Exchange(None, replies[0])]
    for number, answer in enumerate(answers, 1):
        replies.append(next_reply(Conversation(settings, language, history, answer, number)))
        history.append(Exchange(answer, replies[-1]))
    return replies


def test_it_greets_asks_about_each_aspect_in_order_and_ends_with_the_tag() -> None:
    greeting, first, second, third, last = interview(LONG, LONG, LONG, LONG)
    assert greeting.startswith("Hello")
    assert "How have you been sleeping?" in first
    assert "How rested do you feel when you get up?" in second
    assert "better off dead" in third
    assert last.endswith(TAG)
    assert not any(TAG in reply for reply in (greeting, first, second, third))


def test_the_same_conversation_has_the_same_reply() -> None:
    assert interview(LONG, "Bad.", LONG) == interview(LONG, "Bad.", LONG)


def test_a_very_short_answer_is_asked_about_once_more_and_only_once() -> None:
    replies = interview(LONG, "Bad.", "Really bad.", LONG)
    further = SCRIPT["texts"]["en"]["more"]
    assert replies[2] in further
    assert "How rested" in replies[3]
    assert "better off dead" in replies[4]


def test_a_short_no_to_the_question_about_death_is_a_whole_answer() -> None:
    assert interview(LONG, "No.", aspects=(DEATH,))[-1].endswith(TAG)


@pytest.mark.parametrize(
    "said", ["I'd rather not say.", "I’d rather not.", "Skip", "I don't want to talk about it"]
)
def test_who_would_rather_not_answer_is_not_pressed(said: str) -> None:
    replies = interview(LONG, said)
    assert replies[-1].startswith("That is quite all right.")
    assert "better off dead" in replies[-1]


def test_an_aspect_it_does_not_know_is_asked_about_by_its_name() -> None:
    assert "I would also like to ask about this: Cats." in interview(LONG, aspects=(CATS,))[1]


def test_a_studys_own_questions_come_before_the_scripts() -> None:
    own = Aspect(name="Sleep", description="-", questions={"en": ("Do you dream?", "Of what?")})
    replies = interview(LONG, LONG, LONG, aspects=(own,))
    assert replies[1].endswith("Do you dream?")
    assert replies[2].endswith("Of what?")
    assert replies[3].endswith(TAG)


def test_it_goes_on_until_the_minimum_is_reached() -> None:
    replies = interview(*[LONG] * 6, min_turns=6)
    assert [TAG in reply for reply in replies] == [False] * 6 + [True]
    assert len(set(replies)) == len(replies)


def test_where_turns_are_few_every_aspect_comes_before_second_questions() -> None:
    replies = interview(LONG, "Bad.", LONG, max_turns=3)
    assert "How have you been sleeping?" in replies[1]
    assert "better off dead" in replies[2]
    assert replies[3].endswith(TAG)


def test_a_turn_that_failed_or_was_a_warning_changes_nothing() -> None:
    settings = conversation().settings.model_copy(update={"aspects": (SLEEP, DEATH)})
    history = [Exchange(None, "Hello."), Exchange("Hm.", ""), Exchange("Oh.", "Please talk to someone.")]
    assert "How have you been sleeping?" in next_reply(Conversation(settings, "en", history, LONG, 3))


def test_it_goes_on_after_a_model_without_asking_again_what_that_has_asked() -> None:
    settings = conversation().settings.model_copy(update={"aspects": (SLEEP, DEATH)})
    history = [
        Exchange(None, "Hello, how are you?"),
        Exchange(LONG, "That sounds hard. Do you sleep well? I mean at night."),
    ]
    assert "better off dead" in next_reply(Conversation(settings, "en", history, LONG, 2))
    told = replace(history[1], reply="People who feel low often sleep badly. What do you think?")
    assert "sleeping?" in next_reply(Conversation(settings, "en", [history[0], told], LONG, 2))


def test_it_speaks_indonesian() -> None:
    replies = interview(
        "Lumayan, agak campur aduk sih", "Kurang nyenyak sekali minggu ini", "x", language="id"
    )
    assert replies[0].startswith("Halo")
    assert "Bagaimana tidur Anda akhir-akhir ini?" in replies[1]
    assert interview("Tidak mau jawab", language="id")[1].startswith("Tidak apa-apa.")
    assert (speaks("id"), speaks("en-GB"), speaks("de")) == (True, True, False)


def test_every_aspect_of_the_demonstration_has_questions_of_the_script() -> None:
    settings = conversation().settings
    assert isinstance(settings, ChatSettings)
    for language in ("en", "id"):
        replies = interview(*[LONG] * 29, aspects=settings.aspects, language=language, max_turns=30)
        generic = SCRIPT["texts"][language]["ask"].partition("{")[0]
        assert not any(generic in reply for reply in replies)
        ended = next(place for place, reply in enumerate(replies) if TAG in reply)
        assert 9 < ended <= 19


def test_every_text_is_there_in_every_language_and_none_hides_in_another() -> None:
    texts = SCRIPT["texts"]
    assert {frozenset(one) for one in texts.values()} == {frozenset(texts["en"])}
    for language, said in texts.items():
        questions = [question for topic in SCRIPT["topics"] for question in topic["questions"][language]]
        found = [*questions, *said["more"], *said["else"], said["opening"], said["closing"], *said["thanks"]]
        assert [(a, b) for a in found for b in found if a is not b and a in b] == []


def test_its_version_changes_with_the_aspects() -> None:
    settings = conversation().settings
    assert version(settings) == version(settings.model_copy())
    assert version(settings) != version(settings.model_copy(update={"aspects": (SLEEP,)}))
