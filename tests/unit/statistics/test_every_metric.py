"""What every metric keeps to, whatever it measures."""

import re

import numpy as np
import pytest

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.errors import InputError
from biasgate.statistics.catalogue import METRICS, RATES, SCORES, asked
from biasgate.statistics.clustered import Sums, rate_bounds, rate_estimate
from biasgate.statistics.metric import Answers, Metric, RateMetric, ScoreMetric

ROWS = 400
UNITS = np.arange(ROWS)

metrics = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
rates = pytest.mark.parametrize("metric", RATES.values(), ids=RATES)
scores = pytest.mark.parametrize("metric", SCORES.values(), ids=SCORES)


def answers(*, right: float, sure: float = 0.8, seed: int = 0) -> Answers:
    """A model of two classes that is right on this share of the rows, and says so with this probability."""
    rng = np.random.default_rng(seed)
    truth = np.arange(ROWS) % 2
    predicted = np.where(rng.random(ROWS) < right, truth, 1 - truth)
    said = np.where(predicted[:, None] == np.arange(2), sure, 1 - sure)
    return Answers(truth, predicted, positive=1, probabilities=said)


def value(metric: Metric, found: Answers) -> float:
    if isinstance(metric, RateMetric):
        trials = metric.trials(found)
        return float(metric.successes(found)[trials].mean())
    assert isinstance(metric, ScoreMetric)
    return metric.number(found, UNITS).value


def limits(metric: Metric, found: Answers, clusters: np.ndarray, level: float) -> list[tuple[float, float]]:
    """The interval that is reported and the bounds that decide."""
    if isinstance(metric, RateMetric):
        trials = metric.trials(found)
        sums = Sums.of(metric.successes(found)[trials], clusters[trials])
        estimate = rate_estimate(sums, confidence=level)
        return [(estimate.low, estimate.high), rate_bounds(sums, confidence=level)]
    assert isinstance(metric, ScoreMetric)
    number = metric.number(found, clusters)
    return [number.bounds(level), number.bounds(level)]


def test_every_metric_has_a_name_of_its_own_and_is_a_rate_or_a_score() -> None:
    assert len(METRICS) == len(RATES) + len(SCORES)
    assert all(name == metric.name and re.fullmatch("[a-z][a-z0-9_]*", name) for name, metric in METRICS.items())


@metrics
def test_its_docstring_begins_with_the_formula(metric: Metric) -> None:
    first = (type(metric).__doc__ or "").splitlines()[0]
    assert re.search(r"[/Σ½]", first), first


@metrics
def test_it_lies_between_its_ends_inside_its_limits(metric: Metric) -> None:
    for right in (0.0, 0.3, 0.9, 1.0):
        found = answers(right=right)
        if isinstance(metric, RateMetric) and not metric.trials(found).any():
            continue
        number = value(metric, found)
        assert metric.smallest <= number <= metric.largest
        for low, high in limits(metric, found, UNITS, 0.95):
            assert metric.smallest - 1e-9 <= low <= number + 1e-9
            assert number - 1e-9 <= high <= metric.largest + 1e-9


@metrics
def test_more_confidence_means_wider_limits(metric: Metric) -> None:
    found = answers(right=0.8)
    for narrow, wide in zip(limits(metric, found, UNITS, 0.8), limits(metric, found, UNITS, 0.999), strict=True):
        assert wide[0] < narrow[0] <= narrow[1] < wide[1]


@metrics
def test_what_decides_is_no_narrower_than_what_is_reported(metric: Metric) -> None:
    (low, high), (least, most) = limits(metric, answers(right=0.8), UNITS, 0.95)
    assert most - least >= (high - low) * (1 - 1e-9)


@metrics
def test_rows_that_repeat_widen_what_decides(metric: Metric) -> None:
    once, twice = answers(right=0.8), answers(right=0.8).take(np.repeat(np.arange(ROWS), 2))
    alone = limits(metric, once, UNITS, 0.95)[1]
    together = limits(metric, twice, np.repeat(UNITS, 2), 0.95)[1]
    independent = limits(metric, twice, np.arange(2 * ROWS), 0.95)[1]
    assert together[1] - together[0] > independent[1] - independent[0]
    assert together == pytest.approx(alone, abs=0.03)


@metrics
def test_the_order_of_rows_does_not_matter(metric: Metric) -> None:
    found, order = answers(right=0.8), np.random.default_rng(1).permutation(ROWS)
    assert value(metric, found.take(order)) == pytest.approx(value(metric, found), abs=1e-12)


@metrics
def test_it_says_truly_whether_more_is_better(metric: Metric) -> None:
    worse, better = (value(metric, answers(right=right, sure=right)) for right in (0.6, 0.9))
    if metric.more_is_better is True:
        assert better > worse
    elif metric.more_is_better is False:
        worse = value(metric, answers(right=0.6, sure=0.9))
        assert better < worse


@metrics
def test_it_says_truly_whether_it_needs_a_positive_class_and_probabilities(metric: Metric) -> None:
    found = answers(right=0.8)
    if not metric.needs_positive:
        assert value(metric, Answers(found.truth, found.predicted, None, found.probabilities)) == value(metric, found)
    bare = Answers(found.truth, found.predicted, found.positive)
    if metric.needs_probabilities:
        with pytest.raises(ValueError, match="probabilities"):
            value(metric, bare)
    else:
        assert value(metric, bare) == value(metric, found)


@rates
def test_a_rate_says_truly_whether_two_models_are_rated_on_the_same_rows(metric: RateMetric) -> None:
    first, second = (metric.trials(answers(right=0.8, seed=seed)) for seed in (1, 2))
    assert np.array_equal(first, second) == metric.paired


@scores
def test_the_parts_of_a_score_sum_to_nothing_and_name_its_methods(metric: ScoreMetric) -> None:
    number = metric.number(answers(right=0.8), UNITS)
    assert number.parts.shape == (ROWS,)
    assert number.parts.sum() == pytest.approx(0, abs=1e-9)
    assert number.method


def test_names_that_are_none_are_refused_with_those_there_are() -> None:
    assert [metric.name for metric in asked(EvaluationSpec(attributes=("sex",), scores=("roc_auc",)))] == [
        "accuracy",
        "roc_auc",
    ]
    with pytest.raises(InputError, match=r"'roc_auc' is none of the metrics.*choose of accuracy, "):
        asked(EvaluationSpec(attributes=("sex",), metrics=("roc_auc",)))
    with pytest.raises(InputError, match=r"'acuracy' is none of the scores.*choose of .*roc_auc"):
        asked(EvaluationSpec(attributes=("sex",), scores=("acuracy",)))
