"""What a short answer means after a question about suicidal thoughts or self-harm. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from quart_assessment.safety.hits import Hit
from quart_assessment.safety.rule_sets import Answers, Questions, RuleSet
from quart_assessment.safety.wording import normalised, plain

LONGEST_ASKED = 2000
_LONGEST_ANSWER = 300
_SHORT = 12
_SENTENCES = 3
_SENTENCE = re.compile(r"[^.!?\n]+[.!?\n]*")

Asked = Literal["plan", "about", "turned"]
_RULES: dict[Asked, tuple[str, float]] = {
    "plan": ("plan_affirmed", 3),
    "about": ("thoughts_affirmed", 2),
    "turned": ("safety_denied", 2),
}


def asked_for(asked: str, sets: Sequence[RuleSet]) -> Asked | None:
    """Tell what kind of risk an interviewer's turn asks about, if any."""
    return next(filter(None, (_meant(asked, rules) for rules in sets)), None)


def answered(meant: Asked, said: Sequence[str], sets: Sequence[RuleSet]) -> Hit | None:
    """Tell whether `said`, in the normal form of each rule set, affirms a risk of the kind asked for.

    An answer neither affirmed nor denied (a question back, another subject) is none.
    """
    for words, rules in zip(said, sets, strict=True):
        reply = _reply(words[:_LONGEST_ANSWER], rules.answers)
        if reply is None:
            continue
        at_risk = reply == "doubt" or reply == ("no" if meant == "turned" else "yes")
        rule, score = _RULES[meant]
        return Hit(rule, rules.version, score) if at_risk else None
    return None


def _meant(asked: str, rules: RuleSet) -> Asked | None:
    """Tell what the last questions of an interviewer's turn ask for."""
    ended = asked[-LONGEST_ASKED:]
    ended = ended[: ended.rfind("?") + 1] or ended
    raw = _SENTENCE.findall(ended)[-_SENTENCES:]
    sentences = [normalised(plain(sentence), rules.spelling) for sentence in raw]
    if not sentences:
        return None
    questions = rules.questions
    for sentence, text in reversed(list(zip(sentences, raw, strict=True))):
        if text is raw[-1] or "?" in text:
            meant = _of(sentence, questions)
            if meant is not None:
                return meant
    if questions.back.search(sentences[-1]) and not questions.elsewhere.search(sentences[-1]):
        told = [one for one in sentences[:-1] if not questions.heard.search(one)]
        return next(filter(None, (_of(one, questions) for one in reversed(told))), None)
    return None


def _of(sentence: str, questions: Questions) -> Asked | None:
    if questions.elsewhere.search(sentence):
        return None
    kinds: tuple[tuple[Asked, re.Pattern[str]], ...] = (
        ("plan", questions.plan),
        ("about", questions.about),
        ("turned", questions.turned),
    )
    return next((kind for kind, pattern in kinds if pattern.search(sentence)), None)


def _reply(words: str, answers: Answers) -> Literal["yes", "no", "doubt"] | None:
    if answers.doubt.match(words):
        return "doubt"
    if answers.no.match(words):
        return "doubt" if answers.but.search(words) else "no"
    if answers.yes.match(words):
        return "yes"
    if len(words.split()) <= _SHORT and answers.within.search(words):
        return "yes"
    return None
