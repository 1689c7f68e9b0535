"""What a worker keeps in memory stays bounded."""

from __future__ import annotations

from quart_assessment.remembered import Remembered


def test_past_the_limit_what_was_noted_first_is_gone() -> None:
    remembered: Remembered[str, int] = Remembered(2)
    for place, key in enumerate("abc"):
        assert remembered.note(key, place) == place
    assert [remembered.get(key) for key in "abc"] == [None, 1, 2]
    assert ("a" in remembered, "c" in remembered) == (False, True)


def test_what_is_noted_anew_replaces_the_old_and_stays_longest() -> None:
    remembered: Remembered[str, int] = Remembered(2)
    for key, value in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        remembered.note(key, value)
    assert [remembered.get(key) for key in "abc"] == [3, None, 4]


def test_what_is_forgotten_is_gone_and_forgetting_nothing_is_no_error() -> None:
    remembered: Remembered[str, int] = Remembered(2)
    remembered.note("a", 1)
    for key in "ab":
        remembered.forget(key)
    assert "a" not in remembered
