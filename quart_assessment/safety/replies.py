"""Judging what a model says while it says it: no methods, no encouragement, no promise of secrecy. Touches no I/O.

A sentence in which a watched word stands is held back until it has ended; then it is shown whole, or dropped with all
that follows. Other sentences are shown as they come.
"""

from __future__ import annotations

import re

from quart_assessment.safety.hits import Hit
from quart_assessment.safety.reply_rules import ReplyRule, ReplyRules, reply_rules
from quart_assessment.safety.wording import normalised, plain

LONGEST_SENTENCE = 400
"""Code points after which a sentence that has no end is judged as it stands."""
_LONGEST_WATCHED = 40
_LONGEST_END = 8
# What a sentence without an end shares with its next piece, for what is said across the cut.
_OVERLAP = 120
_BEFORE = 120
_END = re.compile(r"[.!?…。]+[\"'”’»)\]*_]*(?=\s)|\n")
_QUESTION = re.compile(r"\?[\s\"'”’»)\]*_]*$")
_ODD = re.compile(r"[a-z][0-9@$!][a-z]")
_USUAL = str.maketrans("", "", "’‘“”…—–•")


class ReplyCheck:
    """Judges one reply; `hit` is what it was cut for, and stays None while nothing was."""

    def __init__(self, language: str) -> None:
        self.hit: Hit | None = None
        self._rules = reply_rules(language)
        self._sentence = ""
        self._shown = 0
        self._held = False

    def feed(self, piece: str) -> str:
        """Take a piece and return what of it, and of what was held back, may be shown now."""
        if self.hit is not None:
            return ""
        looked_at = max(0, len(self._sentence) - _LONGEST_END)
        self._sentence += piece
        shown: list[str] = []
        while self.hit is None and (end := _END.search(self._sentence, looked_at)) is not None:
            rest = self._sentence[end.end() :]
            self._sentence = self._sentence[: end.end()]
            shown.append(self._judge())
            self._sentence, self._shown, self._held, looked_at = rest, 0, False, 0
        if self.hit is None:
            shown.append(self._show_open())
        return "".join(shown)

    def finish(self) -> str:
        """Return what is left to show once the reply has ended."""
        return "" if self.hit is not None else self._judge()

    def _show_open(self) -> str:
        """Show what there is of a sentence that has not ended, unless it is to be held back."""
        # A judged piece stays, so far as the next one may go on with what it says.
        while len(self._sentence) - self._shown > LONGEST_SENTENCE:
            rest = self._sentence[self._shown + LONGEST_SENTENCE :]
            self._sentence = self._sentence[: self._shown + LONGEST_SENTENCE]
            text = self._judge()
            if self.hit is not None:
                return text
            kept = self._sentence[-_OVERLAP:]
            self._sentence, self._shown = kept + rest, len(kept)
            return text + self._show_open()
        if not self._held and self._is_watched(self._sentence[max(0, self._shown - _LONGEST_WATCHED) :]):
            self._held = True
        if self._held:
            return ""
        text = self._sentence[self._shown :]
        if len(self._sentence) > LONGEST_SENTENCE + _OVERLAP:
            self._sentence = self._sentence[-_OVERLAP:]
        self._shown = len(self._sentence)
        return text

    def _judge(self) -> str:
        """Give what is not yet shown of the sentence, or nothing where it says what it must not."""
        text = self._sentence[self._shown :]
        if self._held or self._is_watched(self._sentence):
            self.hit = _judged(self._sentence, self._rules)
        self._shown = len(self._sentence)
        return "" if self.hit is not None else text

    def _is_watched(self, text: str) -> bool:
        lower = text.translate(_USUAL).casefold()
        if not lower.isascii() or _ODD.search(lower):
            lower = plain(lower)
        return any(rules.watched.search(lower) for rules in self._rules)


def _judged(sentence: str, sets: tuple[ReplyRules, ...]) -> Hit | None:
    asked = _QUESTION.search(sentence) is not None
    shown = plain(sentence)
    for rules in sets:
        words = normalised(shown, rules.spelling)
        if rules.harmless.search(words):
            continue
        for rule in rules.rules:
            if (rule.questions or not asked) and _says(words, rule, rules):
                return Hit(rule.name, rules.version, rule.score)
    return None


def _says(words: str, rule: ReplyRule, rules: ReplyRules) -> bool:
    for found in rule.pattern.finditer(words):
        before = words[max(0, found.start() - _BEFORE) : found.start()].rstrip()
        if rule.negatable and rules.denied.search(before):
            continue
        if rule.unless is None or not rule.unless.match(words, found.end() + 1):
            return True
    return False
