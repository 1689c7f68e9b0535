"""Disguises, odd characters and lengths: whatever comes is judged, and hides nothing."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_assessment.safety.rule_sets import rule_sets
from quart_assessment.safety.rules import LONGEST_MESSAGE, check_message
from quart_assessment.safety.wording import normalised, plain
from tests.safety.labelled import read_cases

LANGUAGES = ("en", "id")
UNSEEN = (
    "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u200e\u202e\u2800\u3164\u0336\u0301\x00\x01\x08\x1b\x7f\x9f"
)
DRAWN_ALIKE = {
    "a": "аα\uff41\U0001d41a",
    "e": "еε\uff45\u24d4é",
    "i": "іι\uff49í",
    "k": "кκ\uff4b",
    "m": "м\uff4d",
    "n": "ｎñ",
    "o": "оο\uff4fö",
    "s": "ѕ\uff53",
    "t": "т\uff54",
    "u": "\uff55ü\U0001d42e",
}
OUTRIGHT = {
    "en": ["I want to kill myself", "i want to die", "I think about suicide", "I took all my pills"],
    "id": ["aku mau bunuh diri", "gue pengen mati", "aku nyilet tangan lagi", "pengen mengakhiri hidup"],
}
ENDLESS = [
    "i want to ", "i don't want to be ", "no ", "suicide ", "never suicide ", "a", "a ", "i, ", "1", "i!", "\ufdfa",
    "wish that no one ", "what the more real good single ", "walk ", "aku tidak ", "kalau aku tidak ada yang bakal ",
    "without me they would be ", "kepikiran terus sama ", '"i want ', 'they said "', "\u200b", "s.u.i ", "tali lihat ",
]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@given(text=st.text(max_size=300), asked=st.none() | st.text(max_size=100))
def test_no_text_breaks_the_rules(language: str, text: str, asked: str | None) -> None:
    check_message(text, language, asked)


@pytest.mark.parametrize("language", LANGUAGES)
@given(
    text=st.text(max_size=100)
    | st.lists(st.sampled_from([case.text for case in read_cases("development")])).map(" ".join)
    | st.lists(
        st.sampled_from(
            ["k", "i", "l", " ", "  ", ".", "2", "mati", "no", "!", "1", '"', ",", "tidak", "gada"]
        )
    ).map("".join)
)
def test_the_normal_form_is_its_own_normal_form(language: str, text: str) -> None:
    spelling = rule_sets(language)[0].spelling
    words = normalised(plain(text), spelling)
    assert set(words) <= set('abcdefghijklmnopqrstuvwxyz0123456789 ,|"')
    assert normalised(plain(words), spelling) == words


@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data())
def test_unseen_signs_and_letters_drawn_alike_hide_nothing(language: str, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(OUTRIGHT[language]))
    letters = [data.draw(st.sampled_from(DRAWN_ALIKE.get(letter, "") + letter)) for letter in text]
    places = data.draw(
        st.lists(st.tuples(st.integers(0, len(letters)), st.sampled_from(UNSEEN)), max_size=20)
    )
    for place, sign in sorted(places, reverse=True):
        letters.insert(place, sign)
    assert check_message("".join(letters), language) is not None


@pytest.mark.parametrize("language", LANGUAGES)
@given(before=st.text(max_size=50), after=st.text(max_size=50))
def test_what_stands_in_other_lines_hides_no_outright_statement(
    language: str, before: str, after: str
) -> None:
    # Quotation marks would make it another's words.
    around = [text.translate(dict.fromkeys(map(ord, "\"“”„«»「」'‘’"))) for text in (before, after)]
    text = f"{around[0]}.\n{OUTRIGHT[language][0]}.\n{around[1]}"
    assert check_message(text, language) is not None


@pytest.mark.parametrize(
    "spelled", ["k i l l myself", "k-i-l-l myself", "k . i . l . l myself", "s_u_i_c_i_d_e"]
)
def test_a_spelled_out_word_is_read(spelled: str) -> None:
    assert check_message(f"I want to {spelled}" if "myself" in spelled else spelled, "en") is not None


@pytest.mark.parametrize(
    "disguised",
    [
        "I want to d i e",
        "i want to d-i-e.",
        "I want to D.I.E",
        "can i d i e",
        "Ι WΑΝΤ ΤΟ DΙΕ",
        "I want to ΚΙLL ΜΥSΕLF",
        "Ή ΒΑΤΕ, I WANT TO DΊE",
        "І WАNТ ТО DІЕ",
        "I want to ki11 myself",
        "I want to k1ll myse1f",
        "I want to k111 myself",
        "I want to kil1 myself",
        "I want to end my 1ife",
        "I am thinking about se1f harm",
        "I want to commit su1cide",
        "I want to d1e",
    ],
)
def test_a_plain_disguise_hides_nothing(disguised: str) -> None:
    assert check_message(disguised, "en") is not None


@pytest.mark.parametrize(
    ("shown", "read"),
    [
        ("I was on the d i e t", "i was on the diet"),
        ("an i n d i e film", "an indie film"),
        ("born in the u s a, i think", "born in the u s a, i think"),
        ("the 1st of 11, at 1 pm", "the ist of 11, at 1 pm"),
        ("1 like it we11 enough, p1ease", "1 like it well enough, piease"),
    ],
)
def test_what_is_no_disguise_is_left(shown: str, read: str) -> None:
    assert plain(shown) == read
    assert check_message(shown, "en") is None


def test_a_text_longer_than_any_message_is_judged_by_its_beginning() -> None:
    filler = "a quiet day. " * (LONGEST_MESSAGE // 10)
    assert check_message("I want to die. " + filler, "en") is not None
    assert check_message(filler + "I want to die.", "en") is None


@pytest.mark.prove
def test_the_longest_message_is_judged_in_a_quarter_of_a_second(proof: Callable[..., None]) -> None:
    spent: dict[str, float] = {}
    for language in LANGUAGES:
        check_message("ready", language)
        for words in ENDLESS:
            begun = time.process_time()
            check_message((words * 8000)[:8000], language)
            spent[f"{language}: {words}"] = time.process_time() - begun
    cases = [case for case in read_cases("development") if case.language == "id"]
    begun = time.process_time()
    for case in cases:
        check_message(case.text, case.language, case.asked)
    usual = (time.process_time() - begun) / len(cases)
    longest = max(spent.values())
    proof(
        "Judging a message by the rules",
        usual_milliseconds=f"{usual * 1000:.2f}",
        worst_of_8000_characters_milliseconds=f"{longest * 1000:.0f}",
    )
    assert longest < 0.25, max(spent, key=spent.__getitem__)
