"""The tag that ends an interview is found and never shown, however the reply is cut."""

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from quart_assessment.chat.ending import ReplyText
from quart_assessment.studies.interview import TAG

fragments = st.sampled_from(
    [TAG, TAG.upper(), "<", "</", "</end_", "conversation>", ">", "a", " ", "\n", "ſ", "K"]
)
replies = st.lists(fragments | st.text(max_size=5), max_size=12).map("".join)
cuts = st.lists(st.integers(0, 300), max_size=20)


def shown(reply: str, cuts: list[int], *, may_end: bool) -> tuple[str, bool]:
    text = ReplyText(may_end=may_end)
    edges = [0, *sorted(cut % (len(reply) + 1) for cut in cuts), len(reply)]
    seen = "".join(text.feed(reply[start:end]) for start, end in pairwise(edges))
    return seen + text.finish(), text.ended


@given(replies, cuts, st.booleans())
@example("</end_</end_conversation>conversation>", [], False)
def test_any_cut_gives_the_same_text(reply: str, cuts: list[int], may_end: bool) -> None:
    assert shown(reply, cuts, may_end=may_end) == shown(reply, [], may_end=may_end)


@given(replies, cuts, st.booleans())
@example("</end_</end_conversation>conversation>", [], False)
def test_the_tag_is_never_shown(reply: str, cuts: list[int], may_end: bool) -> None:
    text, _ = shown(reply, cuts, may_end=may_end)
    assert re.search(TAG, text, re.IGNORECASE | re.ASCII) is None


@given(replies)
def test_the_tag_ends_the_interview_exactly_when_it_is_there_and_may(reply: str) -> None:
    there = re.search(TAG, reply, re.IGNORECASE | re.ASCII) is not None
    assert shown(reply, [], may_end=True)[1] is there
    assert shown(reply, [], may_end=False)[1] is False


@given(st.text(), cuts)
def test_a_reply_without_the_tag_is_shown_but_for_the_space_before_it(reply: str, cuts: list[int]) -> None:
    assert shown(reply + ".", cuts, may_end=True)[0] == (reply + ".").lstrip()


@pytest.mark.parametrize("at", range(len(TAG) + 1))
def test_the_tag_is_found_split_at_every_offset(at: int) -> None:
    text = ReplyText(may_end=True)
    seen = text.feed("Goodbye." + TAG[:at]) + text.feed(TAG[at:]) + text.feed(" And more.") + text.finish()
    assert (seen, text.ended) == ("Goodbye.", True)


def test_an_ignored_tag_is_taken_out_and_the_reply_goes_on() -> None:
    assert shown(f"Tell me{TAG} more", [], may_end=False) == ("Tell me more", False)


def test_only_what_may_be_the_tag_is_held_back() -> None:
    text = ReplyText(may_end=True)
    assert text.feed("a < b, </p> and </end") == "a < b, </p> and "
    assert text.feed("ing") == "</ending"


def test_a_tag_cut_off_at_the_end_is_not_shown_and_ends_nothing() -> None:
    assert shown("Goodbye. </end_conver", [], may_end=True) == ("Goodbye. ", False)
    assert shown("5 <", [], may_end=True) == ("5 <", False)


def test_a_reply_of_the_tag_alone_ends_without_text() -> None:
    assert shown(f" \n{TAG}", [], may_end=True) == ("", True)
