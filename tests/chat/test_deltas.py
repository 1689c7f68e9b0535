"""The wire format of a streamed reply, cut anywhere."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_assessment.chat.providers import ModelRefused, ModelUnavailable, Told
from quart_assessment.chat.providers.deltas import DeltaDecoder


def stream(*pieces: str, ascii_only: bool = True, end: str = "\n") -> bytes:
    events = [{"choices": [{"delta": {"content": piece}, "finish_reason": None}]} for piece in pieces]
    lines = [f"data: {json.dumps(one, ensure_ascii=ascii_only)}{end}{end}" for one in events]
    return ("".join(lines) + f": ping{end}{end}data: [DONE]{end}{end}").encode("utf-8", "surrogatepass")


def read(data: bytes, cuts: list[int]) -> tuple[str, bool]:
    decoder, text, finished = DeltaDecoder(Told()), "", False
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in pairwise(edges):
        delta = decoder.feed(data[start:end])
        text += delta.text
        finished = finished or delta.finished
    return text, finished


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.lists(words), st.lists(st.integers(0, 5000)), st.booleans(), st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_cut_gives_the_same_text(pieces: list[str], cuts: list[int], ascii_only: bool, end: str) -> None:
    data = stream(*pieces, ascii_only=ascii_only, end=end)
    assert read(data, cuts) == ("".join(pieces), True)


def test_halves_of_a_sign_that_come_in_two_pieces_are_joined() -> None:
    assert read(stream("A \ud83d", "\ude00 B"), []) == ("A 😀 B", True)


def test_a_lone_half_of_a_sign_is_replaced() -> None:
    assert read(stream("A \ud83d", " B"), []) == ("A \ufffd B", True)
    assert read(stream("\ude00"), []) == ("\ufffd", True)
    assert read(stream("A\ud83d"), []) == ("A\ufffd", True)


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    data = b'data: {"choices":[{"delta":{"content":"A \xff\xfe B"}}]}\n\ndata: [DONE]\n\n'
    assert read(data, []) == ("A \ufffd\ufffd B", True)


def test_nul_is_dropped() -> None:
    assert read(stream("A\0B"), []) == ("AB", True)


@pytest.mark.parametrize(
    "chunk",
    ['{"choices": []}', '{"choices": [{"delta": null}]}', '{"usage": {}}', '{"choices": [{"delta": {}}]}'],
)
def test_events_without_text_say_nothing(chunk: str) -> None:
    assert DeltaDecoder(Told()).feed(f"data: {chunk}\n\n".encode()).text == ""


@given(st.binary(max_size=300))
def test_no_bytes_break_the_decoder(data: bytes) -> None:
    said = DeltaDecoder(Told()).feed(b"data: " + data + b"\n\n")
    assert said.failure is None or isinstance(said.failure, ModelUnavailable)


def test_text_before_a_failure_in_the_same_bytes_is_kept() -> None:
    refusal = b'data: {"choices":[{"delta":{},"finish_reason":"content_filter"}]}\n\n'
    said = DeltaDecoder(Told()).feed(
        stream("Thank", " you").removesuffix(b": ping\n\ndata: [DONE]\n\n") + refusal
    )
    assert said.text == "Thank you"
    assert isinstance(said.failure, ModelRefused)


def test_a_line_without_an_end_is_given_up() -> None:
    decoder = DeltaDecoder(Told())
    decoder.feed(b"x" * 1_000_000)
    assert isinstance(decoder.feed(b"x" * 100_000).failure, ModelUnavailable)


def test_the_model_and_its_tokens_are_noted_wherever_they_are_told_of() -> None:
    told = Told()
    decoder = DeltaDecoder(told)
    decoder.feed(b'data: {"model": "m-2024\\u0000", "choices": [], "usage": null}\n\n')
    decoder.feed(b'data: {"model": "another", "choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n')
    decoder.feed(
        b'data: {"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 3}}\n\ndata: [DONE]'
    )
    assert told == Told("m-2024", 12, 3)


@pytest.mark.parametrize("usage", ["7", '"many"', '{"prompt_tokens": true, "completion_tokens": -1}', "[1]"])
def test_tokens_that_are_no_number_are_not_noted(usage: str) -> None:
    told = Told()
    DeltaDecoder(told).feed(f'data: {{"model": 7, "usage": {usage}}}\n\n'.encode())
    assert told == Told()
