"""Rounds that alternate between contenders, and what is made of their figures."""

from __future__ import annotations

import math
import os
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

Round = TypeVar("Round")


def alternating(
    contenders: Mapping[str, Callable[[], Round]], rounds: int, *, warm: bool = True, pause: float = 1.0
) -> dict[str, list[Round]]:
    """Run all of them round after round: what changes about the machine meanwhile changes for all of them.

    Each round has an order of its own, the same in every run of the benchmarks: nobody always comes after the same
    neighbour, and none begins before the disk has what the one before left to be written.
    With `warm` a round before the first fills caches, pools and plans; it does not count.
    """
    seen: dict[str, list[Round]] = {name: [] for name in contenders}
    orders = random.Random(1)
    for number in range(0 if warm else 1, rounds + 1):
        for name in orders.sample(list(contenders), len(contenders)):
            os.sync()
            time.sleep(pause)
            print(f"  round {number} of {rounds}: {name}", flush=True)
            seen[name].append(contenders[name]())
    return {name: of[warm:] for name, of in seen.items()}


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure's median over the rounds, with the least and the most."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    def said(self, digits: int = 0) -> str:
        """Write it as `median (least-most)`."""
        if math.isnan(self.median):
            return "-"
        low, high = min(self.values), max(self.values)
        return f"{self.median:,.{digits}f} ({low:,.{digits}f}-{high:,.{digits}f})"


def spread(values: Sequence[float]) -> Spread:
    """Make a spread of figures, one a round."""
    return Spread(tuple(values))


def ratios(of: Sequence[float], to: Sequence[float]) -> Spread:
    """Give the ratio in each round: neighbours in time are compared, not medians of different moments."""
    return Spread(tuple(one / other for one, other in zip(of, to, strict=True)))


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value that `share` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that must be shown: `least` or `most` it may be."""

    name: str
    figure: float
    least: float | None = None
    most: float | None = None
    said: str | None = None
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the figure is what it must be."""
        return (self.least is None or self.figure >= self.least) and (
            self.most is None or self.figure <= self.most
        )

    @property
    def wanted(self) -> str:
        """The target in words."""
        return f">= {self.least:g}{self.unit}" if self.least is not None else f"<= {self.most:g}{self.unit}"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head, as they are printed."""

    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    title: str = ""


@dataclass(slots=True)
class Result:
    """What one part has measured."""

    title: str
    tables: list[Table] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
