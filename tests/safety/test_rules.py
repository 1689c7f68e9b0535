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
    "I want to unalive myself",
    "thinking of offing myself",
    "I've had thoughts of suicide lately",
    "I've been having suicidal ideation",
    "I feel like I want to die",
    "I feel like killing myself",
    "I have a plan to kill myself",
    "I have a gun and I plan to use it on myself",
    "I want to hang myself",
    "I burn myself with cigarettes",
    "I've been hurting myself",
    "I might do something to myself",
    "yes, I have thought about it, killing myself",
    "I attempted suicide two years ago",
    "I want to die so bad",
    "I don't care if I die",
    "I don't care if I live or die",
    "I hope I die in my sleep",
    "would it matter if I died",
    "I'm ready to die",
    "I would kill myself if I could",
    "I have been self harming",
    "I want to kill my self",
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
    "I've thought about ending things",
    "I feel like ending it",
    "maybe I should just end my life",
    "I wish I were dead",
    "I wish I wasn't alive",
    "I wish I wasn't here anymore",
    "I wish I didn't exist",
    "i don't deserve to live",
    "I don't see the point in living anymore",
    "I don't see the point anymore",
    "There's nothing left to live for",
    "I keep thinking about death",
    "I think about dying a lot",
    "I'd be better off dead",
    "the world would be better without me",
    "my family would be happier without me",
    "My kids would be better off without me",
    "I want to go to sleep and not wake up",
    "I don't want to exist",
    "I'm done with life",
    "I'm done living",
    "I can't live like this anymore",
    "I can't do this anymore",
    "what is the point of going on",
    "Sometimes I feel like dying",
    "I don't feel like living",
    "I think I'm going to end my life soon",
    "I want to crash my car",
    "I cut my arms",
    "I could just drive into a tree",
    "nobody would notice if I was gone",
    "I have thoughts that I would be better off dead",
    "I'm thinking about taking my life",
    "I want to be dead",
    "I wouldn't mind dying",
    "I wouldn't mind not waking up",
    "I don't want to keep living",
    "I don't want to keep going",
    "life has no meaning for me",
    "I want out",
    "I can't stand being alive",
    "I have no reason to live",
    "I have no will to live",
    "I want to stop living",
    "I lost the will to live",
    "It would be easier to be dead",
    "Everybody would be better off if I were dead",
    "there is no point anymore",
    "wanna kms",
    "please kill me now",
    "ending my own life",
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
    "I am not okay, I want to die",
    "I can't promise I won't kill myself",
    "I can't promise i won't hurt myself",
    "It's not like I want to die, well maybe I do want to die",
    "Never a day without thinking about suicide",
    "i don't think i can go on",
    "no one knows i cut myself",
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
    "I have been killing it at work",
    "No suicidal thoughts",
    "I don't think about hurting myself.",
    "No thoughts of being better off dead or of hurting myself in some way",
    "I have not thought about dying",
    "I used to live in Berlin",
    "What is the point of this question?",
    "I want to live",
    "I want to feel better",
    "I love my life",
    "I would like to continue with the interview",
    "I can't do this exercise anymore",
    "I don't want to continue with this job",
    "I don't want to go on a diet",
    "I don't want to be here for long, I have an appointment",
    "I gave up on my diet",
    "I'm tired of work",
    "I'm sick of it all day",
    "I can't sleep",
    "I can't concentrate on anything",
    "I feel tired and I have little energy",
    "My dog died and I can't stop crying",
    "He shot himself in the foot",
    "my boss is murdering me with work",
    "I need to get out of here",
    "I ended the relationship",
    "I ended it with my boyfriend",
    "it is over",
    "The show must go on",
    "the kids went to sleep and I could not",
    "I sleep badly, wake up often",
    "I hate waking up early",
    "I do not enjoy things any more",
    "nothing matters",
    "I feel numb",
    "I feel worthless",
    "I failed my exam and let my family down",
    "I cut down on coffee",
    "I cut my finger while cooking",
    "I burned myself on the stove",
    "I would die for a pizza",
    "I am scared to death of spiders",
    "To be honest I'd rather die than speak in public",
    "That joke killed me",
    "My battery is dead",
    "I want to see Paris before I die",
    "I hope my mother does not die",
    "I hope my grandpa doesn't die",
    "I am afraid of dying",
    "it's not worth it",
    "therapy is not worth it",
    "no, nothing like that",
    "No, I would never do that",
    "no I never would",
    "Not even once",
    "I sometimes thought about it as a teenager",
    "goodbye",
    "I walked into a wall",
    "I need to catch the train, walking to the bus",
    "I walk in the park",
    "I like driving over the bridge",
    "I like to walk over the bridge",
    "I drive a truck",
    "I jumped off a wall when I was a kid",
    "I take all my pills every morning",
    "I take my medication as prescribed",
    "We tied the knot",
    "I go to bed and don't wake up until noon",
    "I've never felt that life is not worth living",
    "No, I have never wished to go to sleep and not wake up",
    "I never think that I would be better off dead or of hurting myself",
    "I took a bunch of tablets for my headache",
    "I'm tired of living with my parents",
    "I wish I was somewhere else",
    "I am going to end it with my girlfriend",
    "I feel like a burden to my family",
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
