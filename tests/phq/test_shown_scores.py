"""What the answers add up to, and how much of it a participant is shown."""

from __future__ import annotations

import pytest

from tests.ground.house import House
from tests.ground.participant import kept, refused
from tests.phq.arriving import SHOWN, arrived, read, score

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_skip_counts_as_answered_and_never_as_nought(house: House) -> None:
    """D13: a missing answer of the predecessor counted as 0."""
    someone = await arrived(house, questionnaire={"optional_items": True} | SHOWN)
    questions = await someone.questions()
    for one in questions[:9]:
        saved = kept(await someone.save(one["id"], None if one is questions[2] else 2))
    assert (saved["answered"], saved["total"]) == (9, 9)
    found = await score(someone)
    assert (found["total"], found["severity"], found["complete"], found["answered"]) == (None, None, False, 9)
    assert found["prorated"] == {"total": 18.0, "rule": "mean_of_rest_if_at_most_2_missing"}
    await someone.post("phq/complete")
    assert (await score(someone))["total"] is None


async def test_a_score_has_the_bounds_of_its_scale_not_of_what_was_answered(house: House) -> None:
    """D13: the predecessor's greatest score was answered x max."""
    someone = await arrived(house, questionnaire=SHOWN)
    questions = await someone.questions()
    found = await score(someone)
    assert (found["min"], found["max"], found["total"], found["answered"], found["scored_items"]) == (
        0,
        27,
        None,
        0,
        9,
    )
    for one, value in zip(questions[:9], (1, 2, 3, 0, 1, 2, 3, 0, 0), strict=True):
        kept(await someone.save(one["id"], value))
    assert "score" in await someone.post("phq/complete")
    found = await score(someone)
    assert (found["total"], found["severity"], found["positive"], found["cut_off"]) == (
        12,
        "moderate",
        True,
        10,
    )
    assert (found["instrument"], found["modified"], found["complete"], found["prorated"]) == (
        "phq-9",
        False,
        True,
        None,
    )


@pytest.mark.parametrize(
    ("total", "severity"), [(4, "minimal"), (5, "mild"), (15, "moderately_severe"), (20, "severe")]
)
async def test_the_bands(house: House, total: int, severity: str) -> None:
    someone = await arrived(house, questionnaire=SHOWN)
    left = total
    for one in (await someone.questions())[:9]:
        kept(await someone.save(one["id"], min(3, left)))
        left -= min(3, left)
    found = await score(someone)
    assert (found["total"], found["severity"].replace(" ", "_")) == (total, severity)


async def test_a_participant_sees_no_score_unless_the_study_shows_it(house: House) -> None:
    study = await house.study(slug="hidden", presentation={"order": "phq_first"})
    someone = await house.come(study)
    await someone.arrive()
    await someone.answer_all(2)
    refused(await someone.client.get(f"{someone.path}/phq/score"), 403, "not_shown")
    staff = await house.staff("researcher", study)
    found = kept(await staff.get(f"/api/admin{someone.path[4:]}"))["score"]
    assert (found["total"], found["severity"]) == (18, "moderately severe")


async def test_a_severity_is_shown_only_where_the_study_shows_it(house: House) -> None:
    someone = await arrived(house, questionnaire={"show_score": True})
    await someone.answer_all(2)
    found = await score(someone)
    assert (found["total"], found["severity"], found["positive"], found["cut_off"]) == (18, None, None, None)


async def test_a_reworded_questionnaire_is_not_called_by_the_published_name(house: House) -> None:
    """D13: reworded items of the predecessor were still called PHQ-9."""
    wordings = [{"text": {"en": text}} for text in ("Are you sad?", "Are you blue?")]
    own = {"categories": [{"category": "DEPRESSED_MOOD", "wordings": wordings}]}
    someone = await arrived(house, questionnaire=own | SHOWN)
    data = await read(someone)
    assert (data["instrument"]["code"], data["instrument"]["modified"]) == ("phq-9-modified", True)
    assert data["instrument"]["provenance"] == "study_wording"
    assert data["questions"][1]["text"] in ("Are you sad?", "Are you blue?")
    assert await read(someone) == data
    await someone.answer_all(3)
    found = await score(someone)
    assert (found["total"], found["max"], found["severity"], found["cut_off"]) == (27, 27, None, None)
    assert (found["instrument"], found["modified"]) == ("phq-9-modified", True)


async def test_two_wordings_of_a_category_count_as_their_mean(house: House) -> None:
    wordings = [{"text": {"en": text}} for text in ("Are you sad?", "Are you blue?")]
    names = (
        "ANHEDONIA",
        "DEPRESSED_MOOD",
        "SLEEP_DISTURBANCE",
        "FATIGUE",
        "APPETITE_CHANGES",
        "WORTHLESSNESS",
        "CONCENTRATION",
        "PSYCHOMOTOR",
        "SUICIDAL_IDEATION",
    )
    own = {
        "categories": [{"category": name, "wordings": wordings} for name in names],
        "questions_per_category": 2,
        "ask_difficulty": False,
    }
    someone = await arrived(house, questionnaire=own | SHOWN)
    questions = await someone.questions()
    assert len(questions) == 18
    assert sum(one["risk"] for one in questions) == 2
    for place, one in enumerate(questions):
        kept(await someone.save(one["id"], 3 if place % 2 else 0))
    found = await score(someone)
    assert (found["total"], found["min"], found["max"]) == (13.5, 0, 27)
    assert (await someone.refresh())["phq"]["total"] == 18
