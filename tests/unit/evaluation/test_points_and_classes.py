"""Rates at operating points, above the median, and of each class against the others."""

import numpy as np
import pandas as pd
import pytest

from biasgate import check, evaluate, load_policy
from biasgate.errors import InputError

N = 1200
RNG = np.random.default_rng(1)
SEX = np.where(np.arange(N) % 2, "f", "m")
TRUE = RNG.integers(0, 2, N)
SCORES = np.clip(0.25 + 0.5 * TRUE + RNG.normal(0, 0.2, N) - 0.25 * TRUE * (SEX == "f"), 0.001, 0.999)


def policy(evaluation: str, *rules: str):
    return load_policy(
        f"name: p\nevaluation: {{{evaluation}, attributes: [sex]}}\n"
        "weight_scan: {flag_levels: [high], on_flag: ignore, on_abstain: ignore}\n"
        f"rules: [{', '.join(rules)}]\nlooks: 1\n"
    )


def measured(rules, **given):
    options = {"y_true": TRUE, "scores": SCORES, "attributes": {"sex": SEX}} | given
    return evaluate(**options, policy=rules)


def cells(evaluation, metric, label, **subgroup):
    found = [c for c in evaluation.cells if (c.metric, c.label, c.subgroup) == (metric, label, subgroup)]
    return found[0].estimate.value


RATIO = "{id: r, kind: ratio, attribute: sex, min: 0.5}"


def test_rates_are_measured_at_each_operating_point():
    found = measured(policy("metrics: [selection_rate, accuracy], at: [0.3, 0.7]", RATIO))
    assert found.labels == ("scores from 0.3", "scores from 0.7")
    for point in (0.3, 0.7):
        label = f"scores from {point}"
        assert cells(found, "selection_rate", label, sex="f") == pytest.approx(np.mean(SCORES[SEX == "f"] >= point))
        assert cells(found, "accuracy", label) == pytest.approx(np.mean((point <= SCORES) == TRUE))


def test_a_sweep_has_bands_that_hold_at_all_points_at_once():
    one = measured(policy("metrics: [selection_rate], at: [0.5]", RATIO))
    many = measured(policy("metrics: [selection_rate], at: [0.1, 0.3, 0.5, 0.7, 0.9]", RATIO))
    (alone,) = [c for c in one.cells if c.subgroup == {"sex": "f"}]
    (among,) = [c for c in many.cells if c.subgroup == {"sex": "f"} and c.label == "scores from 0.5"]
    assert alone.bounds == among.bounds
    assert among.simultaneous[0] < alone.simultaneous[0] < alone.simultaneous[1] < among.simultaneous[1]


def test_a_rule_asks_about_one_operating_point_or_about_all():
    scored = "metrics: [selection_rate], at: [0.1, 0.7]"
    one = "{id: r, kind: gap, metric: selection_rate, attribute: sex, max: 0.12, label: scores from 0.1}"
    every = one.replace(", label: scores from 0.1", "")
    for rule, outcome in ((one, "pass"), (every, "fail")):
        rules = policy(scored, rule)
        assert check(measured(rules), rules).outcome == outcome


def test_a_scoring_rate_is_the_share_above_the_median_of_all():
    rules = policy("metrics: [selection_rate], at: [median]", RATIO.replace("0.5", "0.9"))
    found = measured(rules)
    assert found.labels == ("scores above the median",)
    above = np.median(SCORES) < SCORES
    expected = above[SEX == "f"].mean() / above[SEX == "m"].mean()
    assert found.ratios[0].estimate.value == pytest.approx(expected)
    assert check(found, rules).outcome == "fail"


def test_with_sampling_weights_half_of_the_population_is_above_the_median():
    """Rows that stand for three people count as three rows do."""
    weights = np.where(TRUE == 1, 3.0, 1.0)
    rules = policy("metrics: [selection_rate], at: [median]", RATIO)
    found = measured(rules, weights=weights)
    above = np.median(np.repeat(SCORES, weights.astype(int))) < SCORES
    assert cells(found, "selection_rate", "scores above the median") == pytest.approx(
        np.average(above, weights=weights)
    )
    assert cells(found, "selection_rate", "scores above the median") == pytest.approx(0.5, abs=1e-3)


def test_scores_beside_operating_points_are_about_all_of_them():
    area = "{id: a, kind: worst_group, metric: roc_auc, attribute: sex, min: 0.6}"
    rules = policy("metrics: [selection_rate], scores: [roc_auc], at: [0.2, 0.8]", area)
    found = measured(rules)
    assert {score.label for score in found.scores} == {None}
    assert check(found, rules).outcome == "pass"


def test_points_need_probabilities():
    with pytest.raises(InputError, match="probability"):
        measured(policy("metrics: [selection_rate], at: [0.3]", RATIO), y_pred=TRUE, scores=None)


NAMES = np.array(["cat", "dog", "owl"])
KIND = RNG.integers(0, 3, N)
SAID = np.where(RNG.random(N) < 0.1, (KIND + 1) % 3, KIND)
ODDS = (
    "{id: macro_tpr, kind: gap, metric: balanced_accuracy, attribute: sex, max: 0.15}",
    "{id: macro_fpr, kind: gap, metric: macro_false_positive_rate, attribute: sex, max: 0.15}",
    "{id: tpr, kind: gap, metric: true_positive_rate, attribute: sex, max: 0.15}",
    "{id: fpr, kind: gap, metric: false_positive_rate, attribute: sex, max: 0.15}",
)
EACH = (
    "metrics: [accuracy, true_positive_rate, false_positive_rate], "
    "scores: [balanced_accuracy, macro_false_positive_rate], each_class: true"
)


def of_kinds(rules, said=SAID):
    return measured(rules, y_true=NAMES[KIND], y_pred=NAMES[said], scores=None)


def test_macro_and_per_class_equalised_odds_stand_in_one_policy():
    rules = policy(EACH, *ODDS)
    found = of_kinds(rules)
    assert found.labels == tuple(NAMES)
    assert cells(found, "accuracy", None) == pytest.approx(np.mean(SAID == KIND))
    for code, name in enumerate(NAMES):
        assert cells(found, "true_positive_rate", name) == pytest.approx(np.mean(SAID[code == KIND] == code))
        assert cells(found, "false_positive_rate", name) == pytest.approx(np.mean(SAID[code != KIND] == code))
    scores = {score.metric: score.estimate.value for score in found.scores if not score.subgroup}
    tpr = [np.mean(SAID[code == KIND] == code) for code in range(3)]
    fpr = [np.mean(SAID[code != KIND] == code) for code in range(3)]
    assert scores["balanced_accuracy"] == pytest.approx(np.mean(tpr))
    assert scores["macro_false_positive_rate"] == pytest.approx(np.mean(fpr))
    assert check(found, rules).outcome == "pass"


def test_bias_in_one_class_that_the_macro_rate_hides_fails_the_rule_of_each():
    """Of women half the owls are called dogs."""
    turned = (KIND == 2) & (SEX == "f") & (np.arange(N) % 4 == 1)
    found = of_kinds(policy(EACH, *ODDS), np.where(turned, 1, KIND))
    outcomes = {rule.rule: rule.outcome for rule in check(found, policy(EACH, *ODDS)).rules}
    assert outcomes["tpr"] == "fail"
    assert outcomes["macro_fpr"] == "pass"


def test_each_class_leaves_no_positive_one():
    with pytest.raises(InputError, match="positive in its turn"):
        of_kinds(policy(EACH + ", positive: cat", *ODDS))


def test_thresholds_of_each_class_are_labels_of_their_own():
    sure = pd.DataFrame(np.eye(3)[KIND] * 0.4 + 0.2, columns=NAMES)
    rules = policy("metrics: [true_positive_rate], each_class: true, at: [0.5, 0.9]", RATIO)
    found = measured(rules, y_true=NAMES[KIND], y_pred=None, scores=sure)
    assert "owl, scores from 0.5" in (found.labels or ())
    assert cells(found, "true_positive_rate", "owl, scores from 0.5") == 1
    assert cells(found, "true_positive_rate", "owl, scores from 0.9") == 0


def test_calibration_of_each_class_finds_the_one_whose_probability_is_understated():
    stated = pd.DataFrame(np.eye(3)[KIND] * 0.4 + 0.2, columns=NAMES)
    stated["owl"] -= 0.1
    stated["dog"] += 0.1
    rule = "{id: c, kind: calibration, metric: calibration_in_the_large, attribute: sex, max: 0.2}"
    found = measured(
        policy("metrics: [accuracy], scores: [calibration_in_the_large], each_class: true", rule),
        y_true=NAMES[KIND],
        y_pred=None,
        scores=stated,
    )
    whole = {score.label: score.estimate.value for score in found.scores if not score.subgroup}
    expected = {name: np.mean(stated[name] - (code == KIND)) for code, name in enumerate(NAMES)}
    assert whole == pytest.approx(expected)
    assert whole["owl"] < -0.05 < 0.05 < whole["dog"]
