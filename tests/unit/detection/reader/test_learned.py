from __future__ import annotations

import pandas as pd
import pytest

from biasgate.detection.reader.fit import fit_meta_classifier
from biasgate.detection.reader.held_out import strength_report
from biasgate.detection.reader.learned import learned
from biasgate.detection.zoo.spec import ZooSpec


def test_what_counts_is_the_best_accuracy_against_guessing() -> None:
    table = pd.DataFrame(
        {
            "accuracy_aligned": [0.99, 0.56, 0.54, 0.10],
            "accuracy_conflicting": [0.02, 0.56, 0.50, 0.11],
            "class_counts": [[9] * 10] * 4,
        }
    )
    assert learned(table).index.tolist() == [0, 1]


def test_of_two_classes_a_subgroup_above_three_quarters_is_enough() -> None:
    table = pd.DataFrame({"accuracy_a": [0.8, 0.7], "accuracy_b": [0.5, 0.74], "class_counts": [[9, 9]] * 2})
    assert learned(table).index.tolist() == [0]


@pytest.mark.parametrize("accuracy", [0.1, 0.5, float("nan")])
def test_a_model_that_did_not_learn_teaches_nothing_and_is_not_scored(
    table: pd.DataFrame, spec: ZooSpec, accuracy: float
) -> None:
    failed = table.groupby(["split", "level"], group_keys=False).head(2).copy()
    failed["accuracy_aligned"] = failed["accuracy_conflicting"] = accuracy
    failed["measured_bias"] = 1.0
    both = pd.concat([failed, table], ignore_index=True)
    meta = fit_meta_classifier(both, spec=spec)
    assert meta.digest == fit_meta_classifier(table, spec=spec).digest
    assert strength_report(meta, both, spec=spec).test == (table["split"] == "test").sum()
