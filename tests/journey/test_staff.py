"""What staff see and do, and of which studies."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.ground.house import PHQ_ALONE, House
from tests.ground.participant import Data, Participant, kept, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def study_of(house: House, **changes: Any) -> UUID:
    return await house.study(
        **{"slug": f"staff-{uuid4().hex[:8]}", "presentation": {"order": "phq_first"}} | changes
    )


async def arrived(house: House, study: UUID) -> Participant:
    someone = await house.come(study)
    await someone.arrive()
    return someone


async def at_risk(house: House, study: UUID, value: int = 2) -> Participant:
    someone = await arrived(house, study)
    risky = next(one["id"] for one in await someone.questions() if one["risk"])
    kept(await someone.save(risky, value, session_ms=777))
    return someone


async def sessions(staff: httpx.AsyncClient, **query: Any) -> Data:
    return kept(await staff.get("/api/admin/sessions", params=query))


async def test_a_researcher_sees_their_own_studies_and_an_admin_all(house: House) -> None:
    one, other = await study_of(house), await study_of(house)
    mine, theirs = await at_risk(house, one), await at_risk(house, other)
    researcher, admin = await house.staff("researcher", one), await house.staff("admin")
    nobodys = await house.staff("researcher")
    assert [row["id"] for row in (await sessions(researcher))["sessions"]] == [mine.session["id"]]
    assert {mine.session["id"], theirs.session["id"]} <= {
        row["id"] for row in (await sessions(admin))["sessions"]
    }
    assert await sessions(nobodys) == {"sessions": [], "next_cursor": None}
    alerts = kept(await researcher.get("/api/admin/alerts"))["alerts"]
    assert [alert["session_id"] for alert in alerts] == [mine.session["id"]]
    foreign = theirs.session["id"]
    [alert] = await house.rows("SELECT id FROM alerts WHERE session_id = $1", UUID(foreign))
    for client in (researcher, nobodys):
        refused(await client.get(f"/api/admin/sessions/{foreign}"), 404, "not_found")
        refused(await client.get(f"/api/admin/sessions/{foreign}/captures/{uuid4()}/file"), 404, "not_found")
        refused(
            await client.post(f"/api/admin/sessions/{foreign}/fail", json={"reason": "x"}), 404, "not_found"
        )
        acknowledged = {"outcome": "called", "note": ""}
        refused(
            await client.post(f"/api/admin/alerts/{alert['id']}/acknowledge", json=acknowledged),
            404,
            "not_found",
        )
        assert (await sessions(client, study=str(other)))["sessions"] == []
    assert (await theirs.refresh())["state"] == "PHQ_IN_PROGRESS"
    for path in (
        f"/api/admin/sessions/{uuid4()}",
        "/api/admin/sessions/none",
        f"/api/admin/sessions/{foreign}/captures/none/file",
    ):
        refused(await admin.get(path), 404, "not_found")
    me = kept(await researcher.get("/api/auth/me"))
    assert (me["user"]["role"], [row["id"] for row in me["studies"]]) == ("researcher", [str(one)])


async def test_a_row_of_the_list(house: House) -> None:
    study = await study_of(house, **PHQ_ALONE)
    researcher, someone = await house.staff("researcher", study), await house.come(study)
    await someone.start()
    await someone.agree(["questionnaire"])
    await someone.answer_all(1)
    [row] = (await sessions(researcher))["sessions"]
    assert set(row) == {
        "id",
        "participant",
        "study",
        "state",
        "progress",
        "created_at",
        "completed_at",
        "alerts",
        "missing",
    }
    assert row["missing"] == {"answers": 0, "captures": 0}
    assert (row["id"], row["state"], row["progress"], row["completed_at"]) == (
        someone.session["id"],
        "PHQ_IN_PROGRESS",
        100,
        None,
    )
    assert row["alerts"] == 1
    assert row["participant"].startswith("P-")
    await someone.post("complete")
    [row] = (await sessions(researcher))["sessions"]
    assert (row["state"], row["completed_at"]) == ("COMPLETED", someone.session["completed_at"])


async def test_the_list_counts_what_is_missing(house: House) -> None:
    study = await study_of(house)
    researcher, someone = await house.staff("researcher", study), await arrived(house, study)
    [first, *_] = await someone.questions()
    kept(await someone.save(first["id"], 1))
    announced = {
        "capture_id": str(uuid4()),
        "trigger": "MANUAL",
        "client_time": someone.session["created_at"],
        "session_ms": 1,
    }
    await someone.post("captures/expected", captures=[announced])
    assert await _missing(researcher) == {"answers": 8, "captures": 1}
    await someone.post("withdraw", scopes=["questionnaire"])
    assert await _missing(researcher) == {"answers": 0, "captures": 1}


async def _missing(staff: httpx.AsyncClient) -> Data:
    [row] = (await sessions(staff))["sessions"]
    missing: Data = row["missing"]
    return missing


async def test_the_list_is_filtered(house: House) -> None:
    study = await study_of(house)
    researcher = await house.staff("researcher", study)
    given_up, expired, going = [await arrived(house, study) for _ in range(3)]
    await given_up.post("abandon")
    await house.expire(expired.session)
    for state, someone in (("ABANDONED", given_up), ("INCOMPLETE", expired), ("OPEN", going)):
        [row] = (await sessions(researcher, state=state))["sessions"]
        assert row["id"] == someone.session["id"]
        found = await sessions(researcher, participant=row["participant"])
        assert [one["id"] for one in found["sessions"]] == [row["id"]]
    slug = (await sessions(researcher))["sessions"][0]["study"]
    assert len((await sessions(researcher, study=slug))["sessions"]) == 3
    assert len((await sessions(researcher, study=str(study)))["sessions"]) == 3
    assert (await sessions(researcher, study="no-such-study"))["sessions"] == []
    assert (await sessions(researcher, state="COMPLETED"))["sessions"] == []


async def test_the_list_is_filtered_by_each_state_as_a_session_tells_it(house: House) -> None:
    study = await study_of(house, chat={"min_turns": 0})
    researcher = await house.staff("researcher", study)
    created, agreed, checked, asked, talking = [await house.come(study) for _ in range(5)]
    for someone in (created, agreed, checked, asked, talking):
        await someone.start()
    for someone in (agreed, checked, asked, talking):
        await someone.agree()
    for someone in (checked, asked, talking):
        await someone.post("camera-check", ok=True)
    for someone in (asked, talking):
        kept(await someone.save((await someone.questions())[0]["id"], 1))
    await talking.answer_all()
    await talking.greet()
    seen = {row["id"]: row["state"] for row in (await sessions(researcher))["sessions"]}
    for state, someone in (
        ("CREATED", created),
        ("CONSENT", agreed),
        ("CAMERA_CHECK", checked),
        ("PHQ_IN_PROGRESS", asked),
        ("LLM_IN_PROGRESS", talking),
    ):
        assert seen[someone.session["id"]] == (await someone.refresh())["state"] == state
        found = (await sessions(researcher, state=state))["sessions"]
        assert [(row["id"], row["state"]) for row in found] == [(someone.session["id"], state)]
    assert len((await sessions(researcher, state="OPEN"))["sessions"]) == 5
    with house.statements() as sent:
        await sessions(researcher)
    assert len(sent) <= 8, "as many statements for a page as for a row"


async def test_lists_come_in_pages(house: House) -> None:
    study = await study_of(house)
    researcher = await house.staff("researcher", study)
    people = [await at_risk(house, study) for _ in range(5)]
    ids = [someone.session["id"] for someone in people][::-1]
    for path, name, key in (("sessions", "sessions", "id"), ("alerts", "alerts", "session_id")):
        found, cursor, pages = [], None, 0
        while pages == 0 or cursor is not None:
            query = {"limit": 2} | ({} if cursor is None else {"cursor": cursor})
            data = kept(await researcher.get(f"/api/admin/{path}", params=query))
            assert len(data[name]) <= 2
            found += [row[key] for row in data[name]]
            cursor, pages = data["next_cursor"], pages + 1
        assert (found, pages) == (ids, 3)
        whole = kept(await researcher.get(f"/api/admin/{path}", params={"limit": 5}))
        assert whole["next_cursor"] is None
        for query in (
            {"limit": 0},
            {"limit": 201},
            {"limit": "x"},
            {"limit": "-1"},
            {"cursor": "x"},
            {"state": "x"},
        ):
            refused(await researcher.get(f"/api/admin/{path}", params=query), 422, "invalid")


async def test_a_session_whole(house: House) -> None:
    study = await study_of(house)
    researcher, someone = await house.staff("researcher", study), await arrived(house, study)
    questions = await someone.questions()
    kept(await someone.save(questions[0]["id"], 1, 1, session_ms=500))
    kept(await someone.save(questions[0]["id"], 3, 3))
    kept(await someone.save(questions[0]["id"], 2, 2, session_ms=10**9))
    kept(await someone.save(questions[8]["id"], 1, 1, session_ms=600))
    await someone.post("phq/start")
    data = kept(await researcher.get(f"/api/admin/sessions/{someone.session['id']}"))
    assert set(data) == {
        "session",
        "participant",
        "answers",
        "score",
        "turns",
        "captures",
        "alerts",
        "events",
    }
    assert data["session"] == await someone.refresh()
    first, risky = data["answers"]
    assert {
        "question_id",
        "category",
        "value",
        "version",
        "session_ms",
        "received_at",
        "late",
        "clock_suspect",
        "revisions",
    } <= set(first)
    assert (first["question_id"], first["category"]) == (questions[0]["id"], "ANHEDONIA")
    assert (first["value"], first["version"], first["late"], first["clock_suspect"]) == (3, 3, False, False)
    revisions = [
        (one["value"], one["version"], one["applied"], one["clock_suspect"]) for one in first["revisions"]
    ]
    assert revisions == [(1, 1, True, False), (3, 3, True, False), (2, 2, False, True)]
    assert all(one["received_at"] for one in first["revisions"])
    assert (risky["category"], risky["session_ms"]) == ("SUICIDAL_IDEATION", 600)
    assert (data["score"]["total"], data["score"]["answered"]) == (None, 2)
    assert (data["turns"], data["captures"]) == ([], [])
    assert [alert["value"] for alert in data["alerts"]] == [1]
    assert [event["event"] for event in data["events"]] == ["created", "consent", "camera_check"]


async def test_an_alert_is_acknowledged_once_and_told_as_it_is_afterwards(house: House) -> None:
    """D11: somebody is told, and says what was done."""
    study = await study_of(house)
    researcher, someone = await house.staff("researcher", study), await at_risk(house, study)
    [alert] = kept(await researcher.get("/api/admin/alerts", params={"state": "open"}))["alerts"]
    assert {
        "id",
        "session_id",
        "source",
        "state",
        "value",
        "session_ms",
        "received_at",
        "opened_at",
        "acknowledged_at",
        "outcome",
    } <= set(alert)
    assert (alert["source"], alert["state"], alert["value"], alert["session_ms"]) == ("phq", "open", 2, 777)
    assert (alert["acknowledged_at"], alert["outcome"]) == (None, None)
    path = f"/api/admin/alerts/{alert['id']}/acknowledge"
    for body in (
        {},
        {"outcome": ""},
        {"outcome": 5},
        {"outcome": "x", "note": ["y"]},
        {"outcome": "x" * 2001},
    ):
        refused(await researcher.post(path, json=body), 422, "invalid")
    said = {"outcome": "called", "note": "all is well"}
    replies = await asyncio.gather(*(researcher.post(path, json=said) for _ in range(4)))
    done = kept(replies[0])["alert"]
    assert (done["state"], done["outcome"]) == ("acknowledged", "called")
    assert done["acknowledged_at"]
    assert all(kept(reply)["alert"] == done for reply in replies)
    assert kept(await researcher.post(path, json={"outcome": "other"}))["alert"] == done
    assert kept(await researcher.post(path))["alert"] == done
    assert kept(await researcher.get("/api/admin/alerts", params={"state": "open"}))["alerts"] == []
    assert (
        len(kept(await researcher.get("/api/admin/alerts", params={"state": "acknowledged"}))["alerts"]) == 1
    )
    risky = next(one["id"] for one in await someone.questions() if one["risk"])
    kept(await someone.save(risky, 1, 2))
    [fresh] = kept(await researcher.get("/api/admin/alerts", params={"state": "open"}))["alerts"]
    assert (fresh["id"] != alert["id"], fresh["value"]) == (True, 1)


async def test_staff_never_act_through_the_calls_of_participants(house: House) -> None:
    study = await study_of(house)
    someone = await arrived(house, study)
    question = (await someone.questions())[0]["id"]
    for role in ("researcher", "admin"):
        staff = await house.staff(role, study)
        refused(
            await staff.put(f"{someone.path}/phq/responses/{question}", json={"value": 1, "version": 1}),
            404,
            "not_found",
        )
        for verb in ("abandon", "phq/start", "complete"):
            refused(await staff.post(f"{someone.path}/{verb}", json={}), 404, "not_found")
        for path in ("", "/phq", "/chat", "/captures"):
            refused(await staff.get(someone.path + path), 404, "not_found")
    assert await house.rows("SELECT 1 FROM response_revisions WHERE question_id = $1", UUID(question)) == []
