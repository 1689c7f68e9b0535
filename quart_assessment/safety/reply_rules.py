"""What a model must not say, as it is read from safety/reply_words/<language>.toml, once; see the head of en.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from quart_assessment.safety.patterns import as_met, phrases, sources
from quart_assessment.safety.rule_sets import languages, rule_sets, without_region
from quart_assessment.safety.wording import Spelling

_ALL = "en"
_FOLDER = "reply_words"


@dataclass(frozen=True, slots=True)
class ReplyRule:
    """What a sentence may say, unless `unless` follows. `questions`: it is none the better for being asked."""

    name: str
    score: float
    questions: bool
    negatable: bool
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class ReplyRules:
    """The rules of a language. `watched` finds, in lower-case text as it is sent, what a rule needs."""

    version: str
    spelling: Spelling
    watched: re.Pattern[str]
    denied: re.Pattern[str]
    harmless: re.Pattern[str]
    rules: tuple[ReplyRule, ...]


def reply_rules(language: str) -> tuple[ReplyRules, ...]:
    """Give the rules by which replies of a session are judged: its language's, if there are any, and the English."""
    own = without_region(language)
    return tuple(_read(name) for name in dict.fromkeys((own, _ALL)) if name in sources(_FOLDER))


def load_rules() -> None:
    """Read the rules for messages and replies in all languages, which takes most of a second of a processor."""
    for language in languages():
        rule_sets(language)
        reply_rules(language)


@lru_cache(maxsize=8)
def _read(language: str) -> ReplyRules:
    written = tomllib.loads(sources(_FOLDER)[language])
    # A language whose replies are judged has rules for messages, too: its words are brought to the same form.
    spelling = rule_sets(language)[0].spelling
    data = cast("Mapping[str, Any]", as_met(written, doubles_fold=spelling.doubles_fold))
    words: Mapping[str, str] = data["words"]
    return ReplyRules(
        version=data["version"],
        spelling=spelling,
        watched=_watched(written["watched"]),
        denied=re.compile(f"{phrases(data['denied'], words).pattern}$"),
        harmless=phrases(data["harmless"], words),
        rules=tuple(_rule(rule, words) for rule in data["rule"]),
    )


def _rule(rule: Mapping[str, Any], words: Mapping[str, str]) -> ReplyRule:
    return ReplyRule(
        name=rule["id"],
        score=rule["score"],
        questions=rule.get("questions", False),
        negatable=rule.get("negatable", True),
        pattern=phrases(rule["patterns"], words),
        unless=phrases(rule["unless"], words) if "unless" in rule else None,
    )


def _watched(words: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z])(?:{'|'.join(words)})(?![a-z])")
