"""Samples whose value is unknown veto nothing, and hide nothing."""

from dataclasses import replace

import numpy as np
import pytest

from biasgate.contracts.evaluation import Evaluation
from biasgate.data.dataset import UNKNOWN, Dataset
from biasgate.evaluation.measure import measure
from biasgate.gate.policy import Policy

MODEL = "sha256:" + "1" * 64


@pytest.fixture
def evaluation(asked: Policy, people: Dataset) -> Evaluation:
    """A candidate that is right about everybody, the sex of three of whom is unknown."""
    sex = people.attributes["sex"].mask(np.arange(len(people)) < 3, UNKNOWN)
    some = replace(people, attributes=people.attributes.assign(sex=sex))
    probabilities = np.eye(2)[people.labels] * 0.9 + 0.05
    return measure(people.labels, some, asked.evaluation, model=MODEL, provider="p", probabilities=probabilities)


def test_three_people_of_unknown_sex_do_not_stop_a_rule(result, rich, evaluation: Evaluation) -> None:
    for rule in ("gap", "worst", "ratio"):
        assert result(rule, rich(evaluation=evaluation)).outcome == "pass"


def test_subgroups_must_add_up_to_all_whose_value_is_known(result, rich, evaluation: Evaluation) -> None:
    without_them = evaluation.model_copy(update={"unknown": {"sex": 2}})
    found = result("gap", rich(evaluation=without_them))
    assert found.outcome == "insufficient"
    assert "do not add up" in found.sentence
