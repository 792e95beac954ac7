from __future__ import annotations

import base64
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from biasgate.contracts.held_out import StrengthReport
from biasgate.detection.features.table import INITIAL, feature_names
from biasgate.detection.reader.challenger_test import challenger_test
from biasgate.detection.reader.fit import fit_meta_classifier
from biasgate.detection.reader.held_out import strength_report
from biasgate.detection.reader.meta_classifier import MetaClassifier
from biasgate.detection.reader.scores import none_or_any, quadratic_kappa
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.errors import InputError
from biasgate.report.held_out import held_out_page
from biasgate.report.held_out_figure import held_out_figure


@pytest.fixture(scope="module")
def classifier(table: pd.DataFrame, spec: ZooSpec) -> MetaClassifier:
    return fit_meta_classifier(table, spec=spec)


@pytest.fixture(scope="module")
def report(classifier: MetaClassifier, table: pd.DataFrame, spec: ZooSpec) -> StrengthReport:
    return strength_report(classifier, table, spec=spec)


def failed(report: StrengthReport) -> dict[str, bool]:
    return {control.name: control.failed for control in report.negative_controls}


def test_signal_in_the_weights_is_found_and_beats_the_shortcuts(report: StrengthReport) -> None:
    assert report.score.levels.low > 0.6
    assert report.score.extremes.value == 1
    assert all(shortcut.rmse.low > report.score.rmse.high for shortcut in report.shortcuts[:1])
    assert report.measured_bias.r2.low > 0.5
    assert np.sum(report.confusion) == report.test == 60


def test_a_clean_zoo_fails_no_negative_control(report: StrengthReport) -> None:
    assert not any(failed(report).values())
    assert set(failed(report)) == {"recipe", "initial weights", "image subset", "shuffled labels", "raw weights"}


@pytest.mark.parametrize(
    ("name", "leak"),
    [
        ("recipe", lambda t: {"learning_rate": np.exp(-6 - np.log(t["strength"]))}),
        ("initial weights", lambda t: {INITIAL + name: t[name] for name in feature_names(t)}),
        ("image subset", lambda t: {"class_counts": [[int(1000 * s)] * 10 for s in np.log(t["strength"])]}),
        ("raw weights", lambda t: {"raw.0": 100 * np.log(t["strength"])}),
    ],
)
def test_each_leak_fails_its_own_negative_control(
    name: str, leak: object, classifier: MetaClassifier, table: pd.DataFrame, spec: ZooSpec
) -> None:
    leaky = table.assign(**leak(table))  # type: ignore[operator]
    assert failed(strength_report(classifier, leaky, spec=spec))[name]


def test_every_figure_has_an_interval_around_it(report: StrengthReport) -> None:
    document = StrengthReport.parse(report.to_json(), where="report")
    assert document == report
    for score in (report.score, report.among_biased, report.reference, *report.shortcuts, *report.ablation):
        for name in ("rmse", "mae", "levels", "halves", "extremes", "kappa", "log_loss", "brier"):
            estimate = getattr(score, name)
            assert estimate.low <= estimate.value <= estimate.high
    assert all(np.isfinite(value) for value in report.values().values())


def test_the_middle_of_an_odd_number_of_levels_has_no_half(report: StrengthReport) -> None:
    assert report.score.halves.n == report.score.extremes.n == 40


def test_the_biased_are_scored_among_themselves_and_against_none(report: StrengthReport) -> None:
    assert report.among_biased.levels.n == 40
    assert report.among_biased.levels.value >= report.score.levels.value - 0.1
    assert report.none_or_any.low > 0.6
    assert 0 <= report.score.calibration.sureness <= 1


def test_a_reader_that_calls_all_biased_is_at_chance_about_none() -> None:
    probabilities = np.tile([0.1, 0.3, 0.6], (30, 1))
    assert none_or_any(probabilities, np.arange(30) % 3).value == 0.5


def test_kappa_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    first = rng.integers(5, size=100)
    second = np.clip(first + rng.integers(-1, 2, size=100), 0, 4)
    expected = cohen_kappa_score(first, second, weights="quadratic")
    assert quadratic_kappa(first.astype(float), second.astype(float)) == pytest.approx(expected)


def test_a_classifier_of_another_zoo_is_refused(classifier: MetaClassifier, table: pd.DataFrame, spec: ZooSpec) -> None:
    with pytest.raises(InputError, match="another zoo"):
        strength_report(classifier, table, spec=spec.model_copy(update={"seed": 9}))


def test_equal_reports_give_equal_figures(report: StrengthReport) -> None:
    figure = held_out_figure(report)
    assert figure == held_out_figure(report)
    assert figure.startswith('<svg role="img" aria-label="')
    assert figure.rstrip().endswith("</svg>")


def test_on_a_page_each_panel_fits_the_frame_that_kubeflow_shows_it_in(report: StrengthReport) -> None:
    page = held_out_page(report)
    pictures = [base64.b64decode(one).decode() for one in re.findall(r"svg\+xml;base64,([^\"]+)", page)]
    widths = [
        float(found) for picture in pictures for found in re.findall(r'<svg role[^>]* width="([\d.]+)pt"', picture)
    ]
    assert len(widths) == 2
    assert max(widths) * 96 / 72 <= 400, "pixels"
    assert page.count("<td data-name=") == 6 * (3 + len(report.shortcuts) + len(report.ablation))


def test_a_challenger_is_non_inferior_to_itself_and_inferior_when_blind(
    classifier: MetaClassifier, table: pd.DataFrame, spec: ZooSpec
) -> None:
    assert challenger_test(classifier, classifier, table, spec=spec).non_inferior
    rng = np.random.default_rng(0)
    names = feature_names(table)
    noise = table.assign(**{name: rng.permutation(table[name].to_numpy()) for name in names})
    blind = fit_meta_classifier(noise, spec=spec)
    lost = challenger_test(blind, classifier, table, spec=spec)
    assert not lost.non_inferior
    assert lost.excess_error.low > 0


def test_one_test_model_cannot_decide(classifier: MetaClassifier, table: pd.DataFrame, spec: ZooSpec) -> None:
    with pytest.raises(InputError, match="fewer than two"):
        challenger_test(classifier, classifier, table[table["split"] == "test"].iloc[:1], spec=spec)
