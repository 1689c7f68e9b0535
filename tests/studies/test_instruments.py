"""The data files say what the authors published, word for word and code for code."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from quart_assessment.studies.instruments import (
    DIFFICULTY,
    INSTRUMENT_CODES,
    SUICIDAL_IDEATION,
    Instrument,
    InstrumentCode,
    instrument,
)

PHQ_9 = [
    ("44250-9", "Little interest or pleasure in doing things"),
    ("44255-8", "Feeling down, depressed, or hopeless"),
    ("44259-0", "Trouble falling or staying asleep, or sleeping too much"),
    ("44254-1", "Feeling tired or having little energy"),
    ("44251-7", "Poor appetite or overeating"),
    (
        "44258-2",
        "Feeling bad about yourself — or that you are a failure or have let yourself or your family down",
    ),
    (
        "44252-5",
        "Trouble concentrating on things, such as reading the newspaper or watching television",
    ),
    (
        "44253-3",
        "Moving or speaking so slowly that other people could have noticed? Or the opposite — being so "
        "fidgety or restless that you have been moving around a lot more than usual",
    ),
    ("44260-8", "Thoughts that you would be better off dead or of hurting yourself in some way"),
]
GAD_7 = [
    ("69725-0", "Feeling nervous, anxious or on edge"),
    ("68509-9", "Not being able to stop or control worrying"),
    ("69733-4", "Worrying too much about different things"),
    ("69734-2", "Trouble relaxing"),
    ("69735-9", "Being so restless that it is hard to sit still"),
    ("69689-8", "Becoming easily annoyed or irritable"),
    ("69736-7", "Feeling afraid as if something awful might happen"),
]


def _items(code: InstrumentCode) -> list[tuple[str | None, str]]:
    return [(item.loinc, item.text["en"]) for item in instrument(code).items]


def test_the_phq_9_is_the_official_text_with_its_loinc_codes() -> None:
    phq = instrument("phq-9")
    assert _items("phq-9") == PHQ_9
    assert phq.stem["en"] == (
        "Over the last 2 weeks, how often have you been bothered by any of the following problems?"
    )
    assert (phq.loinc, phq.total_loinc, phq.maximum) == ("44249-1", "44261-6", 27)


def test_the_phq_8_is_the_phq_9_without_its_last_item_and_without_its_total_code() -> None:
    assert _items("phq-8") == PHQ_9[:8]
    assert SUICIDAL_IDEATION not in instrument("phq-8").categories
    assert (instrument("phq-8").loinc, instrument("phq-8").total_loinc) == (None, None)


def test_the_gad_7_is_the_official_text_with_its_loinc_codes() -> None:
    gad = instrument("gad-7")
    assert _items("gad-7") == GAD_7
    assert (
        gad.stem["en"] == "Over the last 2 weeks, how often have you been bothered by the following problems?"
    )
    assert (gad.loinc, gad.total_loinc, gad.difficulty) == ("69737-5", "70274-6", None)


@pytest.mark.parametrize("code", INSTRUMENT_CODES)
def test_the_answers_are_the_four_official_ones(code: InstrumentCode) -> None:
    labels = instrument(code).scale.labels
    assert [(label.value, label.text["en"]) for label in labels] == [
        (0, "Not at all"),
        (1, "Several days"),
        (2, "More than half the days"),
        (3, "Nearly every day"),
    ]


def test_the_answers_of_the_phq_carry_their_loinc_codes() -> None:
    codes = [label.loinc for label in instrument("phq-9").scale.labels]
    assert codes == ["LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"]


def test_the_difficulty_item_has_four_answers_of_its_own() -> None:
    item = instrument("phq-9").difficulty
    assert item is not None
    assert (item.number, item.category, item.loinc) == (10, DIFFICULTY, "69722-7")
    assert item.text["en"] == (
        "If you checked off any problems, how difficult have these problems made it for you to do your work,"
        " take care of things at home, or get along with other people?"
    )
    assert [(label.text["en"], label.loinc) for label in item.scale.labels] == [
        ("Not difficult at all", "LA6572-7"),
        ("Somewhat difficult", "LA6573-5"),
        ("Very difficult", "LA6575-0"),
        ("Extremely difficult", "LA6574-3"),
    ]


@pytest.mark.parametrize(
    ("code", "starts"),
    [("phq-9", [0, 5, 10, 15, 20]), ("phq-8", [0, 5, 10, 15, 20]), ("gad-7", [0, 5, 10, 15])],
)
def test_the_bands_start_where_the_authors_put_them(code: InstrumentCode, starts: list[int]) -> None:
    bands = instrument(code).bands
    assert [band.min for band in bands] == starts
    assert bands[-1].max == instrument(code).maximum
    names = ["minimal", "mild", "moderate", *(["moderately severe"] if len(starts) == 5 else []), "severe"]
    assert [band.severity for band in bands] == names


@pytest.mark.parametrize("code", INSTRUMENT_CODES)
def test_every_instrument_is_official_with_a_source_and_cut_off_10(code: InstrumentCode) -> None:
    asked = instrument(code)
    assert asked.provenance == "official"
    assert "doi 10." in asked.source
    assert "No permission required to reproduce" in asked.source
    assert asked.default_cut_off == 10


def test_a_file_is_read_once_a_process() -> None:
    assert instrument("phq-9") is instrument("phq-9")


@pytest.mark.parametrize(
    "change",
    [
        {"maximum": 26},
        {"bands": [{"severity": "any", "min": 0, "max": 26}]},
        {"bands": [{"severity": "a", "min": 0, "max": 10}, {"severity": "b", "min": 10, "max": 27}]},
        {"colour": "blue"},
    ],
)
def test_an_inconsistent_data_file_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Instrument.model_validate({**instrument("phq-9").model_dump(), **change})


def test_two_items_of_one_category_are_refused() -> None:
    told = instrument("phq-9").model_dump()
    told["items"][1]["category"] = told["items"][0]["category"]
    with pytest.raises(ValidationError, match="category of its own"):
        Instrument.model_validate(told)


def test_a_scale_with_a_gap_is_refused() -> None:
    told = instrument("phq-9").model_dump()
    told["scale"]["labels"][2]["value"] = 4
    with pytest.raises(ValidationError, match="each value"):
        Instrument.model_validate(told)
