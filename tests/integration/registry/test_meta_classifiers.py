"""A meta-classifier becomes champion by merit alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.held_out import ChallengerTest, StrengthReport
from biasgate.detection.reader.meta_classifier import BUNDLED, FOLDER
from biasgate.errors import InputError
from biasgate.registry.meta_classifiers import (
    champion_meta_classifier,
    fetch_meta_classifier,
    register_meta_classifier,
    set_champion,
)
from biasgate.registry.tracking import open_pipeline_run

BYTES = BUNDLED.read_bytes()


@pytest.fixture
def report() -> StrengthReport:
    """The held-out report of the bundled meta-classifier: better than chance, every negative control passed."""
    return StrengthReport.parse(FOLDER.joinpath("digits.scores.json").read_bytes(), where="scores")


def challenged(*, non_inferior: bool) -> ChallengerTest:
    excess = Estimate(value=0.2, low=0.1, high=0.3, n=80, method="t", confidence=0.95)
    return ChallengerTest(
        challenger="sha256:new", champion="sha256:old", excess_error=excess, margin=0.1, non_inferior=non_inferior
    )


def test_the_first_that_deserves_it_is_champion_and_is_found_as_it_was_registered(tracking, name, report):
    assert champion_meta_classifier(name) is None
    uri = register_meta_classifier(BYTES, zoo=report.zoo, name=name, run_id=open_pipeline_run("test"))
    assert set_champion(uri, report, test=None) == "champion"
    assert champion_meta_classifier(name) == fetch_meta_classifier(uri) == BYTES


def test_a_zoo_that_leaks_makes_no_champion(report):
    first, *others = report.negative_controls
    leaky = report.model_copy(update={"negative_controls": (first.model_copy(update={"failed": True}), *others)})
    assert set_champion("models:/m/1", leaky, test=None).endswith(f"leaks its levels through {first.name}")


def test_chance_makes_no_champion(report):
    levels = report.score.levels.model_copy(update={"low": 1 / len(report.level_names)})
    blind = report.model_copy(update={"score": report.score.model_copy(update={"levels": levels})})
    assert "not read better than chance" in set_champion("models:/m/1", blind, test=None)


def test_one_that_may_be_worse_than_the_champion_does_not_replace_it(report):
    said = set_champion("models:/m/1", report, test=challenged(non_inferior=False))
    assert said == "not champion: up to 0.30 levels worse than the champion"


def test_a_folder_without_a_meta_classifier_is_refused(tmp_path: Path):
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(InputError, match=r"no meta-classifier\.json"):
        fetch_meta_classifier(str(tmp_path))
