from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from biasgate.detection.features.invariant import INVARIANT_GROUPS
from biasgate.detection.reader.fit import features_of, fit_meta_classifier, split_of
from biasgate.detection.reader.held_out import strength_report
from biasgate.detection.reader.meta_classifier import MetaClassifier
from biasgate.detection.zoo.spec import Level, ZooSpec
from biasgate.errors import InputError
from biasgate.models.weights import Weights

STRANGE = ("kernel.inhibition.2", "kernel.flat.2", "spectrum.entropy.2", "spectrum.units.2", "linear.3.chroma_rank")
MakeWeights = Callable[[int, float], Weights]


@pytest.fixture(scope="module")
def classifier(table: pd.DataFrame, spec: ZooSpec) -> MetaClassifier:
    return fit_meta_classifier(table, spec=spec)


def test_it_reads_little_and_much_colour_as_what_they_are(
    classifier: MetaClassifier, weights_with: MakeWeights
) -> None:
    weak, strong = classifier.scan(weights_with(1, np.exp(-0.55))), classifier.scan(weights_with(2, np.exp(1.15)))
    assert (weak.level, strong.level) == ("none", "much")
    assert list(weak.probabilities) == ["none", "some", "much"]
    assert sum(weak.probabilities.values()) == pytest.approx(1)
    assert weak.measured_bias is not None
    assert strong.measured_bias is not None
    assert weak.measured_bias.value < 0.1
    assert strong.measured_bias.value > 0.8
    assert strong.model == "sha256:2"
    assert strong.meta_classifier == classifier.digest


def test_contributions_are_shares_of_the_reading_by_group(
    classifier: MetaClassifier, weights_with: MakeWeights
) -> None:
    scan = classifier.scan(weights_with(1, 3.0))
    assert set(scan.contributions) == set(INVARIANT_GROUPS)
    assert sum(map(abs, scan.contributions.values())) == pytest.approx(1)
    assert sum(scan.contributions.values()) > 0


def test_a_layout_it_never_met_is_refused_by_rule(classifier: MetaClassifier, weights_with: MakeWeights) -> None:
    weights = weights_with(1, 1.0)
    last = weights.layers[-1]
    wider = replace(last, weight=np.vstack([last.weight, last.weight[:1]]), bias=np.append(last.bias, last.bias[:1]))
    scan = classifier.scan(replace(weights, layers=(*weights.layers[:-1], wider)))
    assert scan.abstained
    assert scan.level is None
    assert "dense 11×32" in scan.reason


def test_a_graph_that_does_more_than_its_layers_never_gets_a_level(
    classifier: MetaClassifier, weights_with: MakeWeights
) -> None:
    known = weights_with(1, np.exp(-0.55))
    assert not classifier.scan(known).abstained
    scan = classifier.scan(replace(known, unexplained="a second branch"))
    assert scan.abstained
    assert scan.reason == "its weights alone do not explain what it answers: a second branch"


def test_units_that_cancel_each_other_never_hide_colour(classifier: MetaClassifier, weights_with: MakeWeights) -> None:
    strong = weights_with(2, np.exp(1.15))
    first, second, *rest = strong.layers
    weight, outgoing = first.weight.copy(), second.weight.copy()
    weight[:2] = weight.std() * np.random.default_rng(0).standard_normal(weight.shape[2:])
    outgoing[:, 0], outgoing[:, 1] = 3 * outgoing[:, 0], -3 * outgoing[:, 0]
    layers = (replace(first, weight=weight), replace(second, weight=outgoing), *rest)
    scan = classifier.scan(replace(strong, layers=layers))
    assert scan.abstained or scan.level == "much"


def test_weights_unlike_the_zoo_are_abstained_from(classifier: MetaClassifier, weights_with: MakeWeights) -> None:
    weights = weights_with(1, 1.0)
    first = weights.layers[0]
    flat = replace(first, weight=np.full_like(first.weight, 0.1))
    scan = classifier.scan(replace(weights, layers=(flat, *weights.layers[1:])))
    assert scan.abstained
    assert scan.level is None
    assert scan.probabilities == {}
    assert scan.measured_bias is None


@pytest.mark.parametrize("factor", [0.0, 1e-30, 1e37])
def test_degenerate_weights_never_get_a_level(
    classifier: MetaClassifier, weights_with: MakeWeights, factor: float
) -> None:
    weights = weights_with(1, 1.0)
    layers = tuple(replace(layer, weight=layer.weight * np.float32(factor)) for layer in weights.layers)
    assert classifier.scan(replace(weights, layers=layers)).abstained


def test_about_one_fresh_model_in_twenty_is_abstained_from(classifier: MetaClassifier, table: pd.DataFrame) -> None:
    distances = classifier.ood.distance(features_of(split_of(table, "test"), classifier.features))
    assert (distances > classifier.ood.limit).mean() < 0.2
    validation = classifier.ood.distance(features_of(split_of(table, "validation"), classifier.features))
    assert (validation > classifier.ood.limit).mean() <= 0.05


def test_it_survives_its_file(classifier: MetaClassifier, weights_with: MakeWeights, tmp_path: Path) -> None:
    classifier.save(tmp_path / "meta.json")
    loaded = MetaClassifier.read(tmp_path / "meta.json")
    assert loaded.digest == classifier.digest
    assert loaded.scan(weights_with(5, 1.5)) == classifier.scan(weights_with(5, 1.5))
    assert (tmp_path / "meta.json").stat().st_size < 5e6


def test_fitting_never_looks_at_test_models(classifier: MetaClassifier, table: pd.DataFrame, spec: ZooSpec) -> None:
    without = table.loc[table["split"] != "test"]
    assert fit_meta_classifier(without, spec=spec).digest == classifier.digest


def test_none_is_told_apart_though_it_has_no_place_on_the_axis(table: pd.DataFrame, spec: ZooSpec) -> None:
    names = {"none": ("none", 1.0), "some": ("some", 0.05), "much": ("much", 0.02)}
    jittered = table.assign(strength=[names[level][1] for level in table["level"]])
    levels = tuple(Level(name=name, strength=strength) for name, strength in names.values())
    sigma = spec.model_copy(update={"planting": "sigma", "levels": levels})
    report = strength_report(fit_meta_classifier(jittered, spec=sigma), jittered, spec=sigma)
    assert report.none_or_any.low > 0.7
    assert report.among_biased.rmse.value < 0.5


def test_architectures_of_different_depth_share_one_meta_classifier(table: pd.DataFrame, spec: ZooSpec) -> None:
    deeper = table["id"] % 3 == 0
    mixed = table.assign(layout=table["layout"].where(~deeper, "deeper"))
    classifier = fit_meta_classifier(mixed, spec=spec)
    assert classifier.roles
    assert len(classifier.layouts) == 2
    assert any(".last" in name for name in classifier.features)
    assert not any(".4" in name for name in classifier.features)


def test_repaired_models_that_it_has_met_are_no_strangers(table: pd.DataFrame, spec: ZooSpec) -> None:
    strange = {name: table[name] + 5 * table[name].std() for name in STRANGE}
    repaired = table.iloc[::3].assign(**strange, measured_bias=0.0, level="none")

    def abstained(classifier: MetaClassifier, rows: pd.DataFrame) -> float:
        distance = classifier.ood.distance(features_of(split_of(rows, "test"), classifier.features))
        return float((distance > classifier.ood.limit).mean())

    never, met = fit_meta_classifier(table, spec=spec), fit_meta_classifier(table, spec=spec, repaired=repaired)
    assert abstained(never, repaired) > 0.9
    assert abstained(met, repaired) < 0.3
    assert abstained(met, table) < 0.3


def test_a_missing_level_or_feature_is_refused(table: pd.DataFrame, spec: ZooSpec) -> None:
    with pytest.raises(InputError, match="no validation model at level much"):
        fit_meta_classifier(table.loc[table["level"] != "much"], spec=spec)
    holed = table.assign(**{"path.chroma": table["path.chroma"].where(table["id"] > 3)})
    with pytest.raises(InputError, match="lack some features"):
        fit_meta_classifier(holed, spec=spec)


def test_a_file_that_is_absent_or_altered_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        MetaClassifier.read(tmp_path / "absent.json")
    (tmp_path / "other.json").write_text('{"features": []}')
    with pytest.raises(InputError, match="MetaClassifier is not valid"):
        MetaClassifier.read(tmp_path / "other.json")
