"""A score is what the answers say, by the published rules, and nothing where a value is missing."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_assessment.phq.drawing import DrawnInstrument, draw
from quart_assessment.phq.scoring import PRORATING_RULE, Score, ScoredAnswer, score, without_judgement
from quart_assessment.studies.definition import QuestionnaireSettings
from quart_assessment.studies.instruments import DIFFICULTY, InstrumentCode, instrument

NINE_VALUES = st.lists(st.integers(0, 3), min_size=9, max_size=9)
NINE_ANSWERS = st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=9, max_size=9)


def _drawn(code: InstrumentCode = "phq-9", **settings: Any) -> DrawnInstrument:
    told = {"instrument": code, "cut_off_source": "a source", "instructions": {"en": "Please answer."}}
    return draw(QuestionnaireSettings.model_validate({**told, **settings}), instrument(code), "en", Random(1))


PHQ_9 = _drawn()


def _answers(drawn: DrawnInstrument, values: list[int | None]) -> list[ScoredAnswer]:
    asked = [question for question in drawn.questions if question.scored]
    return [
        ScoredAnswer(question.category, value, answered=value is not None)
        for question, value in zip(asked, values, strict=True)
    ]


def _score(values: list[int | None], drawn: DrawnInstrument = PHQ_9) -> Score:
    return score(drawn, _answers(drawn, values))


def _spread(total: int, items: int) -> list[int | None]:
    return [min(3, max(0, total - 3 * place)) for place in range(items)]


@given(NINE_VALUES)
def test_the_total_of_the_phq_9_is_the_sum_of_its_nine_values(values: list[int]) -> None:
    scored = _score([*values])
    assert scored.total == sum(values)
    assert isinstance(scored.total, int)
    assert (scored.min, scored.max, scored.complete, scored.modified) == (0, 27, True, False)
    assert scored.positive is (sum(values) >= 10)
    assert (scored.instrument, scored.loinc, scored.prorated) == ("phq-9", "44261-6", None)


@given(NINE_ANSWERS)
def test_while_a_value_is_missing_there_is_no_total_and_no_judgement(values: list[int | None]) -> None:
    scored = _score(values)
    if None in values:
        assert (scored.total, scored.severity, scored.positive) == (None, None, None)
        assert (scored.algorithm, scored.loinc, scored.complete) == (None, None, False)
    else:
        assert scored.total is not None
    assert scored.answered == sum(value is not None for value in values)
    assert (scored.scored_items, scored.max) == (9, 27)


@given(NINE_ANSWERS)
def test_a_prorated_total_is_the_mean_of_the_rest_if_at_most_two_are_missing(
    values: list[int | None],
) -> None:
    known = [value for value in values if value is not None]
    prorated = _score(values).prorated
    if len(known) in (7, 8):
        assert prorated is not None
        assert prorated.total == pytest.approx(9 * sum(known) / len(known))
        assert prorated.rule == PRORATING_RULE == "mean_of_rest_if_at_most_2_missing"
        assert sum(known) <= prorated.total + 1e-9
    else:
        assert prorated is None


def test_a_skipped_item_counts_as_answered_and_never_as_0() -> None:
    answers = _answers(PHQ_9, [3] * 9)
    answers[2] = replace(answers[2], value=None)
    scored = score(PHQ_9, answers)
    assert (scored.answered, scored.complete, scored.total) == (9, False, None)
    assert scored.prorated is not None
    assert scored.prorated.total == 27


def test_an_item_without_a_row_is_missing_and_the_highest_total_stays_that_of_the_instrument() -> None:
    scored = score(PHQ_9, _answers(PHQ_9, [3] * 9)[:5])
    assert (scored.total, scored.answered, scored.scored_items, scored.max) == (None, 5, 9, 27)


def test_no_answer_at_all_has_no_score() -> None:
    scored = score(PHQ_9, [])
    assert (scored.total, scored.prorated, scored.answered, scored.complete) == (None, None, 0, False)


BANDS: dict[InstrumentCode, list[tuple[int, int, str]]] = {
    "phq-9": [
        (0, 4, "minimal"),
        (5, 9, "mild"),
        (10, 14, "moderate"),
        (15, 19, "moderately severe"),
        (20, 27, "severe"),
    ],
    "phq-8": [
        (0, 4, "minimal"),
        (5, 9, "mild"),
        (10, 14, "moderate"),
        (15, 19, "moderately severe"),
        (20, 24, "severe"),
    ],
    "gad-7": [(0, 4, "minimal"), (5, 9, "mild"), (10, 14, "moderate"), (15, 21, "severe")],
}


@pytest.mark.parametrize("code", BANDS)
def test_every_total_falls_in_the_band_of_its_instrument(code: InstrumentCode) -> None:
    drawn = _drawn(code)
    for least, most, severity in BANDS[code]:
        for total in range(least, most + 1):
            scored = _score(_spread(total, len(instrument(code).items)), drawn)
            assert (scored.total, scored.severity) == (total, severity)
    assert scored.max == total


@pytest.mark.parametrize(("total", "positive"), [(5, False), (6, True)])
def test_the_cut_off_is_the_studys_and_named_with_its_source(total: int, positive: bool) -> None:
    source = "doi 10.3889/oamjms.2022.9293"
    scored = _score(_spread(total, 9), _drawn(cut_off=5.5, cut_off_source=source))
    assert (scored.positive, scored.cut_off, scored.cut_off_source) == (positive, 5.5, source)


def test_a_total_equal_to_the_cut_off_is_positive() -> None:
    assert _score(_spread(10, 9)).positive is True
    assert _score(_spread(9, 9)).positive is False


@pytest.mark.parametrize(
    ("values", "syndrome"),
    [
        ([2, 2, 2, 2, 2, 0, 0, 0, 0], "major_depressive_syndrome"),
        ([2, 0, 2, 2, 2, 0, 0, 0, 1], "major_depressive_syndrome"),
        ([0, 3, 2, 2, 2, 1, 1, 1, 0], "other_depressive_syndrome"),
        ([2, 0, 0, 0, 0, 0, 0, 0, 1], "other_depressive_syndrome"),
        ([2, 1, 1, 1, 1, 1, 1, 1, 0], "none"),
        ([1, 1, 3, 3, 3, 3, 3, 3, 3], "none"),
        ([0, 0, 0, 0, 0, 0, 0, 0, 0], "none"),
    ],
)
def test_the_diagnostic_algorithm_is_a_field_of_its_own(values: list[int | None], syndrome: str) -> None:
    assert _score(values).algorithm == syndrome


def test_the_algorithm_looks_at_categories_not_at_places() -> None:
    shuffled = _drawn(randomize_categories=True)
    present = {
        "ANHEDONIA": 2,
        "SLEEP_DISTURBANCE": 2,
        "FATIGUE": 2,
        "APPETITE_CHANGES": 2,
        "SUICIDAL_IDEATION": 1,
    }
    values: list[int | None] = [present.get(q.category, 0) for q in shuffled.questions if q.scored]
    assert _score(values, shuffled).algorithm == "major_depressive_syndrome"


def test_the_phq_8_has_the_algorithm_and_the_gad_7_has_none() -> None:
    assert _score([2] * 8, _drawn("phq-8")).algorithm == "major_depressive_syndrome"
    assert _score([2] * 7, _drawn("gad-7")).algorithm is None


def test_the_difficulty_item_is_reported_and_never_scored() -> None:
    difficulty = ScoredAnswer(DIFFICULTY, 3, answered=True, scored=False)
    with_it = score(PHQ_9, [*_answers(PHQ_9, [1] * 9), difficulty])
    without = _score([1] * 9)
    assert with_it.impairment == 3
    assert without.impairment is None
    assert replace(with_it, impairment=None) == without


def _modified(seed_settings: dict[str, Any]) -> DrawnInstrument:
    wordings = [{"text": {"en": f"wording {number}"}} for number in range(3)]
    own = [
        {"category": "FATIGUE", "wordings": wordings},
        {"category": "PSYCHOMOTOR", "wordings": wordings[:2]},
    ]
    return _drawn(categories=own, **seed_settings)


@given(st.lists(st.integers(0, 3), min_size=12, max_size=12))
def test_a_modified_score_sums_the_means_of_its_categories(values: list[int]) -> None:
    drawn = _modified({"questions_per_category": 3})
    scored = _score([*values], drawn)
    expected = sum(values[:3]) + sum(values[3:6]) / 3 + sum(values[6:9]) + sum(values[9:11]) / 2 + values[11]
    assert scored.total == pytest.approx(expected)
    assert (scored.min, scored.max, scored.scored_items, scored.modified) == (0, 27, 12, True)
    assert scored.instrument == "phq-9-modified"
    assert (scored.severity, scored.positive, scored.cut_off, scored.cut_off_source) == (None,) * 4
    assert (scored.algorithm, scored.loinc, scored.prorated) == (None, None, None)


def test_a_modified_score_takes_its_ends_from_scale_and_categories() -> None:
    labels = {"en": {str(value): f"answer {value}" for value in range(1, 6)}}
    drawn = _drawn(scale={"min": 1, "max": 5, "labels": labels})
    assert (_score([1] * 9, drawn).total, _score([5] * 9, drawn).total) == (9, 45)
    assert (_score([1] * 9, drawn).min, _score([1] * 9, drawn).max) == (9, 45)


def test_a_modified_score_with_a_missing_value_has_no_total_and_is_not_prorated() -> None:
    scored = _score([None, *[1] * 8], _modified({}))
    assert (scored.total, scored.prorated) == (None, None)


@pytest.mark.parametrize(
    "answer",
    [
        ScoredAnswer("JOY", 1, answered=True),
        ScoredAnswer("FATIGUE", 1, answered=True),
        ScoredAnswer(DIFFICULTY, 1, answered=True),
    ],
)
def test_more_answers_than_questions_are_no_score(answer: ScoredAnswer) -> None:
    with pytest.raises(ValueError, match="more answers"):
        score(PHQ_9, [*_answers(PHQ_9, [1] * 9), answer])


@pytest.mark.parametrize("value", [-1, 4])
def test_a_value_outside_the_scale_is_no_score(value: int) -> None:
    with pytest.raises(ValueError, match="outside the scale"):
        _score([value, *[1] * 8])


def test_a_participant_who_may_see_the_score_sees_no_judgement_of_it() -> None:
    seen = without_judgement(_score([3] * 9))
    assert (seen.total, seen.max) == (27, 27)
    assert (seen.severity, seen.positive, seen.cut_off, seen.cut_off_source, seen.algorithm) == (None,) * 5
