"""What is made of the benchmarks' measurements."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.load.pictures import picture
from benchmarks.measure import Result, Table, Target, alternating, percentile, ratios
from benchmarks.metrics import Histogram
from quart_assessment.camera.images import inspect_image


def test_contenders_take_turns_and_the_warming_round_does_not_count() -> None:
    order: list[str] = []

    def turn_of(name: str) -> Callable[[], int]:
        def take() -> int:
            order.append(name)
            return len(order)

        return take

    seen = alternating({name: turn_of(name) for name in "abcd"}, 5, pause=0)
    rounds = ["".join(order[begin : begin + 4]) for begin in range(0, len(order), 4)]
    assert [sorted(one) for one in rounds] == [["a", "b", "c", "d"]] * 6
    assert len(set(rounds)) > 1
    assert {name: len(of) for name, of in seen.items()} == dict.fromkeys("abcd", 5)
    assert min(min(of) for of in seen.values()) == 5


def test_a_ratio_compares_neighbours_in_time() -> None:
    assert ratios([10, 30, 2], [5, 10, 1]).values == (2, 3, 2)


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (0.991, 100), (1.0, 100)])
def test_a_percentile_is_the_value_that_so_many_do_not_exceed(share: float, value: int) -> None:
    assert percentile(list(range(100, 0, -1)), share) == value


def test_a_histogram_gives_the_bound_that_so_many_did_not_exceed() -> None:
    inf = float("inf")
    before = Histogram({0.05: 10, 0.2: 10, inf: 10})
    lag = Histogram({0.05: 1009, 0.2: 1010, inf: 1010}) - before
    assert (lag.total, lag.bound_of(0.999), lag.bound_of(1)) == (1000, 0.05, 0.2)


def test_a_figure_that_falls_short_is_said_to(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    short = Target("saves against a peer", 7.9, least=8)
    assert not short.met
    report.record(Result("Saves", targets=[short, Target("memory", 64, most=64, unit=" MiB")]), "bench", page)
    text = page.read_text()
    assert "| saves against a peer | 7.90 | >= 8 | **no** |" in text
    assert "| memory | 64.00 MiB | <= 64 MiB | yes |" in text


def test_a_part_measured_again_replaces_its_own_section_alone(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    for name, cell in (("Saves", "first"), ("Chat", "talk"), ("Saves", "second")):
        report.record(Result(name, [Table(("figure",), [(cell,)])]), "bench", page)
    text = page.read_text()
    assert "| second |" in text
    assert "| talk |" in text
    assert "| first |" not in text


@pytest.mark.parametrize("size", [100 * 1024, 65_540, 1024 * 1024])
def test_a_picture_sent_has_its_exact_size_and_is_one_that_the_service_takes(
    size: int, tmp_path: Path
) -> None:
    sent = picture(tmp_path, size)
    content = sent.path.read_bytes()
    assert len(content) == size
    assert inspect_image(content, 4096) is not None
