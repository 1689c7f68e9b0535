"""How the rules do on labelled messages.

Of the held-out ones counts are given, and no text: whoever reads one in order to change a rule has spent it.
"""

import sys
from collections.abc import Callable

import pytest

from tests.safety.labelled import Figures, File, count, read_cases
from tests.safety.training.texts import LANGUAGES, training_texts

RISK = ("direct", "indirect", "negated", "quoted", "third_person", "misspelt", "slang")
FILES: tuple[File, File] = ("development", "held_out")
HARMLESS = ("ordinary", "look_alike", "negated", "quoted", "third_person", "misspelt", "slang")


@pytest.fixture(scope="module")
def held_out() -> Figures:
    return count("held_out")


@pytest.mark.parametrize("language", ["en", "id"])
def test_the_development_cases_are_judged_as_labelled(language: str) -> None:
    cases = [case for case in read_cases("development") if case.language == language]
    wrong = [case for case in cases if not case.judged_right]
    assert [case for case in wrong if case.kind == "direct"] == []
    of = {kind: [case for case in cases if case.kind == kind] for kind in (*RISK, *HARMLESS)}
    missed = [case for case in wrong if case.kind == "indirect"]
    assert len(missed) <= 0.05 * len(of["indirect"]), missed
    false = [case for case in wrong if case.kind in ("ordinary", "look_alike")]
    assert len(false) <= 0.02 * (len(of["ordinary"]) + len(of["look_alike"])), false
    other = [case for case in wrong if case.kind not in ("direct", "indirect", "ordinary", "look_alike")]
    assert len(other) <= 0.05 * len(cases), other


@pytest.mark.parametrize(("file", "a_language"), [("development", 250), ("held_out", 75)])
def test_there_are_enough_cases_of_each_language(file: File, a_language: int) -> None:
    for language in ("en", "id"):
        assert len([case for case in read_cases(file) if case.language == language]) >= a_language


def test_no_held_out_case_is_among_those_that_rules_and_weights_are_made_from() -> None:
    development, held_out = (
        {case.text.casefold() for case in read_cases(file) if len(case.text.split()) > 2} for file in FILES
    )
    training = {text.text.casefold() for language in LANGUAGES for text in training_texts(language)}
    # How many, not which: a failure names neither.
    shared = len((development | training) & held_out)
    del development, held_out, training
    assert shared == 0


def report(figures: Figures) -> str:
    return "\n".join(f"{group}: {figure}" for group, figure in figures.lines().items())


def test_of_the_held_out_cases_most_that_only_hint_are_hits_and_ordinary_answers_are_not(
    held_out: Figures, record_testsuite_property: Callable[[str, object], None]
) -> None:
    for group, figure in held_out.lines().items():
        record_testsuite_property(group, figure)
    print(report(held_out), file=sys.stderr)
    right, of = held_out.of("indirect", hit=True)
    assert right >= 0.8 * of, report(held_out)
    for language in ("en", "id"):
        right, of = held_out.of("ordinary", hit=False, language=language)
        assert of - right <= 0.05 * of, report(held_out)


def test_of_the_held_out_cases_all_that_say_it_outright_are_hits(held_out: Figures) -> None:
    right, of = held_out.of("direct", hit=True)
    assert right == of, report(held_out)
