"""Rules over what a person wrote: does it say that they may think of suicide or self-harm?

Pure. The rules of a language stand in safety/words/<language>.toml; where they see nothing the learned detector is
asked. A message is judged in time linear in its length: patterns repeat nothing without a bound, and what a match means
is read from a bounded piece around it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from quart_assessment.safety.answers import LONGEST_ASKED as LONGEST_ASKED
from quart_assessment.safety.answers import Asked, answered, asked_for
from quart_assessment.safety.hits import Hit
from quart_assessment.safety.learned import learned
from quart_assessment.safety.rule_sets import Rule, RuleSet, rule_sets, without_region
from quart_assessment.safety.wording import normalised, plain

LONGEST_MESSAGE = 16_000
MOST_QUOTATIONS = 16
_LONGEST_WORD = 20
_SENTENCE = 14 * _LONGEST_WORD
_ASIDE = 60
_TAKEN_UP = 2


@dataclass(frozen=True, slots=True)
class _Said:
    """A message in its normal form, and where its quotation marks stand."""

    text: str
    marks: tuple[int, ...]


def check_message(text: str, language: str, asked: str | None = None) -> Hit | None:
    """Return what sees a risk in `text`, or None: the rule of highest score, or else the learned detector.

    A session is judged by the rules of its language and by the English ones, which people mix in; by the learned
    detector of its language if there is one. `asked` is the interviewer's last turn, of which the end is read:
    "sometimes" means what was asked. Of a text longer than LONGEST_MESSAGE code points, which is twice what the
    chat takes, the beginning is judged.
    """
    said, sets, meant = _read(text, language, asked)
    hit = _by_rules(said, sets, meant)
    if hit is not None:
        return hit
    listener = learned(without_region(language), doubles_fold=sets[0].spelling.doubles_fold)
    return None if listener is None else listener.judged(own_words(said[0], sets[0]), meant)


def check_by_rules(text: str, language: str, asked: str | None = None) -> Hit | None:
    """Return what the rules alone see."""
    return _by_rules(*_read(text, language, asked))


def _read(text: str, language: str, asked: str | None) -> tuple[list[str], tuple[RuleSet, ...], Asked | None]:
    sets = rule_sets(language)
    shown = plain(text[:LONGEST_MESSAGE])
    said = [normalised(shown, rules.spelling) for rules in sets]
    return said, sets, None if asked is None else asked_for(asked, sets)


def _by_rules(said: Sequence[str], sets: Sequence[RuleSet], meant: Asked | None) -> Hit | None:
    hits = [
        hit for rules, words in zip(sets, said, strict=True) if (hit := _judged(words, rules)) is not None
    ]
    if meant is not None and (answer := answered(meant, said, sets)) is not None:
        hits.append(answer)
    return max(hits, key=lambda hit: hit.score, default=None)


def _judged(text: str, rules: RuleSet) -> Hit | None:
    said = _said(text)
    others = rules.voices.mention.search(text)
    mentioned = len(text) if others is None else others.end()
    for rule in rules.rules:
        for found in rule.pattern.finditer(text):
            if rule.unless is not None and rule.unless.match(text, found.end() + 1):
                continue
            if _is_anothers(said, found, rule, rules):
                mentioned = min(mentioned, found.end())
            elif not (rule.negatable and _is_denied(text, found, rules)):
                return Hit(rule.name, rules.version, rule.score)
    if mentioned < len(text) and rules.voices.taken_up.search(text, mentioned, mentioned + _SENTENCE):
        return Hit("taken_up", rules.version, _TAKEN_UP)
    return None


def own_words(text: str, rules: RuleSet) -> str:
    """Leave out what another is quoted with; of more than MOST_QUOTATIONS the first."""
    said = _said(text)
    kept, end = [], 0
    for mark in range(0, min(len(said.marks), 2 * MOST_QUOTATIONS), 2):
        if _quotes_another(said, mark, rules):
            kept.append(text[end : said.marks[mark]])
            end = _closing(said, mark)
    return " ".join([*kept, text[end:]])


def _said(text: str) -> _Said:
    return _Said(text, tuple(mark.start() for mark in re.finditer('"', text)))


def _is_anothers(said: _Said, found: re.Match[str], rule: Rule, rules: RuleSet) -> bool:
    """Tell whether what was found is another's wish or words: in quotation marks, or with another as its subject."""
    start = found.start()
    before = bisect_left(said.marks, start)
    if before % 2 == 1:
        return _quotes_another(said, before - 1, rules)
    if rule.own:
        return False
    if any(who.lastgroup == "own" for who in rules.voices.subject.finditer(found[0])):
        return False
    whose = None
    for who in rules.voices.subject.finditer(_sentence_before(said.text, start)):
        if who.lastgroup != "neither":
            whose = who.lastgroup
    return whose == "other"


def _quotes_another(said: _Said, mark: int, rules: RuleSet) -> bool:
    """Tell whether another is named beside the quotation that begins with a mark."""
    lead = _sentence_before(said.text, said.marks[mark])
    closing = _closing(said, mark)
    aside = f"{lead} | {said.text[closing + 1 : closing + 1 + _ASIDE]}"
    named = any(who.lastgroup == "other" for who in rules.voices.subject.finditer(aside))
    return named and rules.voices.told.search(lead) is None


def _closing(said: _Said, mark: int) -> int:
    return said.marks[mark + 1] if mark + 1 < len(said.marks) else len(said.text)


def _is_denied(text: str, found: re.Match[str], rules: RuleSet) -> bool:
    """Tell whether the clause around what was found denies it."""
    negation = rules.negation
    rest = text[found.end() : found.end() + _ASIDE]
    if negation.after.match(rest, 1):
        return True
    words = text[max(0, found.start() - negation.reach * _LONGEST_WORD) : found.start()].split()
    clause = " ".join(words[-negation.reach :]) + " "
    opened = 0
    for opener in negation.opener.finditer(clause):
        opened = opener.end()
    negators = negation.negator.finditer(clause, opened)
    if not any(negation.bridge.issuperset(clause[negator.end() :].split()) for negator in negators):
        return False
    return not (negation.hollow.search(clause) or negation.hollow_after.match(rest, 1))


def _sentence_before(text: str, place: int) -> str:
    """Give what stands before a place in its sentence, from a whole word on, of bounded length."""
    start = max(0, place - _SENTENCE)
    piece = text[start:place].rpartition("|")[2]
    return piece if start == 0 or "|" in text[start:place] else piece.partition(" ")[2]
