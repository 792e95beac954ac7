"""Predictions of a model that is not run: joined with the rows that they are of, measured as a model's own would be."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import biasgate
from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.data.dataset import Dataset
from biasgate.data.source import DataSource, open_dataset
from biasgate.errors import InputError
from biasgate.evaluation.given import measure_given, read_given
from biasgate.models.predictions import PredictionColumns

ROWS = 240
SPEC = EvaluationSpec(metrics=("accuracy", "selection_rate"), scores=("roc_auc",), attributes=("sex",))


def table() -> pd.DataFrame:
    """People by name, what is true of them, and what a model that is better for men says."""
    generator = np.random.default_rng(0)
    sex = np.where(generator.random(ROWS) < 0.5, "f", "m")
    truth = generator.integers(0, 2, ROWS)
    noise = generator.random(ROWS) * np.where(sex == "f", 0.9, 0.6)
    yes = (truth * (1 - noise) + (1 - truth) * noise).round(6)
    frame = {"id": [f"{row:03}" for row in range(ROWS)], "sex": sex, "hired": np.where(truth, "yes", "no"), "p": yes}
    return pd.DataFrame(frame | {"said": np.where(yes > 0.5, "yes", "no")})


def people(folder: Path, frame: pd.DataFrame, *, key: str | None = "id") -> Dataset:
    frame.to_parquet(folder / "people.parquet", index=False)
    data = {"kind": "truth", "file": {"uri": str(folder / "people.parquet")}, "label": "hired"}
    more = {"classes": ["no", "yes"], "attributes": ["sex"]} | ({"key": key} if key else {})
    return open_dataset(DataSource.build({"name": "people", "data": data | more}))


def predicted(folder: Path, frame: pd.DataFrame, *, name: str = "scores.parquet", index: bool = False) -> str:
    path = folder / name
    frame.to_csv(path, index=index) if name.endswith("csv") else frame.to_parquet(path, index=index)
    return str(path)


FEW = {"id": "0", "said": "no", "p": "0.5"}
BY_KEY = PredictionColumns(predicted="said", probabilities={"yes": "p"}, key="id")
BY_PLACE = PredictionColumns(predicted="said", probabilities={"yes": "p"})


@pytest.mark.parametrize("name", ["scores.parquet", "scores.csv"])
def test_predictions_give_the_numbers_that_the_front_door_gives(tmp_path: Path, name: str) -> None:
    frame = table()
    dataset = people(tmp_path, frame)
    found = measure_given(read_given(predicted(tmp_path, frame, name=name), BY_KEY, dataset), dataset, SPEC)
    same = biasgate.evaluate(
        y_true=frame["hired"],
        y_pred=frame["said"],
        scores=frame["p"],
        attributes=frame[["sex"]],
        metrics=["accuracy", "selection_rate", "roc_auc"],
    )
    assert found.cells == same.cells
    assert found.gaps == same.gaps
    assert found.scores == same.scores
    assert not found.ran
    assert found.model == same.model


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**16), more=st.integers(0, 3), index=st.booleans())
def test_no_order_of_rows_and_no_index_changes_what_is_joined_by_key(
    tmp_path_factory: pytest.TempPathFactory, seed: int, more: int, index: bool
) -> None:
    folder = tmp_path_factory.mktemp("keys")
    frame = table()
    dataset = people(folder, frame)
    others = pd.DataFrame({"id": [f"other {n}" for n in range(more)], "said": "no", "p": 0.5})
    shuffled = pd.concat([frame.sample(frac=1, random_state=seed), others])
    found = read_given(predicted(folder, shuffled, index=index), BY_KEY, dataset)
    assert found.digest == read_given(predicted(folder, frame), BY_KEY, dataset).digest


def test_without_a_key_rows_are_joined_by_place_whatever_index_they_have(tmp_path: Path) -> None:
    frame = table()
    dataset = people(tmp_path, frame, key=None)
    named = frame.set_index(np.random.default_rng(1).permutation(ROWS))
    found = read_given(predicted(tmp_path, named, index=True), BY_PLACE, dataset)
    assert found.classes.tolist() == (frame["said"] == "yes").astype(int).tolist()


@pytest.mark.parametrize(
    ("change", "columns", "key", "says"),
    [
        (lambda frame: frame.iloc[1:], BY_KEY, "id", "1 of 240 rows have no prediction, first '000'"),
        (lambda frame: frame.iloc[1:], BY_PLACE, None, "239 predictions of 240 rows"),
        (lambda frame: pd.concat([frame, frame.iloc[:2]]), BY_KEY, "id", "2 predictions have a 'id' that another has"),
        (lambda frame: frame.assign(said="maybe"), BY_KEY, "id", "values outside the classes: maybe"),
        (lambda frame: frame.assign(p=frame["p"] + 1), BY_KEY, "id", "between 0 and 1"),
        (lambda frame: frame, BY_KEY, None, "the data source declares no key"),
        (lambda frame: frame, BY_PLACE, "id", "the predictions declare no key"),
        (
            lambda frame: frame,
            PredictionColumns(probabilities={"perhaps": "p"}, key="id"),
            "id",
            "'perhaps' is no class",
        ),
        (lambda frame: frame, PredictionColumns(predicted="says", key="id"), "id", "says"),
    ],
)
def test_what_leaves_a_row_without_one_prediction_is_refused_in_a_sentence(
    tmp_path: Path, change, columns: PredictionColumns, key: str | None, says: str
) -> None:
    frame = table()
    dataset = people(tmp_path, frame, key=key)
    with pytest.raises(InputError, match=says):
        measure_given(read_given(predicted(tmp_path, change(frame)), columns, dataset), dataset, SPEC)


@pytest.mark.parametrize("value", [-0.5, 1.5, 1e9])
def test_what_is_no_probability_is_refused_though_no_score_is_asked_for(tmp_path: Path, value: float) -> None:
    frame = table()
    dataset = people(tmp_path, frame)
    with pytest.raises(InputError, match="between 0 and 1"):
        read_given(predicted(tmp_path, frame.assign(p=value)), BY_KEY, dataset)


@pytest.mark.parametrize("columns", [BY_KEY, BY_PLACE], ids=["by key", "by place"])
def test_a_small_file_of_millions_of_predictions_is_refused_before_it_is_unpacked(
    tmp_path: Path, columns: PredictionColumns
) -> None:
    frame = table()
    dataset = people(tmp_path, frame, key=columns.key)
    same = pa.array(np.zeros(2_000_000, np.int8))
    many = pa.table({name: pa.DictionaryArray.from_arrays(same, [text]) for name, text in FEW.items()})
    pq.write_table(many, tmp_path / "many.parquet", compression="zstd")
    assert (tmp_path / "many.parquet").stat().st_size < 2**16
    with pytest.raises(InputError, match=r"over 1,000,240 rows"):
        read_given(str(tmp_path / "many.parquet"), columns, dataset)


def test_probabilities_alone_decide_for_the_more_probable_class(tmp_path: Path) -> None:
    frame = table()
    dataset = people(tmp_path, frame)
    columns = PredictionColumns(probabilities={"yes": "p"}, key="id")
    found = read_given(predicted(tmp_path, frame), columns, dataset)
    assert found.classes.tolist() == (frame["p"] > 0.5).astype(int).tolist()


def test_a_set_whose_keys_change_places_is_another_set(tmp_path: Path) -> None:
    frame = table()
    swapped = frame.assign(id=frame["id"].to_numpy()[::-1])
    assert people(tmp_path, frame).digest != people(tmp_path, swapped).digest


def test_rows_without_samples_are_known_again_by_their_keys(tmp_path: Path) -> None:
    first = people(tmp_path, table()).row_digests
    second = people(tmp_path, table().iloc[100:]).row_digests
    assert np.isin(second, first).all()
    assert len(set(first.tolist())) == ROWS
