"""The rule sets as they are read from safety/words/<language>.toml, once; the heads of those files describe them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, cast

from quart_assessment.safety.patterns import as_met, phrases, sources
from quart_assessment.safety.wording import Spelling, read_spelling

_ALL = "en"
_FOLDER = "words"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a message may say, unless `unless` follows. `own`: the pattern itself says that the writer is meant."""

    name: str
    score: float
    negatable: bool
    own: bool
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Negation:
    """How a denial is told: a negator, then nothing but words of `bridge` up to what it denies.

    `reach` is in words. `hollow` and `hollow_after` (what stands before, and after) make a denial none;
    `after` denies what stands before it.
    """

    negator: re.Pattern[str]
    opener: re.Pattern[str]
    bridge: frozenset[str]
    reach: int
    hollow: re.Pattern[str]
    hollow_after: re.Pattern[str]
    after: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Voices:
    """Whose wish is meant: `subject` finds who is spoken of (groups own, other); `told` finds own words quoted.

    `mention` is what others did; `taken_up` makes it the writer's own.
    """

    subject: re.Pattern[str]
    told: re.Pattern[str]
    mention: re.Pattern[str]
    taken_up: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Questions:
    """What the interviewer may ask: for a plan, for such thoughts, for the opposite; or of somebody else.

    `back` finds a question that means the sentence before it; `heard` a sentence that repeats a denial.
    """

    plan: re.Pattern[str]
    about: re.Pattern[str]
    turned: re.Pattern[str]
    elsewhere: re.Pattern[str]
    back: re.Pattern[str]
    heard: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Answers:
    """What a short answer begins with; `but` takes a denial back, `within` affirms anywhere in it."""

    doubt: re.Pattern[str]
    no: re.Pattern[str]
    yes: re.Pattern[str]
    but: re.Pattern[str]
    within: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of a language, those of the highest score first.

    `covers` names English rules whose words people use in sentences of this language, which has rules for them.
    """

    version: str
    covers: frozenset[str]
    rules: tuple[Rule, ...]
    spelling: Spelling
    negation: Negation
    voices: Voices
    questions: Questions
    answers: Answers


def rule_sets(language: str) -> tuple[RuleSet, ...]:
    """Give the rule sets that judge a session: those of its language, if there are any, and the English ones."""
    return _sets_of(without_region(language))


def without_region(language: str) -> str:
    """Name a language as the files of this room do: `id-ID` is `id`."""
    return language.partition("-")[0].lower()


@lru_cache(maxsize=8)
def _sets_of(own: str) -> tuple[RuleSet, ...]:
    everyones = _rule_set(_ALL)
    if own == _ALL or own not in sources(_FOLDER):
        return (everyones,)
    theirs = _rule_set(own)
    left = tuple(rule for rule in everyones.rules if rule.name not in theirs.covers)
    return (theirs, replace(everyones, rules=left))


def languages() -> frozenset[str]:
    """Name the languages that have rules."""
    return frozenset(sources(_FOLDER))


@lru_cache(maxsize=8)
def _rule_set(language: str) -> RuleSet:
    written = tomllib.loads(sources(_FOLDER)[language])
    data = cast("Mapping[str, Any]", as_met(written, doubles_fold=written["spelling"]["doubles_fold"]))
    words: Mapping[str, str] = data["words"]
    rules = [_rule(rule, words) for rule in data["rule"]]
    questions, answers, voices = data["questions"], data["answers"], data["voices"]
    leading = f"(?:(?:{'|'.join(answers['fillers'])}) ){{0,6}}"
    return RuleSet(
        version=data["version"],
        covers=frozenset(data.get("covers", ())),
        rules=tuple(sorted(rules, key=lambda rule: -rule.score)),
        spelling=_spelling(data["spelling"]),
        negation=_negation(data["negation"], words),
        voices=Voices(
            subject=phrases(
                [f"(?P<{group}>{'|'.join(voices[group])})" for group in ("neither", "other", "own")], words
            ),
            **{name: phrases(voices[name], words) for name in ("told", "mention", "taken_up")},
        ),
        questions=Questions(**{name: phrases(patterns, words) for name, patterns in questions.items()}),
        answers=Answers(
            **{name: phrases(answers[name], words, leading) for name in ("doubt", "no", "yes")},
            **{name: phrases(answers[name], words) for name in ("but", "within")},
        ),
    )


def _rule(rule: Mapping[str, Any], words: Mapping[str, str]) -> Rule:
    return Rule(
        name=rule["id"],
        score=rule["score"],
        negatable=rule.get("negatable", True),
        own=rule.get("own", False),
        pattern=phrases(rule["patterns"], words),
        unless=phrases(rule["unless"], words) if "unless" in rule else None,
    )


def _negation(data: Mapping[str, Any], words: Mapping[str, str]) -> Negation:
    joined = "".join(f"(?<!(?<!\\w){word} )" for word in data["before_i"])
    openers, commas = ("|".join(data[name]) for name in ("openers", "after_comma"))
    clause = rf"\||,(?! (?:{commas})\b)|(?<!\S)(?:{openers})(?!\S)"
    if data["i"]:
        clause += rf"|(?<!\S){joined}(?:{'|'.join(data['i'])})(?!\S)"
    return Negation(
        negator=phrases(data["negators"], words),
        opener=re.compile(clause),
        bridge=frozenset(" ".join(data["bridge"]).split()) | {",", '"'},
        reach=data["reach"],
        **{name: phrases(data[name], words) for name in ("hollow", "hollow_after", "after")},
    )


def _spelling(data: Mapping[str, Any]) -> Spelling:
    words = {form: meaning for meaning, forms in data["means"].items() for form in forms.split()}
    return read_spelling(
        words,
        data["guessed"].split(),
        data["kept"].split(),
        doubles_fold=data["doubles_fold"],
        twice=data["twice"],
    )
