"""An answer that may mean danger: help, an alert, and what it does to the interview."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from tests.ground.house import House
from tests.ground.participant import Data, kept, refused
from tests.phq.arriving import arrived

pytestmark = pytest.mark.asyncio(loop_scope="module")


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


@pytest.mark.parametrize(("told", "stored"), [(1, 1), (2, 2), (None, 2), (77, 2)])
async def test_an_alert_keeps_the_help_that_the_page_showed(
    house: House, told: int | None, stored: int
) -> None:
    def help_of(text: str) -> Data:
        return {"text": {"en": text}, "reply": {"en": "r"}, "short_reply": {"en": "s"}}

    slug = f"phq-{uuid4().hex[:8]}"
    someone = await arrived(house, slug=slug, help=help_of("help 1"))
    risky = next(one["id"] for one in await someone.questions() if one["risk"])
    await house.study(slug=slug, presentation={"order": "phq_first"}, help=help_of("help 2"))
    assert kept(await someone.save(risky, 1, help_shown=told))["help"]["text"] == "help 2"
    [row] = await house.rows(
        "SELECT help_version, help_shown->>'text' AS text FROM alerts WHERE session_id = $1",
        UUID(someone.session["id"]),
    )
    assert row == {"help_version": stored, "text": f"help {stored}"}


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
