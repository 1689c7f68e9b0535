"""What a short answer means depends on what was asked just before."""

import pytest

from quart_assessment.safety.rules import check_message

ABOUT = {
    "en": [
        "Have you had any thoughts of ending your life?",
        "Thank you for telling me. In the last two weeks, did you ever think you would be better off dead?",
        "Do you sometimes think about hurting yourself?",
        "That sounds hard. Have you thought about suicide? You can answer freely.",
    ],
    "id": [
        "Apakah kamu pernah berpikir untuk bunuh diri?",
        "Makasih sudah cerita. Dua minggu ini, pernah nggak ngerasa lebih baik mati?",
        "Pernah kepikiran buat nyakitin diri sendiri?",
    ],
}
DENIALS = {
    "en": ["no, never", "No.", "never", "not at all", "nope, nothing like that", "no I haven't"],
    "id": ["nggak pernah", "tidak", "enggak kak, nggak pernah", "belum pernah sih", "Tidak, tidak pernah."],
}
AFFIRMATIONS = {
    "en": ["yes, sometimes", "sometimes", "yes", "yeah, a few times this week", "maybe", "I don't know"],
    "id": ["iya, kadang", "kadang-kadang", "pernah", "iya kak, sering", "mungkin", "nggak tahu"],
}
OTHERS = {
    "en": [
        "How did you sleep last week?",
        "Has anyone in your family died by suicide?",
        "What do you enjoy?",
    ],
    "id": ["Tidurmu gimana minggu ini?", "Apa ada keluargamu yang meninggal karena bunuh diri?"],
}


@pytest.mark.parametrize("language", ["en", "id"])
def test_a_denial_of_the_studys_own_question_is_no_hit(language: str) -> None:
    found = [(q, a) for q in ABOUT[language] for a in DENIALS[language] if check_message(a, language, q)]
    assert found == []


@pytest.mark.parametrize("language", ["en", "id"])
def test_an_affirmation_or_a_doubt_is_a_hit(language: str) -> None:
    found = [
        (q, a) for q in ABOUT[language] for a in AFFIRMATIONS[language] if not check_message(a, language, q)
    ]
    assert found == []


@pytest.mark.parametrize("language", ["en", "id"])
def test_the_same_words_after_another_question_are_no_hit(language: str) -> None:
    answers = [*DENIALS[language], *AFFIRMATIONS[language]]
    found = [(q, a) for q in OTHERS[language] for a in answers if check_message(a, language, q)]
    assert found == []


def test_a_denial_does_not_hide_what_follows_it() -> None:
    question = ABOUT["en"][0]
    assert check_message("no, never. I want to die though", "en", question)
    assert check_message("no, but it crosses my mind at night", "en", question)
    assert check_message("nggak, tapi kadang kepikiran", "id", ABOUT["id"][0])


def test_a_question_turned_round_is_read_the_other_way() -> None:
    assert check_message("no", "en", "Do you feel safe at the moment?")
    assert not check_message("yes", "en", "Do you feel safe at the moment?")
    assert check_message("nggak", "id", "Kamu merasa aman sekarang?")
    assert not check_message("iya", "id", "Kamu merasa aman sekarang?")


def test_an_affirmed_plan_scores_above_affirmed_thoughts() -> None:
    plan = check_message("yes", "en", "Do you have a plan to end your life?")
    thoughts = check_message("yes", "en", "Have you had thoughts of suicide?")
    assert plan is not None
    assert thoughts is not None
    assert plan.score > thoughts.score


def test_only_the_end_of_a_long_question_is_read() -> None:
    asked = "Have you thought about suicide? " + "We talk about many things. " * 200 + "How do you sleep?"
    assert check_message("sometimes", "en", asked) is None
    assert check_message("sometimes", "en", "How do you sleep? " * 4000 + ABOUT["en"][0])
