"""Starting a session: when one may, and what is fixed from then on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest

from tests.ground.house import PHQ_ALONE, House, opened
from tests.ground.participant import Data, Participant, kept, refused
from tests.ground.postgres import Database

pytestmark = pytest.mark.asyncio(loop_scope="module")


def details(body: Data) -> list[tuple[str, str]]:
    return [(one["field"], one["problem"]) for one in body["details"]]


async def waiting(house: House, count: int) -> None:
    """Wait until so many calls wait for a lock."""
    for _ in range(1000):
        found = await house.rows("SELECT mode FROM pg_locks WHERE NOT granted")
        if len(found) >= count:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(found)


@asynccontextmanager
async def held(house: House, someone: Participant) -> AsyncIterator[None]:
    """Keep verbs from someone's session, whose time runs out meanwhile."""
    session = UUID(someone.session["id"])
    holder = await house.database.connect(owner=True)
    try:
        async with holder.transaction():
            await holder.execute(
                "UPDATE sessions SET expires_at = clock_timestamp() + interval '2 s' WHERE id = $1", session
            )
        async with holder.transaction():
            await holder.execute("SELECT 1 FROM sessions WHERE id = $1 FOR SHARE", session)
            yield
    finally:
        await holder.close()


async def its_time_is_over(house: House, someone: Participant) -> None:
    until = "SELECT pg_sleep_until(expires_at) FROM sessions WHERE id = $1"
    await house.rows(until, UUID(someone.session["id"]))


async def test_a_new_session_as_it_is_told(house: House) -> None:
    someone = await house.come(await house.study(slug="start", title="A study"))
    session = kept(await someone.client.post("/api/sessions", json={}), 201)["session"]
    for name in ("id", "previous_id", "page_id", "created_at", "expires_at", "presentation", "help"):
        assert name in session
    assert UUID(session["id"]).version == 7
    assert UUID(session["phq"].pop("assessment_id")).version == 7
    assert UUID(session["chat"].pop("assessment_id")).version == 7
    study = session["study"]
    assert study == {"id": study["id"], "slug": "start", "title": "A study", "version": 1, "demo": True}
    assert {name: session[name] for name in ("visit", "attempt", "previous_id", "page_id")} == {
        "visit": 1,
        "attempt": 1,
        "previous_id": None,
        "page_id": None,
    }
    assert (session["state"], session["next_step"], session["progress"]) == ("CREATED", "consent", 0)
    assert sorted(session["order"]) == ["chat", "phq"]
    assert (session["language"], session["languages"]) == ("en", ["en"])
    assert set(session["presentation"]) == {"phq_layout", "welcome", "instructions", "cooldown", "thanks"}
    assert set(session["help"]) == {"version", "text", "hotlines"}
    assert set(session["help"]["hotlines"][0]) == {"name", "phone", "url", "hours"}
    assert set(session["consent"]) == {
        "version",
        "title",
        "content",
        "footer",
        "scopes",
        "accepted",
        "agreed",
    }
    assert (session["consent"]["accepted"], session["consent"]["agreed"]) == (None, [])
    assert session["consent"]["scopes"][2] == {"name": "camera", "required": False}
    assert session["camera_check"] == {"mode": "optional", "ok": None}
    assert session["phq"] == {
        "answered": 0,
        "total": 9,
        "started_at": None,
        "completed_at": None,
        "end_reason": None,
    }
    assert session["chat"] == {
        "turns": 0,
        "ended": False,
        "end_reason": None,
        "started_at": None,
        "completed_at": None,
    }
    assert session["captures"] == {"expected": 0, "received": 0, "missing": [], "missing_count": 0}
    assert session["completed_at"] is None
    assert kept(await someone.client.get("/api/sessions"))["sessions"][0]["id"] == session["id"]
    assert (
        kept(await someone.client.get(f"/api/sessions/{session['id'].upper()}"))["session"]["id"]
        == session["id"]
    )


async def test_a_repeat_of_the_key_gives_the_same_session(house: House) -> None:
    someone = await house.come(await house.study(slug="start"))
    key = str(uuid4())
    replies = await asyncio.gather(
        *(someone.client.post("/api/sessions", json={"id": key}) for _ in range(8))
    )
    assert sorted(reply.status_code for reply in replies) == [200] * 7 + [201]
    assert len({reply.json()["data"]["session"]["id"] for reply in replies}) == 1
    someone.session = replies[0].json()["data"]["session"]
    assert someone.session["id"] != key
    await someone.post("abandon")
    again = kept(await someone.client.post("/api/sessions", json={"id": key}))["session"]
    assert (again["id"], again["state"]) == (someone.session["id"], "ABANDONED")


async def test_the_same_key_of_somebody_else_is_another_session(house: House) -> None:
    study, key = await house.study(slug="start"), str(uuid4())
    one, other = await house.come(study), await house.come(study)
    first = kept(await one.client.post("/api/sessions", json={"id": key}), 201)["session"]["id"]
    assert kept(await other.client.post("/api/sessions", json={"id": key}), 201)["session"]["id"] != first


async def test_of_many_starts_at_once_one_session_is_opened_and_the_others_are_told_which(
    house: House,
) -> None:
    someone = await house.come(await house.study(slug="start"))
    replies = await asyncio.gather(
        *(someone.client.post("/api/sessions", json={"id": str(uuid4())}) for _ in range(6))
    )
    made = [reply for reply in replies if reply.status_code == 201]
    assert len(made) == 1
    session_id = made[0].json()["data"]["session"]["id"]
    for reply in replies:
        if reply is not made[0]:
            assert details(refused(reply, 409, "session_open")) == [("session_id", session_id)]


@pytest.mark.parametrize("part", ["questionnaire", "chat", "camera", "consent", "presentation", "help"])
async def test_a_study_without_a_setting_cannot_start_and_names_it(house: House, part: str) -> None:
    someone = await house.come(await house.study(slug=f"lacks-{part}", **{part: None}))
    body = refused(await someone.client.post("/api/sessions", json={}), 409, "study_incomplete")
    assert (part, "missing") in details(body)


async def test_every_missing_setting_is_named_and_loading_them_lets_sessions_start(house: House) -> None:
    study = await house.study(slug="lacks-two", chat=None, consent=None)
    someone = await house.come(study)
    body = refused(await someone.client.post("/api/sessions", json={}), 409, "study_incomplete")
    assert details(body) == [("chat", "missing"), ("consent", "missing")]
    await house.study(slug="lacks-two")
    await someone.start()


async def test_a_real_study_with_placeholders_for_help_cannot_start(house: House) -> None:
    """D11: no crisis text anywhere; here no real study starts without one that somebody approved."""
    someone = await house.come(await house.study(slug="real", demo=False))
    body = refused(await someone.client.post("/api/sessions", json={}), 409, "study_incomplete")
    assert {name for name, _ in details(body)} == {"help.hotlines", "help.approved_by", "contacts"}


async def test_a_model_outside_needs_a_scope_of_its_own(
    module_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with opened(module_database, tmp_path_factory.mktemp("external"), llm_external=True) as outside:
        someone = await outside.come(await outside.study(slug="outside"))
        body = refused(await someone.client.post("/api/sessions", json={}), 409, "study_incomplete")
        assert details(body) == [("consent.scopes.external_model", "missing")]
        names = ("questionnaire", "chat", "camera", "external_model")
        scopes = [{"name": name, "required": name != "camera"} for name in names]
        await outside.study(slug="outside", consent={"scopes": scopes})
        await someone.start()


async def test_at_most_so_many_sessions_a_visit(house: House) -> None:
    someone = await house.come(await house.study(slug="few", presentation={"sessions_a_visit": 3}))
    for attempt in (1, 2, 3):
        session = await someone.start()
        assert (session["visit"], session["attempt"]) == (1, attempt)
        await someone.post("abandon")
    refused(await someone.client.post("/api/sessions", json={}), 409, "session_limit")
    assert [one["attempt"] for one in kept(await someone.client.get("/api/sessions"))["sessions"]] == [
        1,
        2,
        3,
    ]


async def test_visits_count_completed_sessions_alone_and_come_in_time(house: House) -> None:
    presentation = {"order": "phq_first", "visits": 2, "days_between_visits": 14, "sessions_a_visit": 2}
    someone = await house.come(await house.study(slug="visits", **PHQ_ALONE | {"presentation": presentation}))
    await someone.start()
    await someone.post("abandon")
    assert (await someone.start())["visit"] == 1
    await someone.agree(["questionnaire"])
    await someone.answer_all()
    await someone.post("complete")
    body = refused(await someone.client.post("/api/sessions", json={}), 409, "visit_not_due")
    [(field, due)] = details(body)
    assert field == "due_at"
    assert due > someone.session["completed_at"]
    await house.rows(
        "UPDATE sessions SET ended_at = ended_at - interval '14 days' WHERE id = $1",
        UUID(someone.session["id"]),
    )
    session = await someone.start()
    assert (session["visit"], session["attempt"]) == (2, 1)
    await someone.agree(["questionnaire"])
    await someone.answer_all()
    await someone.post("complete")
    refused(await someone.client.post("/api/sessions", json={}), 409, "session_limit")


async def test_a_study_that_has_not_opened_or_is_over(house: House) -> None:
    early = await house.come(await house.study(slug="early", opens_at="2120-01-01T00:00:00Z"))
    refused(await early.client.post("/api/sessions", json={}), 409, "visit_not_due")
    study = await house.study(slug="over")
    late = await house.come(study)
    await house.rows("UPDATE studies SET closes_at = now() WHERE id = $1", study)
    refused(await late.client.post("/api/sessions", json={}), 409, "session_limit")


async def test_of_several_studies_one_must_be_named(house: House) -> None:
    one, other = await house.study(slug="one-of-two"), await house.study(slug="two-of-two")
    someone = await house.come(one)
    account = kept(await someone.client.get("/api/auth/me"))["user"]["id"]
    await house.rows(
        "INSERT INTO enrolments (study_id, account_id, code) VALUES ($1, $2, 'P-X')", other, UUID(account)
    )
    assert details(refused(await someone.client.post("/api/sessions", json={}), 422, "invalid")) == [
        ("study", "missing")
    ]
    for wanted in ("one-of-two", str(other)):
        session = kept(await someone.client.post("/api/sessions", json={"study": wanted}), 201)["session"]
        assert wanted in (session["study"]["slug"], session["study"]["id"])
    await house.study(slug="not-mine")
    refused(await someone.client.post("/api/sessions", json={"study": "not-mine"}), 404, "not_found")


async def test_a_language_the_study_does_not_speak(house: House) -> None:
    someone = await house.come(await house.study(slug="start"))
    assert details(
        refused(await someone.client.post("/api/sessions", json={"language": "xx"}), 422, "invalid")
    )
    kept(await someone.client.post("/api/sessions", json={"language": "en"}), 201)


async def test_settings_are_pinned_and_help_is_live(house: House) -> None:
    """D13: the predecessor's settings were edited in place, under sessions that had used them."""
    first = {"text": {"en": "The first help."}, "reply": {"en": "r"}, "short_reply": {"en": "s"}}
    someone = await house.come(
        await house.study(slug="pinned", presentation={"order": "phq_first"}, help=first)
    )
    await someone.arrive()
    before, asked = someone.session, await someone.questions()
    await house.study(
        slug="pinned",
        presentation={"order": "chat_first", "welcome": {"en": "Another welcome."}, "hours_to_finish": 1},
        consent={"title": {"en": "Another consent"}},
        questionnaire={"instrument": "gad-7"},
        help=first | {"text": {"en": "The second help."}},
    )
    after = await someone.refresh()
    assert after["help"]["text"] == "The second help."
    assert after["help"]["version"] == before["help"]["version"] + 1
    assert after | {"help": None} == before | {"help": None}
    assert await someone.questions() == asked
    other = await house.come(await house.study(slug="pinned", presentation={"order": "chat_first"}))
    assert (await other.start())["study"]["version"] > before["study"]["version"]


async def test_staff_start_no_session(house: House) -> None:
    study = await house.study(slug="start")
    for role in ("researcher", "admin"):
        staff = await house.staff(role, study)
        refused(await staff.post("/api/sessions", json={}), 404, "not_found")
        refused(await staff.get("/api/sessions"), 404, "not_found")


async def test_the_order_swaps_at_each_visit_where_the_study_says_so(house: House) -> None:
    for swaps in (False, True):
        presentation = {"visits": 3, "swap_order_each_visit": swaps, "order": "balanced"}
        someone = await house.come(await house.study(slug=f"swap-{swaps}".lower(), presentation=presentation))
        orders = []
        for _ in range(3):
            session = await someone.start()
            orders.append(session["order"][0])
            await house.rows(
                "UPDATE sessions SET end_state = 'COMPLETED', end_reason = 'completed', ended_at = now() WHERE id = $1",
                UUID(session["id"]),
            )
        assert (orders[0] != orders[1]) is swaps
        assert orders[0] == orders[2]


@pytest.mark.parametrize(
    ("verb", "body", "end"),
    [
        ("withdraw", {"scopes": "all"}, ("ABANDONED", "withdrawn")),
        ("abandon", {}, ("ABANDONED", "participant")),
        ("complete", {}, ("COMPLETED", "completed")),
    ],
)
async def test_a_new_session_never_overwrites_how_the_last_one_ended(
    house: House, verb: str, body: Data, end: tuple[str, str]
) -> None:
    """A verb that began in time may still be under way when the time is over and the next session starts."""
    someone = await house.come(await house.study(slug="overtaken", **PHQ_ALONE))
    await someone.start()
    await someone.agree(["questionnaire"])
    question = (await someone.questions())[0]["id"]
    await someone.answer_all()
    old = Participant(someone.client, someone.session)
    async with held(house, old):
        ending = asyncio.create_task(old.client.post(f"{old.path}/{verb}", json=body))
        await waiting(house, 1)
        await its_time_is_over(house, old)
        starting = asyncio.create_task(someone.client.post("/api/sessions", json={}))
        await waiting(house, 2)
    session = kept(await ending)["session"]
    assert (session["state"], session["end_reason"]) == end
    new = kept(await starting, 201)["session"]
    assert (new["visit"], new["attempt"]) == ((2, 1) if verb == "complete" else (1, 2))
    assert await old.refresh() == session
    assert kept(await old.client.post(f"{old.path}/{verb}", json=body))["session"] == session
    refused(await old.save(question, 2, 2, session_ms=1), 409, "completed")
    events = await house.rows(
        "SELECT event FROM session_events WHERE session_id = $1 AND event IN"
        " ('completed', 'abandoned', 'incomplete')",
        UUID(session["id"]),
    )
    assert [row["event"] for row in events] == [end[0].lower()]


async def test_what_was_taken_back_whole_takes_nothing_late_whatever_its_end(house: House) -> None:
    someone = await house.come(await house.study(slug="start", presentation={"order": "phq_first"}))
    await someone.arrive()
    question = (await someone.questions())[0]["id"]
    await house.expire(someone.session, "0 seconds")
    kept(await someone.save(question, 2, session_ms=1))
    await house.rows(
        "UPDATE sessions SET withdrawn_scopes = '{all}' WHERE id = $1", UUID(someone.session["id"])
    )
    refused(await someone.save(question, 1, 2, session_ms=1), 409, "session_ended")
    kept(await someone.save(question, 2, session_ms=1))
