"""A disk that drops what was not fsynced: a capture that was acknowledged is none of that."""

from __future__ import annotations

from tests.faults.scenarios import (
    OneStore,
    Stage,
    the_machine_loses_power,
    the_power_goes_at_each_step,
)


async def test_a_power_loss_between_any_two_file_operations_leaves_whole_captures(
    one_store: OneStore,
) -> None:
    steps, broken = await the_power_goes_at_each_step(one_store)
    assert broken == []
    assert steps > 20


async def test_a_power_loss_under_load_leaves_whole_captures(stage: Stage) -> None:
    found = await the_machine_loses_power(stage)
    assert found.broken == []
    assert found.captures > 10
