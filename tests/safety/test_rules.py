"""Which messages the English rules take for a sign of danger, and which they leave alone."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quart_assessment.safety.rules import Hit, check_message, normalised

DIRECT = [
    "I want to kill myself",
    "i wanna die",
    "I have been thinking about suicide.",
    "I feel suicidal today",
    "Sometimes I think about ending my life",
    "I just want to end it all",
    "I tried to take my own life last year",
    "I am going to kill myself tonight",
    "I wish I was dead",
    "I would rather be dead",
    "I cut myself again yesterday",
    "I've been cutting again",
    "I hurt myself when it gets too much",
    "I have urges to self-harm",
    "I want to jump off a bridge",
    "I was thinking of walking in front of a train",
    "I took all my pills",
    "I have been saving up my sleeping pills",
    "I bought a rope to hang myself",
    "I already wrote a goodbye letter",
    "I overdosed on paracetamol in May",
    "lol kms",
    "I think about hurting myself almost every day",
    "Yes. I keep having thoughts of death",
    "I want to die. I never told anyone",
    "I slit my wrists once",
]
INDIRECT = [
    "I don't want to live anymore",
    "I don't want to be here anymore",
    "I see no reason to go on living",
    "There is no point in living",
    "Life isn't worth living",
    "My life is not worth living any more",
    "Everyone would be better off without me",
    "They would be better off if I was gone",
    "I would be better off dead",
    "I wish I could go to sleep and never wake up",
    "I hope I don't wake up tomorrow",
    "I wish I had never been born",
    "I just want to disappear",
    "I can't go on like this",
    "I can't take it anymore",
    "Nobody would miss me if I died",
    "no one would care if i was dead",
    "I have nothing to live for",
    "I'm tired of living",
    "I am so tired of being alive",
    "I have given up on life",
    "Why am I still alive?",
    "I want it all to be over",
    "I see no way out",
    "I might not be here much longer",
    "Death would be a relief",
    "I am not afraid of dying",
    "I want to stop existing",
    "I want to sleep forever",
    "What's the point of living",
]
IN_SPITE_OF_A_NEGATION = [
    "I don't sleep and I want to die",
    "I don't sleep I want to die",
    "No, I want to die",
    "no i really want to kill myself",
    "I can't stop thinking about suicide",
    "I'm not sure if I want to kill myself",
    "I don't know, I might kill myself",
    "I have never told anyone, but I think about killing myself",
    "I don't want anyone to know I want to die",
    "I never felt so close to killing myself",
    "I don't want to hurt my parents but I want to die",
    "I can't get through a day without thinking of suicide",
    "It is not that bad. Still I think about suicide",
]
DISGUISED = [
    "I WANT TO K1LL MYSELF",
    "i want to k!ll myself",
    "su1c1de",
    "s u i c i d e",
    "s.u.i.c.i.d.e",
    "I want to ki\u200bll my\u200dself",
    "I want to\n\n  kill \t myself",
    "I don\u2019t want to live anymore",
    "Ｉ ｗａｎｔ ｔｏ ｄｉｅ",
    "I want to kіll mysеlf",
    "suìcïde",
    "i want to dieeeee",
    "i want to, you know, die",
    "sucide",
    "i dont wanna live",
]
HARMLESS = [
    "no, never",
    "No.",
    "Never",
    "not at all",
    "No, not really, just tired",
    "I never think about suicide",
    "I have never thought about suicide",
    "No, I have never had thoughts of hurting myself or ending my life.",
    "No thoughts of suicide, no plans to kill myself",
    "No, I don't think about killing myself",
    "I would never hurt myself",
    "I don't want to die",
    "I am not suicidal",
    "I don't have any suicidal thoughts",
    "I haven't thought about self-harm, or of suicide",
    "I never thought that I would be better off dead",
    "this deadline is killing me",
    "I was dying of laughter",
    "I nearly died laughing",
    "We were just killing time",
    "My phone died",
    "My feet are killing me",
    "I'm dying to see the new film",
    "I could kill for a coffee",
    "I wanted to die of embarrassment",
    "I was killing myself laughing",
    "I should cut myself some slack",
    "I cut myself off from my friends",
    "I hurt myself playing football",
    "I was bored to death",
    "My grandmother died last year and I miss her",
    "We watched Suicide Squad",
    "I feel sad most days and cannot sleep.",
    "I can't go on holiday this year",
    "I don't want to live in this city",
    "I want to end this conversation",
    "I lost interest in everything, even music",
    "I feel like a failure and I hate my job",
    "I wake up at four and cannot get back to sleep",
    "I do not want to wake up so early",
    "I have trouble concentrating on the newspaper",
    "I eat too much and then I feel guilty",
    "Sometimes I feel hopeless about the future",
    "He took his life very seriously, and so do I",
    "The meeting never ends",
    "It was a dead end job",
    "I see a way to get better",
    "I live alone and that is fine",
    "",
    "😀",
]


@pytest.mark.parametrize("text", DIRECT)
def test_a_direct_statement_is_a_hit(text: str) -> None:
    assert check_message(text, "en") is not None


@pytest.mark.parametrize("text", INDIRECT)
def test_an_indirect_statement_is_a_hit(text: str) -> None:
    assert check_message(text, "en") is not None


@pytest.mark.parametrize("text", IN_SPITE_OF_A_NEGATION)
def test_a_negation_of_something_else_hides_nothing(text: str) -> None:
    assert check_message(text, "en") is not None


@pytest.mark.parametrize("text", DISGUISED)
def test_a_disguise_hides_nothing(text: str) -> None:
    assert check_message(text, "en") is not None


@pytest.mark.parametrize("text", HARMLESS)
def test_an_ordinary_answer_is_no_hit(text: str) -> None:
    assert check_message(text, "en") is None


def test_a_hit_names_its_rule_and_version() -> None:
    assert check_message("I want to kill myself", "en") == Hit("kill_self", "en-1", 3)


def test_a_statement_of_intent_scores_above_a_passive_wish() -> None:
    intent = check_message("I see no way out, I will kill myself", "en")
    wish = check_message("I see no way out", "en")
    assert intent is not None
    assert wish is not None
    assert intent.score > wish.score


def test_a_language_without_rules_is_judged_by_the_english_ones() -> None:
    assert check_message("I want to die", "xx-YY") is not None
    assert check_message("I want to die", "../en") is not None


@pytest.mark.parametrize(
    "text",
    [
        "i want to " * 800,
        "i don't want to be " * 420,
        "no " * 2600,
        "suicide " * 1000,
        "never suicide " * 570,
        "a" * 8000,
        "a " * 4000,
        "i, " * 2666,
        "1" * 8000,
        "i!" * 4000,
        "\ufdfa" * 8000,
        "wish that no one " * 470,
        "what the more real good single " * 250,
        "walk " * 1600,
    ],
)
def test_the_longest_message_is_judged_quickly(text: str) -> None:
    check_message("ready", "en")
    begun = time.process_time()
    check_message(text[:8000], "en")
    assert time.process_time() - begun < 0.25


@given(st.text(max_size=200))
def test_no_text_breaks_the_rules(text: str) -> None:
    check_message(text, "en")


@given(st.text(max_size=100))
def test_a_normalised_message_holds_only_words_and_stops(text: str) -> None:
    assert set(normalised(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789 ,|")
