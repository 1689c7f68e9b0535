"""What a model is asked with."""

import pytest

from quart_assessment.chat.prompt import build_messages, instructions
from quart_assessment.chat.providers import Conversation, Exchange, Message, PromptTooLong
from quart_assessment.studies.definition import Aspect, ChatSettings

SETTINGS = ChatSettings(
    instructions={"en": "Write freely."},
    instructions_for_model="Ask about:\n{aspects}\nBe brief {not a field}.",
    persona="You are calm.",
    aspects=(
        Aspect(name="Sleep", description="How they sleep."),
        Aspect(name="Mood", description="How {they} feel."),
    ),
    max_turns=30,
)
HISTORY = [Exchange(None, "Hello."), Exchange("I am tired.", "Since when?")]


def built(history: list[Exchange], message: str | None, number: int, characters: int) -> list[Message]:
    return build_messages(Conversation(SETTINGS, "en", history, message, number), characters)


def test_the_aspects_stand_in_the_instructions() -> None:
    assert instructions(SETTINGS, "en") == (
        "You are calm.\n\nAsk about:\n- Sleep: How they sleep.\n- Mood: How {they} feel.\n"
        "Be brief {not a field}."
    )


def test_the_language_of_the_session_stands_in_the_instructions() -> None:
    told = SETTINGS.model_copy(
        update={
            "persona": "You speak {language}.",
            "instructions_for_model": "In {language}: {aspects}",
            "aspects": (Aspect(name="{language}", description="{aspects}"),),
        }
    )
    assert instructions(told, "id") == "You speak Indonesian.\n\nIn Indonesian: - {language}: {aspects}"
    assert instructions(told, "pt-BR").startswith("You speak Portuguese.")
    assert instructions(told, "xx").startswith("You speak xx.")


def test_the_stored_turns_come_in_order_and_roles_alternate() -> None:
    asked = built(HISTORY, "Since May.", 2, 10_000)
    assert [message.role for message in asked] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert [message.content for message in asked[2:]] == [
        "Hello.",
        "I am tired.",
        "Since when?",
        "[Turn: 2/30]\nSince May.",
    ]


def test_messages_without_a_reply_are_joined_with_the_next() -> None:
    asked = built([*HISTORY, Exchange("Are you there?", "")], "Since May.", 2, 10_000)
    assert asked[-1].content == "Are you there?\n\n[Turn: 2/30]\nSince May."


def test_a_greeting_is_asked_for_without_history() -> None:
    asked = built([], None, 0, 10_000)
    assert [message.role for message in asked] == ["system", "user"]
    assert asked[1].content.startswith("[Turn: 0/30]\n")


def test_the_oldest_turns_are_left_out_first() -> None:
    long = [Exchange(f"message {number} " + "x" * 100, "y" * 100) for number in range(50)]
    asked = built(long, "now", 50, 2000)
    assert sum(len(message.content) for message in asked) <= 2000
    assert asked[0].role == "system"
    assert "message 49" in asked[-3].content
    assert not any("message 0 " in message.content for message in asked)


def test_a_message_that_does_not_fit_alone_is_too_long() -> None:
    with pytest.raises(PromptTooLong):
        built(HISTORY, "x" * 2000, 1, 2000)


def test_messages_without_replies_are_within_the_limit_too() -> None:
    silent = [Exchange("x" * 10, "") for _ in range(100)]
    least = sum(len(message.content) for message in built([], "Hello.", 1, 10_000))
    for characters in range(least, least + 200):
        asked = built(silent, "Hello.", 1, characters)
        assert sum(len(message.content) for message in asked) <= characters
