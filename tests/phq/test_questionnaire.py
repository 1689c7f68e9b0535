"""The questionnaire around its answers: read, started, handed in, scored."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.ground.house import House
from tests.ground.participant import Data, Participant, kept, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
SHOWN = {"show_score": True, "show_severity": True}


async def arrived(house: House, **changes: Any) -> Participant:
    changes = {"slug": f"phq-{uuid4().hex[:8]}", "presentation": {"order": "phq_first"}} | changes
    someone = await house.come(await house.study(**changes))
    await someone.arrive()
    return someone


async def read(someone: Participant) -> Data:
    return kept(await someone.client.get(f"{someone.path}/phq"))


async def score(someone: Participant) -> Data:
    found: Data = kept(await someone.client.get(f"{someone.path}/phq/score"))["score"]
    return found


async def test_the_questionnaire_as_it_is_read(house: House) -> None:
    someone = await arrived(house)
    data = await read(someone)
    assert set(data) == {
        "assessment_id",
        "instrument",
        "instructions",
        "scale",
        "questions",
        "responses",
        "completed_at",
    }
    assert data["assessment_id"] == someone.session["phq"]["assessment_id"]
    assert set(data["instrument"]) == {"code", "title", "language", "provenance", "modified", "source"}
    named = {name: data["instrument"][name] for name in ("code", "language", "provenance", "modified")}
    assert named == {"code": "phq-9", "language": "en", "provenance": "official", "modified": False}
    assert "Over the last 2 weeks" in data["instructions"]
    assert (data["scale"]["min"], data["scale"]["max"]) == (0, 3)
    assert [label["value"] for label in data["scale"]["labels"]] == [0, 1, 2, 3]
    assert data["scale"]["labels"][0]["text"] == "Not at all"
    questions = data["questions"]
    assert [one["position"] for one in questions] == list(range(1, 11))
    for one in questions:
        assert set(one) - {"scale"} == {
            "id",
            "position",
            "text",
            "category",
            "scored",
            "required",
            "risk",
            "show_if",
        }
        assert UUID(one["id"]).version == 7
    assert [one["risk"] for one in questions] == [False] * 8 + [True, False]
    assert questions[8]["category"] == "SUICIDAL_IDEATION"
    assert all(
        one["scored"] and one["required"] and one["show_if"] is None and "scale" not in one
        for one in questions[:9]
    )
    last = questions[9]
    assert (last["scored"], last["required"], last["show_if"]) == (False, False, "any_above_min")
    assert (last["scale"]["min"], last["scale"]["max"], len(last["scale"]["labels"])) == (0, 3, 4)
    assert data["responses"] == []
    assert data["completed_at"] is None


async def test_an_answer_as_it_is_read(house: House) -> None:
    someone = await arrived(house)
    question = (await someone.questions())[0]["id"]
    told = {
        "response_time_ms": 812,
        "client_time": "2026-01-01T10:00:00.123+07:00",
        "session_ms": 1500,
        "help_shown": 1,
    }
    saved = kept(await someone.save(question, 1, 4, **told))
    assert set(saved) == {"question_id", "value", "version", "stale", "saved_at", "answered", "total"}
    [response] = (await read(someone))["responses"]
    assert response == {
        "question_id": question,
        "value": 1,
        "version": 4,
        "response_time_ms": 812,
        "client_time": "2026-01-01T03:00:00.123Z",
        "session_ms": 1500,
        "saved_at": saved["saved_at"],
    }
    assert TIME.fullmatch(saved["saved_at"])


async def test_the_start_is_marked_once(house: House) -> None:
    someone = await arrived(house)
    replies = await asyncio.gather(*(someone.client.post(f"{someone.path}/phq/start") for _ in range(4)))
    times = {kept(reply)["started_at"] for reply in replies}
    assert len(times) == 1
    session = await someone.refresh()
    assert (session["phq"]["started_at"], session["state"]) == (times.pop(), "PHQ_IN_PROGRESS")
    first = session["phq"]["started_at"]
    await someone.answer_all()
    assert kept(await someone.client.post(f"{someone.path}/phq/start"))["started_at"] == first


async def test_a_start_after_the_end_of_the_part(house: House) -> None:
    someone = await arrived(house)
    await someone.answer_all()
    refused(await someone.client.post(f"{someone.path}/phq/start"), 409, "completed")


async def test_it_cannot_be_handed_in_while_required_answers_are_missing(house: House) -> None:
    someone = await arrived(house)
    questions = await someone.questions()
    for one in questions[:7]:
        kept(await someone.save(one["id"], 0))
    body = refused(await someone.client.post(f"{someone.path}/phq/complete"), 409, "incomplete")
    assert body["details"] == [{"field": one["id"], "problem": "missing"} for one in questions[7:9]]
    for one in questions[7:9]:
        kept(await someone.save(one["id"], 0))
    data = await someone.post("phq/complete")
    assert set(data) == {"completed_at"}
    assert (await read(someone))["completed_at"] == data["completed_at"]
    session = await someone.refresh()
    assert (session["phq"]["completed_at"], session["phq"]["end_reason"]) == (
        data["completed_at"],
        "completed",
    )
    assert (await someone.post("phq/complete")) == data


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


@pytest.mark.parametrize(("code", "items"), [("phq-8", 8), ("gad-7", 7)])
async def test_instruments_without_a_risk_item(house: House, code: str, items: int) -> None:
    someone = await arrived(house, questionnaire={"instrument": code})
    questions = await someone.questions()
    assert sum(one["scored"] for one in questions) == items
    assert not any(one["risk"] for one in questions)
    for one in questions:
        kept(await someone.save(one["id"], 3))
    assert await house.rows("SELECT 1 FROM alerts WHERE session_id = $1", UUID(someone.session["id"])) == []


@pytest.mark.parametrize(
    ("value", "policy", "step"), [(1, "skip", "complete"), (0, "skip", "chat"), (3, "continue", "chat")]
)
async def test_the_interview_after_a_risk_answer_is_as_the_study_says(
    house: House, value: int, policy: str, step: str
) -> None:
    someone = await arrived(house, chat={"after_risk_answer": policy})
    questions = await someone.questions()
    for one in questions[:9]:
        kept(await someone.save(one["id"], value if one["risk"] else 0))
    assert (await someone.refresh())["next_step"] == "phq"
    await someone.post("phq/complete")
    session = await someone.refresh()
    assert session["next_step"] == step
    if step != "complete":
        return
    assert (session["chat"]["end_reason"], session["progress"]) == ("skipped", 100)
    for verb, body in (("start", {"message_id": str(uuid4())}), ("complete", {})):
        refused(await someone.client.post(f"{someone.path}/chat/{verb}", json=body), 409, "wrong_step")
    refused(await someone.client.post(f"{someone.path}/restart", json={"part": "chat"}), 409, "wrong_step")
    await someone.post("restart", part="phq")
    await someone.answer_all(0)
    assert (await someone.refresh())["chat"]["end_reason"] == "skipped", "never taken back"


async def test_a_risk_value_after_the_end_is_kept_for_staff_though_no_answer_is_there(house: House) -> None:
    """D11: nothing a participant says of item 9 is passed over."""
    study = await house.study(
        slug="late-risk", presentation={"order": "phq_first"}, questionnaire={"optional_items": True}
    )
    someone = await house.come(study)
    await someone.arrive()
    risky = next(one["id"] for one in await someone.questions() if one["risk"])
    await someone.post("phq/complete")
    body = refused(await someone.save(risky, 3), 409, "completed")
    assert body["help"]["hotlines"]
    staff = await house.staff("researcher", study)
    data = kept(await staff.get(f"/api/admin{someone.path[4:]}"))
    [answer] = data["answers"]
    assert (answer["question_id"], answer["value"], answer["version"]) == (risky, None, None)
    assert [(one["value"], one["applied"]) for one in answer["revisions"]] == [(3, False)]
    assert [alert["value"] for alert in data["alerts"]] == [3]


async def test_help_comes_with_the_session_so_that_it_can_be_shown_offline(house: House) -> None:
    """D11: no crisis text anywhere."""
    someone = await arrived(house)
    risky = next(one["id"] for one in await someone.questions() if one["risk"])
    help_ = kept(await someone.save(risky, 1, help_shown=1))["help"]
    assert help_ == someone.session["help"]
    [row] = await house.rows("SELECT * FROM alerts WHERE session_id = $1", UUID(someone.session["id"]))
    assert (row["source"], row["state"], row["help_version"]) == ("phq", "open", 1)


async def test_several_answers_with_a_risk_among_them_come_back_with_help(house: House) -> None:
    someone = await arrived(house)
    answers = [
        {"question_id": one["id"], "value": 1, "version": 1} for one in (await someone.questions())[:9]
    ]
    data = kept(await someone.client.post(f"{someone.path}/phq/responses", json={"responses": answers}))
    assert data["help"]["text"]
    assert [one["question_id"] for one in data["responses"]] == [one["question_id"] for one in answers]
    again = kept(await someone.client.post(f"{someone.path}/phq/responses", json={"responses": answers}))
    assert again["responses"] == data["responses"]
    assert (
        len(await house.rows("SELECT 1 FROM alerts WHERE session_id = $1", UUID(someone.session["id"]))) == 1
    )


async def test_singles_and_bulks_of_two_pages_at_once_neither_deadlock_nor_lose_a_revision(
    house: House,
) -> None:
    someone = await arrived(house)
    questions = [one["id"] for one in (await someone.questions())[:9]]

    async def bulk(version: int) -> None:
        order = questions if version % 2 else questions[::-1]
        answers = [{"question_id": one, "value": version % 4, "version": version} for one in order]
        kept(await someone.client.post(f"{someone.path}/phq/responses", json={"responses": answers}))

    async def single(version: int) -> None:
        kept(await someone.save(questions[version % 9], version % 4, version))

    await asyncio.gather(*(bulk(n) for n in range(1, 13)), *(single(n) for n in range(13, 31)))
    rows = await house.rows(
        "SELECT count(*) FROM response_revisions WHERE session_id = $1", UUID(someone.session["id"])
    )
    assert rows[0]["count"] == 12 * 9 + 18
    stored = {one["question_id"]: one["version"] for one in (await read(someone))["responses"]}
    assert stored == {
        question: max(n for n in range(13, 31) if n % 9 == place) for place, question in enumerate(questions)
    }


async def test_answers_and_the_end_of_the_part_at_once_agree(house: House) -> None:
    someone = await arrived(house)
    questions = [one["id"] for one in (await someone.questions())[:9]]
    for one in questions:
        kept(await someone.save(one, 0))
    saves = [someone.save(one, 1, 2) for one in questions]
    replies = await asyncio.gather(
        *saves[:5], someone.client.post(f"{someone.path}/phq/complete"), *saves[5:]
    )
    done = replies.pop(5)
    kept(done)
    taken = {question for question, reply in zip(questions, replies, strict=True) if reply.status_code == 200}
    stored = {one["question_id"] for one in (await read(someone))["responses"] if one["version"] == 2}
    assert stored == taken
    for reply in replies:
        if reply.status_code != 200:
            refused(reply, 409, "completed")
