"""The benchmark's table of new methods: rivals, seeds and what validation would have chosen."""

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
RIVALS = {"one": "GroupDRO", "two": "JTT"}


@pytest.fixture(scope="module")
def table() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        return import_module("repair_arms_table")


def row(arm: str, seed: int, *, worst: float, validation: list[list[float]], world: str = "one") -> dict[str, Any]:
    return {"world": world, "arm": arm, "seed": seed, "worst_group": worst, "validation": validation}


def test_only_seeds_that_all_arms_have_count_and_a_world_without_its_rival_has_no_table(table: ModuleType):
    rows = [row("GroupDRO", seed, worst=0.5, validation=[[0.5, 1]]) for seed in (10, 11)]
    rows += [row("full fine-tuning", 10, worst=0.5, validation=[[0.5, 1]])]
    rows += [row("full fine-tuning", 10, worst=0.5, validation=[[0.5, 1]], world="two")]
    found = table.by_world(rows, RIVALS)
    assert {name: {arm: list(seeds) for arm, seeds in arms.items()} for name, arms in found.items()} == {
        "one": {"GroupDRO": [10], "full fine-tuning": [10]}
    }


def test_a_competition_takes_what_validation_prefers_and_not_what_the_test_does(table: ModuleType):
    rows = [
        row("full fine-tuning", 10, worst=0.9, validation=[[0.6, 1.4]]),
        row("GroupDRO", 10, worst=0.8, validation=[[0.7, 1.5]]),
        row(table.NEW[0], 10, worst=0.1, validation=[[0.7, 1.6]]),
        row("ThresholdOptimizer", 10, worst=1.0, validation=[]),
    ]
    arms = table.with_competitions(table.by_world(rows, {"one": "GroupDRO"})["one"])
    assert arms["competition"][10]["worst_group"] == 0.1
    assert arms["competition without the new"][10]["worst_group"] == 0.8
