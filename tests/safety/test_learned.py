"""The learned detector: what it adds to the rules, where it keeps quiet, and where its weights come from."""

import pytest

from quart_assessment.safety.features import concepts, features
from quart_assessment.safety.learned import learned
from quart_assessment.safety.rule_sets import rule_sets
from quart_assessment.safety.rules import check_by_rules, check_message
from tests.safety.training.evaluate import score
from tests.safety.training.texts import LANGUAGES, Text, development_texts, training_texts
from tests.safety.training.train import WEIGHTS, examples, trained, written

# None of them is a training text.
IN_WORDS_NO_RULE_HAS = {
    "en": [
        "on the balcony again with one leg over the rail, wanting to drop",
        "the blade is under the sink for tonight and my wrists know it",
        "I went to see which of the trees would carry me with a rope",
    ],
    "id": [
        "aku udah cari tahu berapa tablet yang bisa bikin orang mati",
        "tali sama kursinya udah aku taruh di kamar buat nanti malam",
        "semua tablet di kotak itu mau aku telan malam ini",
    ],
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_said_outright_in_words_that_no_rule_has_is_a_hit(language: str) -> None:
    for text in IN_WORDS_NO_RULE_HAS[language]:
        assert check_by_rules(text, language) is None
        hit = check_message(text, language)
        assert hit is not None, text
        assert hit.detector == f"{language}-model-1:stated"
        assert 0 < hit.score < 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_that_the_rules_see_keeps_its_rule(language: str) -> None:
    for case in development_texts(language):
        ruled = check_by_rules(case.text, language, case.asked)
        if ruled is not None:
            assert check_message(case.text, language, case.asked) == ruled


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_committed_weights_are_what_the_training_makes(language: str) -> None:
    assert (WEIGHTS / f"{language}.txt").read_text("utf-8") == written(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_weights_are_few_enough_to_be_reviewed(language: str) -> None:
    assert (WEIGHTS / f"{language}.txt").stat().st_size < 300_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_the_ordinary_answers_it_learned_from_it_takes_one_in_a_hundred_at_most(language: str) -> None:
    none = [text for text in [*training_texts(language), *development_texts(language)] if not text.hit]
    unseen = [text for text in none if check_by_rules(text.text, language, text.asked) is None]
    false = [text for text in unseen if check_message(text.text, language, text.asked) is not None]
    assert len(false) <= 0.01 * len(unseen), false


def test_what_another_is_quoted_with_does_not_count() -> None:
    words = IN_WORDS_NO_RULE_HAS["en"][0]
    assert check_message(words, "en") is not None
    assert check_message(f'My brother wrote "{words}" and I drove over', "en") is None


def test_a_language_without_weights_is_judged_by_the_rules_alone() -> None:
    german = "die Kinder, die in der Schule sind, die mag ich"
    assert learned("de", doubles_fold=False) is None
    assert learned("../weights/en", doubles_fold=False) is None
    assert check_message(german, "de") is None
    assert check_message(german, "xx") is None


def test_a_long_harmless_message_does_not_hide_a_sentence() -> None:
    quiet = "I watered the tomatoes and read the paper. " * 60
    assert check_message(quiet, "en") is None
    assert check_message(f"{quiet}{IN_WORDS_NO_RULE_HAS['en'][0]}. {quiet}", "en") is not None


def test_a_long_sentence_without_a_stop_does_not_hide_its_middle() -> None:
    quiet = "and then we watered the tomatoes and read the paper " * 20
    assert check_message(f"{quiet} and {IN_WORDS_NO_RULE_HAS['en'][0]} {quiet}", "en") is not None


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_looked_at_grows_with_the_message_and_no_more(language: str) -> None:
    table = concepts(language, doubles_fold=rule_sets(language)[0].spelling.doubles_fold)
    words = ["i", "want", "to", "end", "my", "life", "not", "with", "pills", "aku", "tidak", "mau", "hidup"]
    few, many = (sum(1 for _ in features(words * times, table, "about")) for times in (10, 1000))
    assert many <= 101 * few


def test_training_learns_what_it_is_told() -> None:
    texts = [
        Text(f"{word} {other}", None, word == "pills", word)
        for word in ("pills", "bread")
        for other in ("today", "again", "at home", "in town")
    ]
    read = examples(texts, "en")
    weights = trained(read)
    assert [score(one, weights) > 0 for one in read] == [one.hit for one in read]
