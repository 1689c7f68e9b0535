"""What was announced, what came, what is kept, and what it belongs to; against a real service."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from tests.camera.conftest import Rows, Sitter
from tests.camera.pictures import jpeg
from tests.ground.participant import Data, kept, refused

PICTURE = jpeg()
SAID: tuple[Data, Data] = ({"timing": {"read_ms": 1, "shutter_ms": 2}}, {})


async def captures_of(sitter: Sitter) -> Data:
    captures: Data = (await sitter.refresh())["captures"]
    return captures


async def test_the_ledger_says_what_is_missing(sitter: Sitter) -> None:
    """D5: skipped and lost captures were not reported."""
    ids = [str(uuid4()) for _ in range(4)]
    announced = [{"capture_id": one, "trigger": "button_click"} for one in ids]
    announced[3]["skipped"] = True  # type: ignore[assignment]
    assert kept(await sitter.announce(*announced)) == {"expected": 3, "received": 0}
    assert kept(await sitter.announce(announced[0] | {"skipped": True})) == {"expected": 3, "received": 0}
    kept(await sitter.put(PICTURE, ids[0]), 201)
    assert await captures_of(sitter) == {
        "expected": 3,
        "received": 1,
        "missing": sorted(ids[1:3]),
        "missing_count": 2,
    }


async def test_a_receipt_counts_as_received_though_nothing_was_kept(sitter: Sitter) -> None:
    capture_id = str(uuid4())
    kept(await sitter.announce({"capture_id": capture_id, "trigger": "INTERVAL"}))
    kept(await sitter.put(PICTURE, capture_id, said={"trigger": "INTERVAL"}), 200)
    assert await captures_of(sitter) == {"expected": 1, "received": 1, "missing": [], "missing_count": 0}


async def test_a_refused_picture_stays_missing_and_may_come_again(sitter: Sitter) -> None:
    capture_id = str(uuid4())
    kept(await sitter.announce({"capture_id": capture_id}))
    refused(await sitter.put(PICTURE[:-1], capture_id), 422, "bad_image")
    assert (await captures_of(sitter))["missing"] == [capture_id]
    kept(await sitter.put(PICTURE, capture_id), 201)
    assert (await captures_of(sitter))["missing"] == []


async def test_a_bad_file_of_a_form_may_come_again(sitter: Sitter) -> None:
    said = [{"capture_id": str(uuid4())} for _ in range(2)]
    first = kept(await sitter.post_form(PICTURE, PICTURE[:-1], said=said))["captures"]
    assert [one["kept"] for one in first] == [True, False]
    assert kept(await sitter.put(PICTURE, said[1]["capture_id"]), 201)["capture"]["kept"]
    assert len(await sitter.listed()) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        [{"trigger": "MANUAL"}],
        [{"capture_id": "x", "trigger": "MANUAL"}],
        [{"capture_id": str(uuid4()), "trigger": "BLINK"}],
        [{"capture_id": str(uuid4())}],
        [{"capture_id": str(uuid4()), "trigger": "MANUAL", "session_ms": "soon"}],
        [{"capture_id": str(uuid4()), "trigger": "MANUAL"}] * 101,
    ],
)
async def test_an_announcement_that_is_none_is_refused_whole(sitter: Sitter, wrong: list[Data]) -> None:
    good = {"capture_id": str(uuid4()), "trigger": "MANUAL"}
    body = {"captures": [good, *wrong] if wrong and len(wrong) < 100 else wrong}
    refused(await sitter.client.post(f"{sitter.path}/captures/expected", json=body), 422, "invalid")
    assert (await captures_of(sitter))["expected"] == 0


async def test_the_list_of_what_is_kept_can_be_read_page_by_page(sitter: Sitter) -> None:
    kept(await sitter.post_form(*[PICTURE] * 5))
    kept(await sitter.put(PICTURE, said={"trigger": "INTERVAL"}), 200)
    whole = await sitter.listed()
    assert len(whole) == 5
    assert all(one["kept"] and one["assessment_id"] is None for one in whole)
    read: list[Data] = []
    cursor = None
    while True:
        query = {"limit": "2"} | ({} if cursor is None else {"cursor": cursor})
        page = kept(await sitter.client.get(f"{sitter.path}/captures", params=query))
        read += page["captures"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert read == whole
    for wrong in ({"limit": "x"}, {"cursor": "x"}):
        refused(await sitter.client.get(f"{sitter.path}/captures", params=wrong), 400, "bad_request")


async def link(sitter: Sitter, kind: str) -> Data:
    part = sitter.session["phq" if kind == "PHQ" else "chat"]["assessment_id"]
    body = {"assessment_id": part, "assessment_type": kind}
    return kept(await sitter.client.post(f"{sitter.path}/captures/link", json=body))


async def test_captures_are_linked_by_what_they_name_and_else_by_their_time(
    sitter: Sitter, rows: Rows
) -> None:
    """D5: the predecessor linked captures to the wrong assessment."""
    early = kept(await sitter.put(PICTURE, said={"session_ms": 0}), 201)["capture"]["id"]
    await rows.change_session(sitter.session["id"], "created_at = created_at - interval '1 hour'")
    await sitter.post("phq/start")
    question = (await sitter.questions())[0]["id"]
    named = kept(await sitter.put(PICTURE, said={"question_id": question, "session_ms": 0}), 201)["capture"][
        "id"
    ]
    by_clock = kept(await sitter.put(PICTURE, said={"session_ms": 3_700_000}), 201)["capture"]["id"]
    by_arrival = kept(await sitter.put(PICTURE), 201)["capture"]["id"]
    lost = kept(await sitter.put(PICTURE, said={"question_id": str(uuid4())}), 201)["capture"]["id"]
    linked = await link(sitter, "PHQ")
    assert {one["id"] for one in linked["captures"]} == {named, by_clock, by_arrival, lost}
    assert linked["linked"] == 4
    await link(sitter, "LLM")
    assert {one["id"] for one in await sitter.listed() if one["assessment_id"] is None} == {early}
    assert {one["capture_type"] for one in linked["captures"] if one["id"] == named} == {"PHQ"}
    assert await link(sitter, "PHQ") == linked


async def test_a_capture_that_came_before_its_message_is_linked_to_the_interview(
    sitter: Sitter, rows: Rows
) -> None:
    message_id = str(uuid4())
    said = {"trigger": "MESSAGE_SEND", "llm_conversation_id": message_id}
    early = kept(await sitter.put(PICTURE, said=said), 201)["capture"]
    assert early["capture_type"] == "GENERAL"
    await rows.insert_turn(sitter.session["id"], sitter.session["chat"]["assessment_id"], message_id)
    assert kept(await sitter.put(PICTURE, said=said), 201)["capture"]["capture_type"] == "LLM"
    assert (await link(sitter, "PHQ"))["linked"] == 0
    linked = await link(sitter, "LLM")
    assert [one["capture_type"] for one in linked["captures"]] == ["LLM", "LLM"]


async def test_handing_in_again_links_what_came_since(sitter: Sitter) -> None:
    question = (await sitter.questions())[0]["id"]
    await sitter.answer_all()
    kept(await sitter.put(PICTURE, said={"question_id": question}), 201)
    first = await sitter.post("phq/complete")
    assert [one["assessment_id"] for one in await sitter.listed()] == [sitter.session["phq"]["assessment_id"]]
    assert await sitter.post("phq/complete") == first


async def test_finishing_an_interview_that_a_tag_has_ended_links_its_captures(
    sitter: Sitter, rows: Rows
) -> None:
    await sitter.answer_all()
    chat, message_id = sitter.session["chat"]["assessment_id"], str(uuid4())
    await rows.insert_turn(sitter.session["id"], chat, message_id)
    await rows.end_part(chat, "tag")
    kept(await sitter.put(PICTURE, said={"message_id": message_id}), 201)
    assert (await sitter.post("chat/complete"))["end_reason"] == "tag"
    assert [one["assessment_id"] for one in await sitter.listed()] == [chat]


async def test_a_capture_of_a_replaced_part_belongs_to_that_part(sitter: Sitter) -> None:
    first = sitter.session["phq"]["assessment_id"]
    question = (await sitter.questions())[0]["id"]
    kept(await sitter.put(PICTURE, said={"question_id": question}), 201)
    await sitter.post("restart", part="phq")
    assert sitter.session["phq"]["assessment_id"] != first
    assert (await link(sitter, "PHQ"))["linked"] == 0
    body = {"assessment_id": first, "assessment_type": "PHQ"}
    assert kept(await sitter.client.post(f"{sitter.path}/captures/link", json=body))["linked"] == 1


async def test_linking_goes_by_the_session_clock_and_not_by_the_arrival(sitter: Sitter, rows: Rows) -> None:
    """D14: times of the client's own clock were mixed with the server's."""
    await sitter.post("phq/start")
    await sitter.answer_all()
    await rows.change_session(sitter.session["id"], "created_at = created_at - interval '1 hour'")
    within = kept(await sitter.put(PICTURE, said={"session_ms": 3_600_000 + 60_000}), 201)["capture"]["id"]
    linked = await link(sitter, "PHQ")
    assert within not in {one["id"] for one in linked["captures"]}


async def test_a_changed_answer_does_not_move_the_start_of_the_questionnaire(sitter: Sitter) -> None:
    question = (await sitter.questions())[0]["id"]
    kept(await sitter.save(question, 1))
    picture = kept(await sitter.put(PICTURE), 201)["capture"]["id"]
    kept(await sitter.save(question, 2, version=2))
    assert [one["id"] for one in (await link(sitter, "PHQ"))["captures"]] == [picture]


async def test_a_start_after_the_first_answer_leaves_no_picture_behind(sitter: Sitter) -> None:
    kept(await sitter.save((await sitter.questions())[0]["id"], 1))
    picture = kept(await sitter.put(PICTURE), 201)["capture"]["id"]
    await sitter.post("phq/start")
    assert [one["id"] for one in (await link(sitter, "PHQ"))["captures"]] == [picture]


async def test_a_batch_attaches_all_or_none(sitter: Sitter) -> None:
    ids = [one["id"] for one in kept(await sitter.post_form(*[PICTURE] * 3))["captures"]]
    phq, chat = sitter.session["phq"]["assessment_id"], sitter.session["chat"]["assessment_id"]
    url = f"{sitter.path}/captures/batch"

    async def batch(assessment: str, status: int = 200, code: str = "", **named: object) -> Data:
        reply = await sitter.client.post(url, json={"assessment_id": assessment} | named)
        return kept(reply) if status == 200 else refused(reply, status, code)

    first = await batch(phq, capture_ids=ids[:1], capture_type="PHQ")
    assert [(one["id"], one["capture_type"]) for one in first["captures"]] == [(ids[0], "PHQ")]
    assert first["linked"] == 1
    assert await batch(phq, capture_ids=ids[:1], capture_type="PHQ") == first
    unknown = str(uuid4())
    await batch(chat, 409, "linked_elsewhere", capture_ids=ids)
    await batch(chat, 409, "linked_elsewhere", capture_ids=[*ids, unknown], filenames=["nobody.jpg"])
    await batch(chat, 409, "linked_elsewhere", capture_ids=ids, capture_type="PHQ")
    await batch(unknown, 409, "linked_elsewhere", capture_ids=ids)
    await batch(chat, 422, "invalid", capture_ids=[ids[1], str(uuid4())])
    await batch(chat, 422, "invalid", capture_ids=ids[1:], capture_type="PHQ")
    await batch(str(uuid4()), 422, "invalid", capture_ids=ids[1:])
    await batch(chat, 422, "invalid")
    await batch(chat, 422, "invalid", filenames=["nobody.jpg"])
    assert [one["assessment_id"] for one in await sitter.listed() if one["id"] != ids[0]] == [None, None]
    named = await batch(chat, filenames=["picture 1.jpg", "picture 2.jpg"])
    assert {one["id"] for one in named["captures"]} == set(ids[1:])


async def test_what_a_batch_says_of_its_captures_is_kept_with_each(sitter: Sitter, rows: Rows) -> None:
    ids = [kept(await sitter.put(PICTURE, said=said), 201)["capture"]["id"] for said in SAID]
    url, phq = f"{sitter.path}/captures/batch", sitter.session["phq"]["assessment_id"]
    batch = {"assessment_id": phq, "capture_ids": ids}
    for wrong, code in (("x", "invalid"), ({"a": "x" * 2048}, "bad_metadata")):
        refused(await sitter.client.post(url, json=batch | {"metadata": wrong}), 422, code)
    assert [one["assessment_id"] for one in await sitter.listed()] == [None, None]
    said = {"batch_ms": 9, "shutter_ms": 8.5, "who": "somebody", "timing": {"sent_ms": 7, "how": True}}
    kept(await sitter.client.post(url, json=batch | {"metadata": said}))
    found = [await rows.capture(one) for one in ids]
    measured = {"batch_ms": 9, "shutter_ms": 8.5, "sent_ms": 7}
    assert [json.loads(row["timing"]) for row in found if row] == [{"read_ms": 1} | measured, measured]


async def test_a_late_picture_is_linked_at_once(sitter: Sitter, rows: Rows) -> None:
    await sitter.post("phq/start")
    question = (await sitter.questions())[0]["id"]
    past = "created_at = now() - interval '2 days', expires_at = now() - interval '1 day'"
    await rows.change_session(sitter.session["id"], past)
    kept(await sitter.put(PICTURE, said={"session_ms": 1000, "question_id": question}), 201)
    assert [one["assessment_id"] for one in await sitter.listed()] == [sitter.session["phq"]["assessment_id"]]
