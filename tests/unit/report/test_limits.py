"""What was not tested is generated from the evidence."""

from collections.abc import Callable

from biasgate.gate.evidence import Champion
from biasgate.report.limits import untested


def sentences(story) -> str:
    return "\n".join(untested(story.evidence, story.policy))


def test_unmeasured_metrics_and_other_attributes_are_named(rejected):
    text = sentences(rejected)
    assert "other than alignment and ink" in text
    assert (
        "Not measured: false negative rate, false positive rate, precision, selection rate, true negative rate" in text
    )
    assert "one data set of 750 clusters" in text


def test_intersections_are_named_only_when_they_were_not_measured(rejected, tell: Callable):
    measured = rejected.evidence.evaluation
    assert "Intersections" not in sentences(rejected)
    single = measured.model_copy(update={"cells": tuple(c for c in measured.cells if len(c.subgroup) < 2)})
    assert "Intersections of alignment and ink were not measured." in sentences(tell(evaluation=single))


def test_an_attribute_that_the_policy_asks_for_and_nobody_measured_is_named(rejected, tell: Callable):
    measured = rejected.evidence.evaluation
    partial = measured.model_copy(update={"cells": tuple(c for c in measured.cells if "ink" not in c.subgroup)})
    text = sentences(tell(evaluation=partial))
    assert "The policy asks for ink" in text
    assert "No intersection of attributes was measured." in text


def test_small_cells_are_named_without_counts_below_ten(tell: Callable, measured):
    text = sentences(tell(evaluation=measured(inks={"rare": 7, "few": 20, "thin": 60})))
    assert "ink = few (accuracy, n 20)" in text
    assert "ink = rare (accuracy, n <10)" in text


def test_a_champion_that_was_not_measured_is_named(tell: Callable):
    story = tell(champion=Champion(version="4", digest="sha256:0"))
    assert "The champion, version 4, was not measured beside the candidate." in sentences(story)


def test_without_an_evaluation_that_is_the_first_thing_said(insufficient):
    assert untested(insufficient.evidence, insufficient.policy)[0].startswith("No subgroup was measured")
