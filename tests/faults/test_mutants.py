"""Each promise broken on purpose is found by the checks, which know nothing of how it was broken.

On the product as it is the same scenarios find nothing: the other tests of this folder run them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.faults.mutants import mutated, names
from tests.faults.scenarios import (
    OneStore,
    Stage,
    clients_leave,
    clients_send_late,
    logins_end,
    the_database_loses_power,
    the_network_to_the_database_breaks,
    the_power_goes_at_each_step,
)
from tests.ground.own_postgres import own_server


@dataclass(frozen=True, slots=True)
class Stages:
    """What a mutant is put on: the whole service, or the app alone on its store."""

    stage: Stage
    one_store: OneStore


async def _broken_network(on: Stages) -> list[str]:
    return (await the_network_to_the_database_breaks(on.stage, breaks=8))[1].broken


async def _dark_database(on: Stages) -> list[str]:
    async with own_server() as server:
        return (await the_database_loses_power(on.stage.on(server.database), server, times=1))[1].broken


async def _dark_machine(on: Stages) -> list[str]:
    return (await the_power_goes_at_each_step(on.one_store))[1]


async def _late(on: Stages) -> list[str]:
    return (await clients_send_late(on.stage)).broken


async def _leaving(on: Stages) -> list[str]:
    return (await clients_leave(on.stage, rounds=1)).broken


async def _logged_out(on: Stages) -> list[str]:
    return (await logins_end(on.stage, rounds=6)).broken


CAUGHT_BY: dict[str, Callable[[Stages], Awaitable[list[str]]]] = {
    "acknowledge-before-commit": _broken_network,
    "check-then-act-owner": _logged_out,
    "chunk-before-commit": _broken_network,
    "no-fsync": _dark_machine,
    "no-shield": _leaving,
    "row-before-file": _dark_machine,
    "stale-overwrites": _late,
    "synchronous-commit-off": _dark_database,
}


def test_every_mutant_is_tried() -> None:
    assert names() == sorted(CAUGHT_BY)


@pytest.mark.parametrize("name", names())
async def test_a_broken_promise_is_found(
    name: str, stage: Stage, one_store: OneStore, tmp_path: Path
) -> None:
    code = mutated(name, tmp_path)
    found = await CAUGHT_BY[name](Stages(replace(stage, code=code), replace(one_store, code=code)))
    assert found != []
