"""What the answers of a questionnaire add up to. A screening score is not a diagnosis.

A value that is missing, skipped or never given, is never 0: while one is missing there is no total. The rules
are those of Kroenke et al. (2001, 2009); bands, cut-off and algorithm belong to published instruments alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from quart_assessment.phq.drawing import DrawnInstrument
from quart_assessment.studies.instruments import DIFFICULTY, SUICIDAL_IDEATION

PRORATING_RULE: Literal["mean_of_rest_if_at_most_2_missing"] = "mean_of_rest_if_at_most_2_missing"
"""A common convention, not the authors' own."""

Syndrome = Literal["major_depressive_syndrome", "other_depressive_syndrome", "none"]

_MOST_MISSING = 2
_CORE = ("ANHEDONIA", "DEPRESSED_MOOD")
_MORE_THAN_HALF_THE_DAYS = 2
_PRESENT_AT_ALL = 1
_MAJOR_FROM = 5
_OTHER_FROM = 2


@dataclass(frozen=True, slots=True)
class ScoredAnswer:
    """The answer to one question; `answered` with no value is a skip."""

    category: str
    value: int | None
    answered: bool
    scored: bool = True


@dataclass(frozen=True, slots=True)
class Prorated:
    """A total with the mean of the rest in place of what is missing, and the rule that allows it."""

    total: float
    rule: Literal["mean_of_rest_if_at_most_2_missing"] = PRORATING_RULE


@dataclass(frozen=True, slots=True)
class Score:
    """The score of one questionnaire.

    `answered` and `scored_items` count scored questions, skips as answered; `complete` tells that each has a
    value. `total` is an integer for a published instrument; for a modified one it is the sum over the
    categories of the mean of their questions. `algorithm` is what the diagnostic algorithm says of the
    answers alone, without the impairment and the exclusions a diagnosis needs; `impairment` is the value of
    the difficulty item, where given. `loinc` is the total's code, for a complete published instrument.
    """

    instrument: str
    total: float | None
    min: int
    max: int
    answered: int
    scored_items: int
    complete: bool
    prorated: Prorated | None
    severity: str | None
    positive: bool | None
    cut_off: float | None
    modified: bool
    cut_off_source: str | None = None
    algorithm: Syndrome | None = None
    impairment: int | None = None
    loinc: str | None = None


def score(drawn: DrawnInstrument, answers: Sequence[ScoredAnswer]) -> Score:
    """Score the answers by what was drawn; questions without an answer may be left out of `answers`.

    Raises ValueError for an answer of a category that was not asked, for more answers than questions, and for
    values outside the scale.
    """
    asked = Counter(question.category for question in drawn.questions if question.scored)
    given = [answer for answer in answers if answer.scored]
    values = _values(drawn, asked, given)
    known = [value for category in values.values() for value in category]
    scored_items = asked.total()
    complete = len(known) == scored_items
    total = _total(values) if complete else None
    prorated = None if complete or drawn.modified else _prorated(known, scored_items)
    return Score(
        instrument=drawn.code,
        total=total,
        min=drawn.scale_min * len(asked),
        max=drawn.scale_max * len(asked),
        answered=sum(answer.answered for answer in given),
        scored_items=scored_items,
        complete=complete,
        prorated=prorated,
        severity=None if total is None else _severity(drawn, total),
        positive=None if total is None or drawn.cut_off is None else total >= drawn.cut_off,
        cut_off=drawn.cut_off,
        modified=drawn.modified,
        cut_off_source=drawn.cut_off_source,
        algorithm=_syndrome(values) if complete and drawn.algorithm == "phq_depression" else None,
        impairment=next((a.value for a in answers if not a.scored and a.category == DIFFICULTY), None),
        loinc=drawn.total_loinc if complete else None,
    )


def without_judgement(full: Score) -> Score:
    """Return the score as a participant may see it where the study shows scores but not severity."""
    return replace(full, severity=None, positive=None, cut_off=None, cut_off_source=None, algorithm=None)


def _values(
    drawn: DrawnInstrument, asked: Mapping[str, int], given: Sequence[ScoredAnswer]
) -> dict[str, list[int]]:
    values: dict[str, list[int]] = {category: [] for category in asked}
    for category, count in Counter(answer.category for answer in given).items():
        if count > asked.get(category, 0):
            raise ValueError("there are more answers than questions")
    for answer in given:
        if answer.value is None:
            continue
        if not answer.answered or not drawn.scale_min <= answer.value <= drawn.scale_max:
            raise ValueError("a value lies outside the scale or belongs to no answer")
        values[answer.category].append(answer.value)
    return values


def _total(values: Mapping[str, Sequence[int]]) -> float:
    exact = sum((Fraction(sum(category), len(category)) for category in values.values()), Fraction(0))
    return exact.numerator if exact.denominator == 1 else float(exact)


def _prorated(known: Sequence[int], scored_items: int) -> Prorated | None:
    if not known or scored_items - len(known) > _MOST_MISSING:
        return None
    return Prorated(float(Fraction(sum(known) * scored_items, len(known))))


def _severity(drawn: DrawnInstrument, total: float) -> str | None:
    return next((band.severity for band in drawn.bands if band.min <= total <= band.max), None)


def _syndrome(values: Mapping[str, Sequence[int]]) -> Syndrome:
    present = {
        category
        for category, (value,) in values.items()
        if value >= (_PRESENT_AT_ALL if category == SUICIDAL_IDEATION else _MORE_THAN_HALF_THE_DAYS)
    }
    if present.isdisjoint(_CORE) or len(present) < _OTHER_FROM:
        return "none"
    return "major_depressive_syndrome" if len(present) >= _MAJOR_FROM else "other_depressive_syndrome"
