"""The words of a questionnaire in one language: the instrument's own, the study's, and the grade of each.

A text equal to the authors' own, word for word, is official whatever the study calls it; one that differs
from an official text of that language never is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from quart_assessment.studies.definition import QuestionnaireSettings, ScaleSetting, Sourced
from quart_assessment.studies.instruments import DIFFICULTY, Instrument, Item, Provenance, Scale, instrument


@dataclass(frozen=True, slots=True)
class Wording:
    """A text that can be asked, and where it comes from."""

    text: str
    provenance: Provenance
    source: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a scale in the words of one language; `loinc` is its LOINC answer code, where known."""

    value: int
    text: str
    loinc: str | None


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of a scale, least first, and where their words come from."""

    labels: tuple[Answer, ...]
    provenance: Provenance
    source: str | None


def stem_of(settings: QuestionnaireSettings, asked: Instrument, language: str) -> Wording | None:
    """Return the sentence that opens the questions, or None where there is none in this language."""
    own = settings.stem
    if own is not None and language in own.text:
        return _graded(own.text[language], own, asked.stem.get(language))
    if language in asked.stem:
        return Wording(asked.stem[language], asked.provenance, asked.source)
    return None


def wordings_of(
    settings: QuestionnaireSettings, asked: Instrument, item: Item, language: str
) -> tuple[Wording, ...]:
    """Return every wording the item can be asked in, the official one first; empty if there is none."""
    official = item.text.get(language)
    kept = () if official is None else (Wording(official, asked.provenance, asked.source),)
    own = next((setting for setting in settings.categories if setting.category == item.category), None)
    if own is None:
        return kept
    texts = tuple(
        _graded(wording.text[language], wording, official)
        for wording in own.wordings
        if language in wording.text
    )
    if not own.keep_official:
        return texts
    return kept + tuple(wording for wording in texts if wording.text != official)


def answers_of(own: ScaleSetting | None, official: Scale, asked: Instrument, language: str) -> Answers | None:
    """Return the answers of a scale in this language, or None where its labels are missing."""
    printed = {label.value: label.text[language] for label in official.labels if language in label.text}
    codes = {label.value: label.loinc for label in official.labels}
    standard = own is None or (own.min, own.max) == (official.min, official.max)
    if own is not None and language in own.labels:
        words = {value: own.labels[language][str(value)] for value in range(own.min, own.max + 1)}
        labels = tuple(
            Answer(value, text, codes[value] if standard else None) for value, text in words.items()
        )
        if words == printed:
            return Answers(labels, asked.provenance, asked.source)
        return Answers(labels, "study_wording" if printed else own.provenance, own.source)
    if not standard or len(printed) < len(codes):
        return None
    labels = tuple(Answer(value, text, codes[value]) for value, text in printed.items())
    return Answers(labels, asked.provenance, asked.source)


def questionnaire_faults(settings: QuestionnaireSettings, languages: Sequence[str]) -> tuple[str, ...]:
    """Say why the questionnaire cannot be asked in these languages, one line a fault; empty if it can be."""
    asked = instrument(settings.instrument)
    missing = [line for language in languages for line in _missing_words(settings, asked, language)]
    return (*_unknown_categories(settings, asked), *_false_claims(settings, asked), *missing)


def _graded(text: str, told: Sourced, official: str | None) -> Wording:
    if text == official:
        return Wording(text, "official", told.source)
    if official is not None:
        return Wording(text, "study_wording", told.source)
    return Wording(text, told.provenance, told.source)


def _unknown_categories(settings: QuestionnaireSettings, asked: Instrument) -> Iterator[str]:
    known = {*asked.categories, *(() if asked.difficulty is None else (DIFFICULTY,))}
    for setting in settings.categories:
        if setting.category not in known:
            yield f"questionnaire.categories: {setting.category} is no category of {asked.title}"


def _false_claims(settings: QuestionnaireSettings, asked: Instrument) -> Iterator[str]:
    official = {item.category: item.text for item in (*asked.items, asked.difficulty) if item is not None}
    claims = [("stem", settings.stem, asked.stem)] + [
        (f"categories.{setting.category}.wordings.{place}", wording, official.get(setting.category, {}))
        for setting in settings.categories
        for place, wording in enumerate(setting.wordings)
    ]
    for where, wording, texts in claims:
        if wording is None or wording.provenance == "study_wording":
            continue
        for language, text in wording.text.items():
            if texts.get(language, text) != text:
                yield f"questionnaire.{where}: differs from the official {language} text, so is study_wording"


def _missing_words(settings: QuestionnaireSettings, asked: Instrument, language: str) -> Iterator[str]:
    if stem_of(settings, asked, language) is None:
        yield f"questionnaire.stem: {asked.title} has no stem in {language}, and the study gives none"
    if answers_of(settings.scale, asked.scale, asked, language) is None:
        yield f"questionnaire.scale: there are no labels in {language}"
    difficulty = asked.difficulty if settings.ask_difficulty else None
    if difficulty is not None and (
        answers_of(settings.difficulty_scale, difficulty.scale, asked, language) is None
    ):
        yield f"questionnaire.difficulty_scale: there are no labels in {language}"
    for item in (*asked.items, *(() if difficulty is None else (difficulty,))):
        if not wordings_of(settings, asked, item, language):
            yield f"questionnaire.categories: {item.category} has no wording in {language}"
