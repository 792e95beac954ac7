"""``biasgate.evaluate`` takes what people hold, joins it by position, and refuses what it would have to guess."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import biasgate

ROWS = 400
SEX = ["female", "male"] * (ROWS // 2)
TRUTH = [0, 0, 1, 1] * (ROWS // 4)
SAID = [0, 1, 1, 1] * (ROWS // 4)


def evaluated(**given: Any) -> biasgate.Evaluation:
    return biasgate.evaluate(**{"y_true": TRUTH, "y_pred": SAID, "attributes": {"sex": SEX}, **given})


def rate(evaluation: biasgate.Evaluation, metric: str, sex: str) -> float:
    frame = evaluation.to_frame()
    return float(frame.loc[(frame["metric"] == metric) & (frame["sex"] == sex), "value"].iloc[0])


def test_rates_are_those_that_pandas_counts() -> None:
    found = evaluated()
    table = pd.DataFrame({"sex": SEX, "right": np.equal(TRUTH, SAID), "said": SAID})
    for sex, rows in table.groupby("sex"):
        assert rate(found, "accuracy", str(sex)) == rows["right"].mean()
        assert rate(found, "selection_rate", str(sex)) == rows["said"].mean()


@pytest.mark.parametrize("kind", [list, np.array, pd.Series, tuple], ids=["list", "numpy", "pandas", "tuple"])
def test_lists_arrays_and_series_say_the_same(kind: Any) -> None:
    assert evaluated(y_true=kind(TRUTH), y_pred=kind(SAID), attributes={"sex": kind(SEX)}) == evaluated()


def test_rows_are_joined_by_position_whatever_index_pandas_keeps() -> None:
    index = np.random.default_rng(0).permutation(ROWS)
    table = pd.DataFrame({"sex": SEX}, index=index)
    assert evaluated(y_true=pd.Series(TRUTH, index=index[::-1]), attributes=table) == evaluated()
    assert evaluated(attributes=table["sex"]) == evaluated()


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        (np.array(TRUTH, dtype=bool), np.array(SAID, dtype=bool)),
        (np.array(TRUTH, dtype=float), SAID),
        (np.where(TRUTH, "yes", "no"), np.where(SAID, "yes", "no")),
        (pd.Categorical.from_codes(TRUTH, ["no", "yes"]), np.where(SAID, "yes", "no")),
    ],
    ids=["truth values", "whole floats", "words", "categories"],
)
def test_class_names_are_any_words_or_whole_numbers(truth: Any, said: Any) -> None:
    assert evaluated(y_true=truth, y_pred=said).to_frame().equals(evaluated().to_frame())


def test_the_positive_class_is_the_second_or_the_one_named() -> None:
    assert rate(evaluated(), "selection_rate", "male") == 1.0
    assert rate(evaluated(positive=0), "selection_rate", "male") == 0.0


def test_scores_of_the_positive_class_give_predictions_and_more_metrics() -> None:
    scores = np.where(SAID, 0.9, 0.2)
    found = evaluated(y_pred=None, scores=scores)
    assert {"roc_auc", "calibration_error"} <= set(found.to_frame()["metric"])
    assert rate(found, "accuracy", "male") == rate(evaluated(), "accuracy", "male")
    both = evaluated(y_pred=None, scores=np.stack([1 - scores, scores], axis=1))
    assert both == found
    assert evaluated(y_pred=None, scores=1 - scores, positive=0).scores[0].metric == "roc_auc"


def test_rows_of_one_cluster_are_one_unit() -> None:
    people = np.arange(ROWS) // 4
    found = evaluated(clusters=people)
    assert found.clusters == ROWS // 4
    assert found.rows == ROWS


def test_an_evaluation_is_the_same_after_a_round_trip_through_json() -> None:
    found = evaluated(scores=np.where(SAID, 0.9, 0.2))
    assert biasgate.Evaluation.parse(found.to_json()) == found


def test_a_policy_says_what_is_measured() -> None:
    policy = biasgate.load_policy("impact_ratio")
    found = evaluated(attributes={"sex": SEX, "race": ["a", "b", "b", "a"] * (ROWS // 4)}, policy=policy)
    assert set(found.to_frame()["metric"]) == {"selection_rate"}
    with pytest.raises(biasgate.InputError, match="the policy says what to measure, not metrics"):
        evaluated(policy=policy, metrics=["accuracy"])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"y_pred": SAID[:-1]}, "y_pred has 399 rows and y_true 400"),
        ({"attributes": {"sex": SEX[:-1]}}, "attribute 'sex' has 399 rows and y_true 400"),
        ({"attributes": {"sex": [*SEX[:7], None, *SEX[8:]]}}, "attribute 'sex' has no value in row 7"),
        ({"attributes": {"sex": [*SEX[:7], float("nan"), *SEX[8:]]}}, "attribute 'sex' has no value in row 7"),
        ({"y_true": [*TRUTH[:-1], None]}, "y_true has no value in row 399 (1 of 400 rows lack one)"),
        ({"scores": [0.5] * (ROWS - 1) + [float("nan")]}, "scores have no value in row 399"),
        ({"scores": [1.5] * ROWS, "metrics": ["roc_auc"]}, "probabilities must lie between 0 and 1"),
        ({"attributes": SEX}, "attributes have no names"),
        ({"y_pred": [0.5] * ROWS}, "y_pred holds 0.5, which is no class"),
        ({"y_pred": [2] * ROWS}, "y_pred holds 2, and the classes are 0, 1"),
        ({"y_pred": ["yes"] * ROWS}, "y_pred holds yes, and the classes are 0, 1"),
        ({"y_pred": None}, "nothing to measure"),
        ({"weights": [1.0] * (ROWS - 1) + [0.0]}, "row 400 has the weight 0, which is no finite number above zero"),
        ({"metrics": ["acuracy"]}, "acuracy|accuracy"),
        ({"metrics": ["roc_auc"]}, "roc_auc cannot be measured without a probability of every class for every row"),
        (
            {"policy": "impact_ratio"},
            "no attribute 'race' [predictions]: it has sex: name yours in",
        ),
        ({"policy": "impact_ration"}, "check the path, or take one of digits_demo, impact_ratio,"),
    ],
)
def test_what_would_have_to_be_guessed_is_refused_in_a_sentence(given: dict[str, Any], words: str) -> None:
    with pytest.raises(biasgate.InputError) as raised:
        evaluated(**given)
    assert any(word in str(raised.value) for word in words.split("|"))


def test_classes_that_never_occur_may_be_named() -> None:
    found = evaluated(y_pred=[2] * ROWS, classes=[0, 1, 2])
    assert rate(found, "accuracy", "male") == 0.0


def test_pairs_of_subgroups_are_a_table_too() -> None:
    gaps = evaluated().to_frame("gaps")
    assert list(gaps["attribute"].unique()) == ["sex"]
    accuracy = gaps[gaps["metric"] == "accuracy"].iloc[0]
    assert (accuracy["higher"], accuracy["lower"], accuracy["value"]) == ("sex = female", "sex = male", 0.5)
    assert not evaluated().to_frame("ratios").empty


def test_an_evaluation_prints_as_a_table_of_bounded_length() -> None:
    found = evaluated(metrics=["accuracy"])
    assert [line.split() for line in repr(found).splitlines()][:2] == [
        ["metric", "sex", "value", "low", "high", "clusters"],
        ["accuracy", "–", *(f"{x:.3f}" for x in found.to_frame().loc[0, ["value", "low", "high"]]), str(ROWS)],
    ]
    wide = evaluated(metrics=["accuracy"], attributes={"town": [f"t{row % 100}" for row in range(ROWS)]}, minimum=1)
    assert len(str(wide).splitlines()) < 70


def test_a_notebook_shows_a_table_in_which_words_are_escaped() -> None:
    html = evaluated(attributes={"sex": ["<b>", "x"] * (ROWS // 2)})._repr_html_()
    assert "sex = &lt;b&gt;" in html
    assert "<script" not in html


def test_the_forest_plot_has_a_panel_for_each_metric() -> None:
    figure = evaluated(metrics=["accuracy", "selection_rate", "precision"]).plot()
    titles = [panel.get_title(loc="left") for panel in figure.axes if panel.get_visible()]
    assert titles == ["Accuracy", "Selection rate", "Precision"]
