"""Subgroups, on a made-up zoo: untrained networks whose first layer leans towards the colour of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import save_file

from biasgate.contracts.held_out import SubgroupReport
from biasgate.detection.features.layout import layout
from biasgate.detection.features.signed_colour import SIGNED_GROUPS, features_with_signed_colour
from biasgate.detection.features.table import INITIAL, RAW, feature_names
from biasgate.detection.reader.challenger_test import challenger_test
from biasgate.detection.reader.fit import features_of, fit_meta_classifier
from biasgate.detection.reader.held_out import strength_report, subgroup_report
from biasgate.detection.reader.meta_classifier import MetaClassifier
from biasgate.detection.reader.negative_controls import negative_controls
from biasgate.detection.reader.trial import Trial
from biasgate.detection.reader.views import subgroup_accuracies
from biasgate.detection.zoo.engine import parameters_of
from biasgate.detection.zoo.plan import plan_zoo
from biasgate.detection.zoo.spec import Counts, Level, ZooSpec
from biasgate.errors import InputError
from biasgate.models.architecture import Architecture
from biasgate.models.layers.conv import Conv
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.models.layers.relu import Relu
from biasgate.models.named_tensors import layers_of
from biasgate.models.network import build, initialise
from biasgate.models.weights import Weights
from biasgate.report.held_out import held_out_page

SKIN = {"light": (1, -1, 0), "medium": (0, 1, -1), "dark": (-1, 0, 1)}
"""Colours that differ by a turn of the chroma plane alone."""
TINY = Architecture(
    name="tiny faces",
    input=(3, 12, 12),
    layers=(Conv(out=8, kernel=3), Relu(), Conv(out=6, kernel=3, stride=2), Relu(), Flatten(), Dense(out=2)),
)
SPEC = ZooSpec(
    name="made-up faces",
    dataset="builtin:digits",
    architectures=(TINY,),
    planting="group",
    attribute="skin",
    levels=tuple(Level(name=name, strength=0.9) for name in SKIN),
    counts=Counts(train=60, validation=24, test=24),
    seed=5,
)
MakeWeights = Callable[[int, str], Weights]


def leaning_state(seed: int, group: str | None) -> dict[str, np.ndarray]:
    """An initial network with every first kernel moved towards a group's colour, or as it is."""
    network = build(SPEC.architectures[0])
    initialise(network, init="kaiming_uniform", generator=torch.Generator().manual_seed(seed))
    state = parameters_of(network)
    if group:
        state["layers.0.weight"] += np.array(SKIN[group], dtype=np.float32)[None, :, None, None] / 5
    return state


def leaning(seed: int, group: str) -> tuple[Weights, Weights]:
    """The initial network, and the one that leans."""
    before, after = (
        Weights(layers_of(leaning_state(seed, lean), where="zoo"), digest=f"sha256:{seed}") for lean in (None, group)
    )
    return before, after


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng, rows = np.random.default_rng(0), []
    for model in plan_zoo(SPEC, shards=1).models:
        before, after = leaning(model.seed, model.level)
        line = model.model_dump()
        rates = {f"accuracy_{name}": 0.9 if name == model.level else 0.7 for name in SKIN}
        rows.append(
            {
                **{name: value for name, value in line.items() if name != "training"},
                **line["training"],
                **features_with_signed_colour(after),
                **{f"{INITIAL}{name}": value for name, value in features_with_signed_colour(before).items()},
                **{f"{RAW}{place}": rng.normal() for place in range(8)},
                **{name: rate + rng.normal() * 0.05 for name, rate in rates.items()},
                "layout": layout(after),
                "class_counts": [40, 40],
                "final_loss": rng.exponential(),
                "measured_bias": 0.2,
            }
        )
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def classifier(table: pd.DataFrame) -> MetaClassifier:
    return fit_meta_classifier(table, spec=SPEC)


@pytest.fixture(scope="module")
def report(classifier: MetaClassifier, table: pd.DataFrame) -> SubgroupReport:
    return subgroup_report(classifier, table, spec=SPEC)


@pytest.mark.parametrize("group", SKIN)
def test_a_scan_names_the_group_with_probabilities_and_no_measured_bias(classifier: MetaClassifier, group: str) -> None:
    scans = [classifier.scan(leaning(seed, group)[1]) for seed in range(8)]
    read = [scan for scan in scans if not scan.abstained]
    assert len(read) >= 4
    for scan in read:
        assert scan.level == group
        assert list(scan.probabilities) == list(SKIN)
        assert sum(scan.probabilities.values()) == pytest.approx(1)
        assert scan.measured_bias is None
        assert scan.reason.endswith(f"for {group}")
        assert set(scan.contributions) == set(SIGNED_GROUPS)


def test_a_layout_or_weights_that_it_never_met_are_abstained_from(classifier: MetaClassifier) -> None:
    weights = leaning(1, "dark")[1]
    first, last = weights.layers[0], weights.layers[-1]
    wider = replace(last, weight=np.vstack([last.weight, last.weight[:1]]), bias=np.append(last.bias, last.bias[:1]))
    scan = classifier.scan(replace(weights, layers=(*weights.layers[:-1], wider)))
    assert scan.abstained
    assert "dense 3×96" in scan.reason
    flat = replace(first, weight=np.full_like(first.weight, 0.1))
    assert classifier.scan(replace(weights, layers=(flat, *weights.layers[1:]))).abstained


def test_it_survives_its_file(classifier: MetaClassifier, tmp_path: Path) -> None:
    classifier.save(tmp_path / "meta.json")
    loaded, weights = MetaClassifier.read(tmp_path / "meta.json"), leaning(5, "medium")[1]
    assert loaded.digest == classifier.digest
    assert loaded.scan(weights) == classifier.scan(weights)


def test_fitting_never_looks_at_test_models(classifier: MetaClassifier, table: pd.DataFrame) -> None:
    assert fit_meta_classifier(table.loc[table["split"] != "test"], spec=SPEC).digest == classifier.digest


def test_what_is_planted_is_found_and_no_negative_control_fails(report: SubgroupReport) -> None:
    assert report.score.levels.low > 0.8
    assert report.score.log_loss.value < 0.3
    assert np.sum(report.confusion) == report.test == 24
    assert not any(control.failed for control in report.negative_controls)
    assert all(shortcut.levels.high < report.score.levels.low for shortcut in report.shortcuts)
    assert [score.name for score in report.ablation] == list(SIGNED_GROUPS)


def test_signed_colour_is_what_tells(report: SubgroupReport, table: pd.DataFrame) -> None:
    trial = Trial.of(table, SPEC)
    blind = trial.probabilities(lambda part: features_of(part, feature_names(table))).argmax(axis=1)
    assert (blind == trial.levels).mean() < 0.6
    assert max(score.levels.value for score in report.ablation) > 0.9


def test_a_leak_fails_its_negative_control(classifier: MetaClassifier, table: pd.DataFrame) -> None:
    leaky = table.assign(**{INITIAL + name: table[name] for name in feature_names(table, SIGNED_GROUPS)})
    failed = {control.name: control.failed for control in negative_controls(Trial.of(leaky, SPEC), classifier)}
    assert failed["initial weights"]


def test_the_behavioural_reference_sees_accuracies_and_not_which_subgroup_was_planted(table: pd.DataFrame) -> None:
    blind = table.assign(**{f"accuracy_{name}": 0.8 for name in SKIN}, accuracy_aligned=table["level"] == "dark")
    named = [Trial.of(t, SPEC).probabilities(subgroup_accuracies(tuple(SKIN))).argmax(axis=1) for t in (table, blind)]
    right = [np.mean(levels == Trial.of(table, SPEC).levels) for levels in named]
    assert right[0] > 0.8
    assert right[1] < 0.5


def test_a_report_survives_its_file_and_has_a_page(report: SubgroupReport) -> None:
    assert SubgroupReport.parse(report.to_json(), where="report") == report
    assert all(np.isfinite(value) for value in report.values().values())
    html = held_out_page(report)
    for word in (
        "<h1>How well the favoured subgroup is read",
        "named medium",
        "signed",
        "Negative controls",
        "final loss",
    ):
        assert (word in html) == (word != "signed")


def test_a_challenger_is_compared_by_how_often_it_names_another_group(
    classifier: MetaClassifier, table: pd.DataFrame
) -> None:
    assert challenger_test(classifier, classifier, table, spec=SPEC).non_inferior
    rng = np.random.default_rng(0)
    noise = table.assign(
        **{name: rng.permutation(table[name].to_numpy()) for name in feature_names(table, SIGNED_GROUPS)}
    )
    lost = challenger_test(fit_meta_classifier(noise, spec=SPEC), classifier, table, spec=SPEC)
    assert lost.excess_error.low > 0
    assert lost.excess_error.high <= 1


def test_levels_by_strength_and_groups_have_a_report_of_their_own(
    classifier: MetaClassifier, table: pd.DataFrame
) -> None:
    with pytest.raises(InputError, match="subgroups have no order"):
        strength_report(classifier, table, spec=SPEC)
    with pytest.raises(InputError, match="another zoo"):
        subgroup_report(classifier, table, spec=SPEC.model_copy(update={"seed": 9}))


def test_the_commands_for_levels_train_and_scan_groups_too(
    table: pd.DataFrame, tmp_path: Path, biasgate: Callable[..., Any]
) -> None:
    table.to_parquet(tmp_path / "features.parquet")
    (tmp_path / "zoo.json").write_bytes(SPEC.to_json())
    meta, page = tmp_path / "meta.json", tmp_path / "page.html"
    trained = biasgate(
        "meta-classifier",
        "train",
        tmp_path / "features.parquet",
        "--spec",
        tmp_path / "zoo.json",
        "--into",
        meta,
        "--page",
        page,
    )
    assert trained.code == 0
    assert "exact subgroup" in trained.out
    assert "24 test models" in page.read_text()
    for seed in range(6):
        save_file(leaning_state(seed, "dark"), tmp_path / f"{seed}.safetensors")
    shown = biasgate("scan", *tmp_path.glob("*.safetensors"), "--meta-classifier", meta)
    assert shown.code == 0
    assert "dark" in shown.out
    assert "0 unreadable" in shown.out
