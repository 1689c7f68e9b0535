"""Which questions a session asks: drawn once, then frozen with all that scoring them needs.

A drawn instrument holds the texts as shown and the facts its score rests on (scale, bands, cut-off, codes),
so that a later edit of a study or of a data file changes nothing in a session that has begun.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Literal

from pydantic import TypeAdapter

from quart_assessment.studies.definition import QuestionnaireSettings
from quart_assessment.studies.instruments import SUICIDAL_IDEATION, Instrument, Item, Provenance
from quart_assessment.studies.wordings import Answers, Wording, answers_of, stem_of, wordings_of

_GRADES: tuple[Provenance, ...] = ("official", "validated_translation", "study_wording")
_STANDARD_SCALE = (0, 3)


class NotDrawable(ValueError):
    """The questionnaire lacks words in the language asked for; a checked study never does."""


@dataclass(frozen=True, slots=True)
class Label:
    """One answer as shown; `loinc` is its LOINC answer code, in an unmodified instrument where known."""

    value: int
    text: str
    loinc: str | None = None


@dataclass(frozen=True, slots=True)
class DrawnQuestion:
    """A question as shown. `position` counts from 1; `own_scale`: its answers are not the instrument's."""

    position: int
    text: str
    category: str
    scored: bool
    required: bool
    risk: bool
    scale_min: int
    scale_max: int
    labels: tuple[Label, ...]
    own_scale: bool
    show_if: Literal["any_above_min"] | None
    provenance: Provenance
    source: str | None
    loinc: str | None


@dataclass(frozen=True, slots=True)
class FrozenBand:
    """A severity and the totals it spans, both ends included."""

    severity: str
    min: int
    max: int


@dataclass(frozen=True, slots=True)
class DrawnInstrument:
    """What one session is asked, and what its score is measured by.

    `provenance` is the lowest grade among the texts the score rests on: stem, answers, scored questions; the
    difficulty item carries its own. `modified` tells that bands, cut-off, algorithm and codes do not apply;
    these are empty then, and `code` and `title` no longer name the published instrument. `instructions` ends
    with the stem. `randomized` records that the order of the categories was drawn, too.
    """

    code: str
    title: str
    language: str
    provenance: Provenance
    modified: bool
    source: str
    instructions: str
    stem: str
    scale_min: int
    scale_max: int
    labels: tuple[Label, ...]
    questions: tuple[DrawnQuestion, ...]
    randomized: bool
    bands: tuple[FrozenBand, ...]
    cut_off: float | None
    cut_off_source: str | None
    algorithm: Literal["phq_depression"] | None
    loinc: str | None
    total_loinc: str | None

    def to_json(self) -> dict[str, object]:
        """Return the drawn instrument as JSON values, to be frozen in a jsonb column."""
        frozen: dict[str, object] = _adapter().dump_python(self, mode="json")
        return frozen

    @classmethod
    def from_json(cls, frozen: Mapping[str, object]) -> DrawnInstrument:
        """Return what `to_json` froze; fields it does not know are passed over."""
        return _adapter().validate_python(dict(frozen))


@cache
def _adapter() -> TypeAdapter[DrawnInstrument]:
    return TypeAdapter(DrawnInstrument)


def draw(
    settings: QuestionnaireSettings, instrument: Instrument, language: str, random: Random
) -> DrawnInstrument:
    """Draw a session's questions in `language`. Raises NotDrawable where a text or a label is missing."""
    stem = stem_of(settings, instrument, language)
    answers = answers_of(settings.scale, instrument.scale, instrument, language)
    instructions = settings.instructions.get(language)
    if stem is None or answers is None or instructions is None:
        raise NotDrawable(f"no stem, no labels or no instructions in {language}")
    items = list(instrument.items)
    if settings.randomize_categories:
        random.shuffle(items)
    scored = [
        (item, wording)
        for item in items
        for wording in _drawn_wordings(settings, instrument, item, language, random)
    ]
    questions = [_scored(item, wording, answers, settings) for item, wording in scored]
    questions += _difficulty(settings, instrument, language, random)
    drawn = DrawnInstrument(
        code=instrument.code,
        title=instrument.title,
        language=language,
        provenance=_lowest([stem, answers, *(wording for _, wording in scored)]),
        modified=False,
        source=_sources(instrument.source, [stem, answers, *(wording for _, wording in scored)]),
        instructions=f"{instructions}\n\n{stem.text}",
        stem=stem.text,
        scale_min=answers.labels[0].value,
        scale_max=answers.labels[-1].value,
        labels=_labels(answers),
        questions=tuple(replace(question, position=place) for place, question in enumerate(questions, 1)),
        randomized=settings.randomize_categories,
        bands=tuple(FrozenBand(band.severity, band.min, band.max) for band in instrument.bands),
        cut_off=settings.cut_off,
        cut_off_source=settings.cut_off_source,
        algorithm=instrument.algorithm,
        loinc=instrument.loinc,
        total_loinc=instrument.total_loinc,
    )
    return _as_modified(drawn) if _is_modified(drawn) else drawn


def _drawn_wordings(
    settings: QuestionnaireSettings, instrument: Instrument, item: Item, language: str, random: Random
) -> list[Wording]:
    pool = wordings_of(settings, instrument, item, language)
    if not pool:
        raise NotDrawable(f"{item.category} has no wording in {language}")
    return random.sample(pool, min(settings.questions_per_category, len(pool)))


def _scored(item: Item, wording: Wording, answers: Answers, settings: QuestionnaireSettings) -> DrawnQuestion:
    return DrawnQuestion(
        position=0,
        text=wording.text,
        category=item.category,
        scored=True,
        required=not settings.optional_items,
        risk=item.category == SUICIDAL_IDEATION,
        scale_min=answers.labels[0].value,
        scale_max=answers.labels[-1].value,
        labels=_labels(answers),
        own_scale=False,
        show_if=None,
        provenance=wording.provenance,
        source=wording.source,
        loinc=item.loinc,
    )


def _difficulty(
    settings: QuestionnaireSettings, instrument: Instrument, language: str, random: Random
) -> list[DrawnQuestion]:
    item = instrument.difficulty
    if item is None or not settings.ask_difficulty:
        return []
    pool = wordings_of(settings, instrument, item, language)
    answers = answers_of(settings.difficulty_scale, item.scale, instrument, language)
    if not pool or answers is None:
        raise NotDrawable(f"{item.category} has no wording or no labels in {language}")
    wording = random.choice(pool)
    grade = _lowest([wording, answers])
    question = replace(
        _scored(item, wording, answers, settings),
        scored=False,
        required=False,
        own_scale=True,
        show_if="any_above_min",
        provenance=grade,
    )
    return [_without_codes(question) if grade == "study_wording" else question]


def _labels(answers: Answers) -> tuple[Label, ...]:
    return tuple(Label(answer.value, answer.text, answer.loinc) for answer in answers.labels)


def _lowest(texts: Iterable[Wording | Answers]) -> Provenance:
    return max((text.provenance for text in texts), key=_GRADES.index)


def _sources(published: str, texts: Iterable[Wording | Answers]) -> str:
    named = dict.fromkeys([published, *(text.source for text in texts if text.source is not None)])
    return "; ".join(named)


def _is_modified(drawn: DrawnInstrument) -> bool:
    asked = Counter(question.category for question in drawn.questions if question.scored)
    return (
        any(count != 1 for count in asked.values())
        or drawn.provenance == "study_wording"
        or (drawn.scale_min, drawn.scale_max) != _STANDARD_SCALE
    )


def _as_modified(drawn: DrawnInstrument) -> DrawnInstrument:
    return replace(
        drawn,
        code=f"{drawn.code}-modified",
        title=f"Modified questionnaire (after {drawn.title})",
        modified=True,
        labels=tuple(replace(label, loinc=None) for label in drawn.labels),
        questions=tuple(_without_codes(question) for question in drawn.questions),
        bands=(),
        cut_off=None,
        cut_off_source=None,
        algorithm=None,
        loinc=None,
        total_loinc=None,
    )


def _without_codes(question: DrawnQuestion) -> DrawnQuestion:
    return replace(
        question, loinc=None, labels=tuple(replace(label, loinc=None) for label in question.labels)
    )
