"""Readers of the benchmark are crossed: what is read saw other images than what was learned from."""

from collections.abc import Callable
from pathlib import Path

import meta_crossed
import numpy as np
import pandas as pd
import pytest
from meta_crossed import crossed, crossed_scores
from meta_published import pictures
from meta_readers import Models, Reading
from meta_zoos import plan_of

from biasgate.data.sources.digits import digits
from biasgate.detection.zoo.spec import ZooSpec


@pytest.fixture
def zoo(tmp_path: Path) -> tuple[Models, ZooSpec]:
    """Twenty-four models of known level, without weights."""
    spec = plan_of("published_digits", tmp_path).spec
    splits = ["train", "train", "validation", "test"] * 6
    names = [level.name for level in spec.levels]
    levels = [names[place // 4 % 4] for place in range(24)]
    return Models(pd.DataFrame({"id": range(24), "split": splits, "level": levels}), [{}] * 24), spec


def knowing(seen: list[tuple[set[int], set[int], set[int]]], *, shift: int) -> Callable[..., object]:
    """A reader that is told every level and misses it by ``shift``; it notes which models it got for what."""

    def peer(known: Models, calibration: Models, spec: ZooSpec) -> Callable[[Models], Reading]:
        order = {level.name: place for place, level in enumerate(spec.levels)}

        def read(asked: Models) -> Reading:
            seen.append((set(known.table["id"]), set(calibration.table["id"]), set(asked.table["id"])))
            named = [(order[level] + shift) % 4 for level in asked.table["level"]]
            return np.array(named, dtype=float), np.eye(4)[named]

        return read

    return peer


def test_each_model_is_read_once_by_what_learned_from_the_other_half(
    zoo: tuple[Models, ZooSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    models, spec = zoo
    seen: list[tuple[set[int], set[int], set[int]]] = []
    monkeypatch.setattr(meta_crossed, "READERS", {"all": knowing(seen, shift=0)})
    rows = crossed(models, spec)
    assert sorted(rows["id"]) == list(range(24))
    half = set(models.table.loc[models.table["split"] == "train", "id"])
    for known, calibration, asked in seen:
        assert known in (half, set(range(24)) - half)
        assert not known & (calibration | asked)
        assert not calibration & asked


def test_a_reader_that_misses_every_level_by_one_scores_what_that_is_worth(
    zoo: tuple[Models, ZooSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    models, spec = zoo
    readers = {"right": knowing([], shift=0), "by one": knowing([], shift=1)}
    monkeypatch.setattr(meta_crossed, "READERS", readers)
    scores = crossed_scores(crossed(models, spec))
    assert {what: scores["right"][what]["value"] for what in scores["right"]} == {
        "levels": 1,
        "halves": 1,
        "extremes": 1,
    }
    assert scores["by one"]["levels"]["value"] == 0
    assert scores["by one"]["halves"]["value"] == pytest.approx(0.5)


def test_a_digit_is_met_in_as_many_colours_as_are_wanted() -> None:
    rows, worn = pictures(digits(), 50, 3, 0.02, np.random.default_rng(0))
    met, times = np.unique(rows, return_counts=True)
    assert (len(met), set(times)) == (50, {3})
    assert worn.shape == (150, 3)
    assert len(np.unique(worn, axis=0)) == 150
