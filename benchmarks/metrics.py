"""What a service says of itself: its /metrics page, and its workers' memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from tests.ground.service import Service

_SAMPLE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Histogram:
    """A histogram's cumulative counts by upper bound."""

    counts: dict[float, float]

    def __sub__(self, before: Histogram) -> Histogram:
        """Give what was counted since `before`."""
        return Histogram({bound: count - before.counts.get(bound, 0) for bound, count in self.counts.items()})

    @property
    def total(self) -> float:
        """All that was counted."""
        return self.counts[float("inf")]

    def bound_of(self, share: float) -> float:
        """Give the least bound that `share` of what was counted did not exceed."""
        wanted = share * self.total
        return min(bound for bound, count in self.counts.items() if count >= wanted)


def read_metrics(service: Service) -> dict[str, float]:
    """Give every sample by `name{label=value,...}`."""
    with urlopen(f"{service.url}/metrics", timeout=30) as reply:
        page = reply.read().decode()
    found = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def histogram(service: Service, name: str) -> Histogram:
    """Read a histogram without labels of its own."""
    counts = {}
    for key, value in read_metrics(service).items():
        if key.startswith(f"{name}_bucket{{le="):
            counts[float(key.rpartition("=")[2].rstrip("}"))] = value
    return Histogram(counts)


@dataclass(slots=True)
class Samples:
    """What was sampled meanwhile."""

    values: list[float] = field(default_factory=list)


@contextmanager
def sampling(look: Callable[[], float], seconds: float = _SAMPLE_SECONDS) -> Iterator[Samples]:
    """Look every so many seconds while the block runs."""
    samples, done = Samples(), threading.Event()

    def run() -> None:
        while not done.wait(seconds):
            samples.values.append(look())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield samples
    finally:
        done.set()
        thread.join()


def resident(service: Service) -> float:
    """Give the resident bytes of all workers together."""
    return float(sum(worker.memory_info().rss for worker in service.workers()))
