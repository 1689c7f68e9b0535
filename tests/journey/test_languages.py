"""A session is held in one language from its first word to its last, and its texts say where they come from."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ground.house import House, load_into
from tests.ground.participant import Data, Participant, kept, text_of
from tests.ground.study import shipped_with

pytestmark = pytest.mark.asyncio(loop_scope="module")
# Words that stand in nearly every sentence of one language and in none of the other.
WORDS = {
    "en": {"the", "and", "is", "you", "of", "or", "to"},
    "id": {"dan", "atau", "anda", "yang", "ini", "tidak"},
}


def sentences(value: Any) -> list[str]:
    """Give every text of a reply that is long enough to be of a language."""
    if isinstance(value, dict):
        return [text for one in value.values() for text in sentences(one)]
    if isinstance(value, list):
        return [text for one in value for text in sentences(one)]
    return [value] if isinstance(value, str) and value.count(" ") >= 5 else []


async def said(someone: Participant, language: str) -> list[str]:
    """Go from the start to the interview's reply; gives all that was there to read."""
    session = await someone.start(language=language)
    read = [session["presentation"], session["consent"], session["help"]["text"]]
    await someone.agree()
    await someone.post("camera-check", ok=True)
    asked = kept(await someone.client.get(f"{someone.path}/phq"))
    read += [asked["instructions"], asked["scale"], asked["questions"]]
    await someone.answer_all(1)
    read += [kept(await someone.client.get(f"{someone.path}/chat"))["instructions"]]
    read += [text_of(await someone.greet()), text_of(await someone.say("-"))]
    read += [text_of(await someone.say("saya ingin mati" if language == "id" else "I want to die"))]
    return sentences(read)


@pytest.mark.parametrize(("language", "other"), [("id", "en"), ("en", "id")])
async def test_whoever_chose_a_language_reads_no_other(house: House, language: str, other: str) -> None:
    study = await load_into(
        house.database,
        shipped_with(
            slug=f"speaks-{language}", presentation={"order": "phq_first"}, chat={"connection": "scripted"}
        ),
    )
    someone = await house.come(study)
    read = await said(someone, language)
    assert someone.session["language"] == language
    assert len(read) >= 20
    for text in read:
        words = {word.strip(".,:;!?()—").lower() for word in text.split()}
        assert not words & WORDS[other], text
    assert sum(bool({*text.lower().split()} & WORDS[language]) for text in read) > len(read) / 2


async def scored_in(house: House, language: str) -> tuple[Data, Data]:
    study = await load_into(
        house.database, shipped_with(slug=f"scored-{language}", presentation={"order": "phq_first"})
    )
    someone = await house.come(study)
    await someone.start(language=language)
    await someone.agree()
    await someone.post("camera-check", ok=True)
    instrument: Data = kept(await someone.client.get(f"{someone.path}/phq"))["instrument"]
    await someone.answer_all(2)
    staff = await house.staff("researcher", study)
    seen = kept(await staff.get(f"/api/admin/sessions/{someone.session['id']}"))
    assert seen["alerts"] != [], "the risk question is one in every language"
    return instrument, seen["score"]


async def test_indonesian_words_that_nobody_validated_are_not_reported_as_phq_9(house: House) -> None:
    instrument, score = await scored_in(house, "id")
    assert (instrument["language"], instrument["provenance"]) == ("id", "study_wording")
    assert instrument["modified"] is True
    assert "not compared with a validated form" in instrument["source"]
    assert instrument["code"] == "phq-9-modified"
    assert (score["total"], score["severity"], score["cut_off"], score["positive"]) == (18, None, None, None)


async def test_the_english_ones_stay_the_authors_own(house: House) -> None:
    instrument, score = await scored_in(house, "en")
    assert (instrument["code"], instrument["provenance"], instrument["modified"]) == (
        "phq-9",
        "official",
        False,
    )
    assert (score["total"], score["severity"], score["positive"]) == (18, "moderately severe", True)
