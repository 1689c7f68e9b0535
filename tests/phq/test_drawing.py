"""Questions are drawn once, frozen with all their score needs, and named for what they are."""

from __future__ import annotations

import json
from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_assessment.phq.drawing import DrawnInstrument, NotDrawable, draw
from quart_assessment.studies.definition import QuestionnaireSettings
from quart_assessment.studies.instruments import DIFFICULTY, InstrumentCode, instrument

OTHER_WORDS = [{"text": {"en": f"wording {number}"}} for number in range(3)]
FOUR_POINTS = {"en": {"0": "never", "1": "rarely", "2": "often", "3": "always"}}


def _draw(*, seed: int = 1, language: str = "en", **settings: Any) -> DrawnInstrument:
    told = {"cut_off_source": "a source", "instructions": {"en": "Please answer.", "id": "Jawablah."}}
    checked = QuestionnaireSettings.model_validate({**told, **settings})
    return draw(checked, instrument(checked.instrument), language, Random(seed))


def _own(category: str, wordings: list[dict[str, Any]] = OTHER_WORDS, **more: Any) -> dict[str, Any]:
    return {"category": category, "wordings": wordings, **more}


def test_the_phq_9_is_asked_in_its_order_and_its_words() -> None:
    drawn = _draw()
    asked = [(question.position, question.category, question.text) for question in drawn.questions]
    official = [(item.number, item.category, item.text["en"]) for item in instrument("phq-9").items]
    assert asked[:9] == official
    assert (drawn.code, drawn.title, drawn.provenance, drawn.modified) == (
        "phq-9",
        "PHQ-9",
        "official",
        False,
    )
    assert (drawn.loinc, drawn.total_loinc) == ("44249-1", "44261-6")
    assert (drawn.scale_min, drawn.scale_max) == (0, 3)


def test_the_instructions_are_followed_by_the_stem() -> None:
    assert _draw().instructions == f"Please answer.\n\n{instrument('phq-9').stem['en']}"


def test_the_difficulty_item_comes_last_unscored_optional_and_only_if_any_is_above_the_least() -> None:
    item = _draw(randomize_categories=True).questions[-1]
    assert (item.category, item.position, item.show_if) == (DIFFICULTY, 10, "any_above_min")
    assert (item.scored, item.required, item.risk, item.own_scale) == (False, False, False, True)
    assert item.labels[0].text == "Not difficult at all"


def test_the_difficulty_item_can_be_left_out() -> None:
    assert len(_draw(ask_difficulty=False).questions) == 9
    assert len(_draw(instrument="gad-7").questions) == 7


def test_only_the_question_on_suicidal_thoughts_is_a_risk_question_whatever_its_words() -> None:
    reworded: dict[str, Any] = {"categories": [_own("SUICIDAL_IDEATION")], "randomize_categories": True}
    for settings in ({}, reworded):
        drawn = _draw(**settings)
        assert [question.category for question in drawn.questions if question.risk] == ["SUICIDAL_IDEATION"]


@pytest.mark.parametrize("code", ["phq-8", "gad-7"])
def test_the_phq_8_and_the_gad_7_have_no_risk_question(code: InstrumentCode) -> None:
    assert not any(question.risk for question in _draw(instrument=code).questions)


def test_scored_items_are_required_unless_the_study_makes_them_optional() -> None:
    assert [question.required for question in _draw().questions] == [True] * 9 + [False]
    assert not any(question.required for question in _draw(optional_items=True).questions)


def test_a_random_order_is_recorded_and_is_no_modification() -> None:
    orders = {
        tuple(question.category for question in _draw(seed=seed, randomize_categories=True).questions)
        for seed in range(20)
    }
    drawn = _draw(randomize_categories=True)
    assert len(orders) > 10
    assert (drawn.randomized, drawn.modified, drawn.code) == (True, False, "phq-9")
    assert [question.position for question in drawn.questions] == list(range(1, 11))


def test_a_random_order_keeps_each_code_with_its_item() -> None:
    codes = {item.category: item.loinc for item in instrument("phq-9").items}
    for question in _draw(randomize_categories=True).questions[:-1]:
        assert question.loinc == codes[question.category]


@given(
    st.integers(0, 2**32),
    st.integers(1, 6),
    st.dictionaries(st.sampled_from(instrument("phq-9").categories), st.integers(1, 4), max_size=9),
    st.booleans(),
)
def test_each_category_gets_its_number_of_different_wordings(
    seed: int, wanted: int, offered: dict[str, int], keep: bool
) -> None:
    categories = [
        _own(name, [{"text": {"en": f"{name} {number}"}} for number in range(count)], keep_official=keep)
        for name, count in offered.items()
    ]
    drawn = _draw(seed=seed, categories=categories, questions_per_category=wanted, randomize_categories=True)
    asked = Counter(question.category for question in drawn.questions if question.scored)
    for category in instrument("phq-9").categories:
        pool = offered.get(category, 0) + (keep or category not in offered)
        assert asked[category] == min(wanted, pool)
    texts = [question.text for question in drawn.questions]
    assert len(texts) == len(set(texts))


def test_every_wording_is_drawn_in_the_long_run() -> None:
    drawn = [_draw(seed=seed, categories=[_own("FATIGUE", keep_official=True)]) for seed in range(100)]
    texts = Counter(one.questions[3].text for one in drawn)
    assert set(texts) == {"wording 0", "wording 1", "wording 2", "Feeling tired or having little energy"}
    assert min(texts.values()) > 10


def test_one_seed_draws_one_questionnaire() -> None:
    settings: dict[str, Any] = {"categories": [_own("FATIGUE")], "randomize_categories": True}
    assert _draw(seed=7, **settings) == _draw(seed=7, **settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"categories": [_own("FATIGUE")]},
        {"categories": [_own("FATIGUE", keep_official=True)], "questions_per_category": 2},
        {"scale": {"min": 0, "max": 3, "labels": FOUR_POINTS}},
        {"scale": {"min": 1, "max": 2, "labels": {"en": {"1": "no", "2": "yes"}}}},
        {"stem": {"text": {"en": "Over the last week:"}}},
    ],
)
def test_a_modified_instrument_is_not_reported_as_the_phq_9(settings: dict[str, Any]) -> None:
    drawn = _draw(**settings)
    assert drawn.modified
    assert (drawn.code, drawn.title) == ("phq-9-modified", "Modified questionnaire (after PHQ-9)")
    assert drawn.provenance == "study_wording"
    assert (drawn.bands, drawn.cut_off, drawn.cut_off_source, drawn.algorithm) == ((), None, None, None)
    assert set(_codes(drawn)) == {None}


def _codes(drawn: DrawnInstrument) -> list[str | None]:
    answers = [label.loinc for question in drawn.questions for label in question.labels]
    questions = [question.loinc for question in drawn.questions]
    return [drawn.loinc, drawn.total_loinc, *questions, *answers, *(label.loinc for label in drawn.labels)]


def test_two_validated_wordings_of_a_category_modify_as_well() -> None:
    wordings = [
        {"text": {"id": f"kata {number}"}, "provenance": "validated_translation", "source": "a study"}
        for number in range(2)
    ]
    drawn = _draw(
        language="id", questions_per_category=2, **_indonesian("validated_translation", FATIGUE=wordings)
    )
    assert (drawn.modified, drawn.provenance) == (True, "validated_translation")


def test_another_range_modifies_whatever_the_grade_of_its_labels() -> None:
    labels = {"id": {"0": "tidak", "1": "ya"}}
    told = _indonesian("validated_translation")
    told["scale"] = {**told["scale"], "max": 1, "labels": labels}
    assert _draw(language="id", **told).modified


def _indonesian(grade: str, **wordings: list[dict[str, Any]]) -> dict[str, Any]:
    source = {"provenance": grade, "source": "doi 10.3889/oamjms.2022.9293"}
    words = {"0": "nol", "1": "satu", "2": "dua", "3": "tiga"}
    scale = {"min": 0, "max": 3, "labels": {"id": words}, **source}
    names = (*instrument("phq-9").categories, DIFFICULTY)
    return {
        "stem": {"text": {"id": "Selama 2 minggu terakhir"}, **source},
        "scale": scale,
        "difficulty_scale": scale,
        "categories": [
            _own(name, wordings.get(name, [{"text": {"id": f"kata {name}"}, **source}])) for name in names
        ],
    }


@pytest.mark.parametrize(
    ("grade", "modified", "code", "loinc"),
    [
        ("official", False, "phq-9", "44250-9"),
        ("validated_translation", False, "phq-9", "44250-9"),
        ("study_wording", True, "phq-9-modified", None),
    ],
)
def test_a_translation_counts_as_the_instrument_only_if_it_is_official_or_validated(
    grade: str, modified: bool, code: str, loinc: str | None
) -> None:
    drawn = _draw(language="id", **_indonesian(grade))
    assert (drawn.provenance, drawn.modified, drawn.code) == (grade, modified, code)
    assert drawn.questions[0].loinc == loinc
    assert drawn.source.endswith("; doi 10.3889/oamjms.2022.9293")


def test_one_text_of_the_study_lowers_the_grade_of_the_whole() -> None:
    told = _indonesian("validated_translation", FATIGUE=[{"text": {"id": "capek"}}])
    assert _draw(language="id", **told).provenance == "study_wording"


def test_a_text_equal_to_the_official_one_is_official_whatever_it_is_called() -> None:
    same = [{"text": {"en": "Feeling tired or having little energy"}}]
    drawn = _draw(categories=[_own("FATIGUE", same)])
    assert (drawn.modified, drawn.questions[3].provenance) == (False, "official")


def test_a_reworded_item_that_calls_itself_official_is_still_the_studys() -> None:
    false = [{"text": {"en": "Being tired"}, "provenance": "official", "source": "nowhere"}]
    drawn = _draw(categories=[_own("FATIGUE", false)])
    assert (drawn.modified, drawn.questions[3].provenance) == (True, "study_wording")


def test_labels_in_other_words_that_call_themselves_official_are_still_the_studys() -> None:
    scale = {"min": 0, "max": 3, "labels": FOUR_POINTS, "provenance": "official", "source": "nowhere"}
    assert (_draw(scale=scale).provenance, _draw(scale=scale).modified) == ("study_wording", True)


def test_a_reworded_difficulty_item_loses_its_code_but_modifies_no_score() -> None:
    drawn = _draw(categories=[_own(DIFFICULTY)], questions_per_category=3)
    assert (drawn.modified, drawn.provenance) == (False, "official")
    assert [question.category for question in drawn.questions].count(DIFFICULTY) == 1
    assert (drawn.questions[-1].loinc, drawn.questions[-1].provenance) == (None, "study_wording")
    assert {label.loinc for label in drawn.questions[-1].labels} == {None}


def test_a_language_without_words_is_not_drawn() -> None:
    with pytest.raises(NotDrawable):
        _draw(language="id")
    with pytest.raises(NotDrawable):
        _draw(language="fr", **_indonesian("official"))
    told = _indonesian("official")
    with pytest.raises(NotDrawable, match="FUNCTIONAL_DIFFICULTY"):
        _draw(language="id", **{**told, "difficulty_scale": None})
    with pytest.raises(NotDrawable, match="FATIGUE"):
        _draw(
            language="id",
            **told | {"categories": [c for c in told["categories"] if c["category"] != "FATIGUE"]},
        )


@pytest.mark.parametrize("settings", [{}, {"categories": [_own("FATIGUE")]}, {"instrument": "gad-7"}])
def test_a_frozen_instrument_thaws_as_it_was(settings: dict[str, Any]) -> None:
    drawn = _draw(**settings)
    frozen = json.loads(json.dumps(drawn.to_json()))
    assert DrawnInstrument.from_json(frozen) == drawn
    assert DrawnInstrument.from_json({**frozen, "added_later": 1}) == drawn
