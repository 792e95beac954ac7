"""Models as people log them in MLflow become candidates that say the same as the originals."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import onnx
import pandas as pd
import pytest
from candidates import import_model
from mlflow.pyfunc.model import PythonModel
from numpy.typing import NDArray
from scipy.special import softmax

from biasgate.data.columns import Column, split
from biasgate.errors import CandidateError, InputError
from biasgate.models.as_served import run_as_served
from biasgate.models.card import CandidateCard
from biasgate.models.draft import Known, draft_card
from biasgate.models.onnx.edits import answer_only
from biasgate.models.onnx.ports import Port
from biasgate.registry.conversion import compare, convert
from biasgate.registry.flavour import Conversion
from biasgate.registry.sample import Sample
from biasgate.registry.thresholds import round_down

KNOWN = Known(name="loan", submitter="ana")
JOBS = ("clerk", "cook", "nurse")
COLUMNS = (Column("age"), Column("pay"), Column("job", 3, JOBS))
RNG = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {
        "age": RNG.integers(18, 80, 400).astype(np.float64),
        "pay": RNG.normal(30, 3, 400).astype(np.float32).astype(np.float64),
        "job": RNG.choice(JOBS, 400),
    }
)
NUMBERS = TABLE.filter(["age", "pay"])
SCORE = TABLE["pay"] + TABLE["age"] / 5 + 5 * (TABLE["job"] == "cook") + RNG.normal(0, 2, 400)
HIRED = np.where(np.median(SCORE) < SCORE, "yes", "no")
CODED = (HIRED == "yes").astype(np.int64)
SAMPLES = np.column_stack([NUMBERS, *(TABLE["job"] == job for job in JOBS)]).astype(np.float32)
flavours: Any = mlflow
"""Each is loaded when it is asked for, which types do not see."""
PLAIN: dict[str, Any] = {"pip_requirements": ["numpy"]}
"""Written down, so that MLflow does not start a process to find out."""


@dataclass(frozen=True)
class Case:
    """A model, what MLflow writes it with, and what it says of the rows."""

    save: Callable[[Path], None]
    said: NDArray[np.floating]
    samples: NDArray[np.float32]
    columns: tuple[Column, ...]


def data_of(case: Case) -> Sample:
    return Sample("rows of people", case.samples, split(case.samples, case.columns), ("no", "yes"))


def sklearn_case(model: Any, rows: Any, labels: NDArray[Any] = HIRED) -> Case:
    model.fit(rows, labels)
    text = isinstance(rows, pd.DataFrame) and "job" in rows

    def save(folder: Path) -> None:
        flavours.sklearn.save_model(model, folder, serialization_format="cloudpickle", **PLAIN)

    wide = (SAMPLES, COLUMNS) if text else (SAMPLES[:, :2], COLUMNS[:2])
    return Case(save, model.predict_proba(rows), *wide)


def logistic() -> Case:
    from sklearn.linear_model import LogisticRegression

    return sklearn_case(LogisticRegression(), NUMBERS)


def logistic_on_an_array() -> Case:
    from sklearn.linear_model import LogisticRegression

    return sklearn_case(LogisticRegression(), NUMBERS.to_numpy(), CODED)


def boosted_trees() -> Case:
    from sklearn.ensemble import GradientBoostingClassifier

    return sklearn_case(GradientBoostingClassifier(n_estimators=20), NUMBERS)


def histogram_trees() -> Case:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return sklearn_case(HistGradientBoostingClassifier(max_iter=20), NUMBERS)


def columns_of_text(last: Any) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    encoded = ("jobs", OneHotEncoder(handle_unknown="ignore"), ["job"])
    return make_pipeline(ColumnTransformer([("numbers", StandardScaler(), ["age", "pay"]), encoded]), last)


def pipeline_with_text() -> Case:
    from sklearn.linear_model import LogisticRegression

    return sklearn_case(columns_of_text(LogisticRegression()), TABLE)


def pipeline_of_lightgbm() -> Case:
    from lightgbm import LGBMClassifier

    return sklearn_case(columns_of_text(LGBMClassifier(n_estimators=10, verbose=-1)), TABLE)


def pipeline_of_xgboost() -> Case:
    from xgboost import XGBClassifier

    return sklearn_case(columns_of_text(XGBClassifier(n_estimators=10)), TABLE, CODED)


def lightgbm() -> Case:
    from lightgbm import LGBMClassifier

    model = LGBMClassifier(n_estimators=30, verbose=-1).fit(NUMBERS, HIRED)

    def save(folder: Path) -> None:
        flavours.lightgbm.save_model(model, folder, serialization_format="cloudpickle", **PLAIN)

    return Case(save, np.asarray(model.predict_proba(NUMBERS)), SAMPLES[:, :2], COLUMNS[:2])


def lightgbm_booster() -> Case:
    from lightgbm import Dataset, train

    model = train({"objective": "binary", "verbose": -1}, Dataset(NUMBERS, CODED), 30)
    said = np.asarray(model.predict(NUMBERS))
    pair = np.column_stack([1 - said, said])
    return Case(lambda folder: flavours.lightgbm.save_model(model, folder, **PLAIN), pair, SAMPLES[:, :2], COLUMNS[:2])


def xgboost() -> Case:
    from xgboost import XGBClassifier

    model = XGBClassifier(n_estimators=20).fit(NUMBERS, CODED)
    said = model.predict_proba(NUMBERS)
    return Case(lambda folder: flavours.xgboost.save_model(model, folder, **PLAIN), said, SAMPLES[:, :2], COLUMNS[:2])


def xgboost_booster() -> Case:
    from xgboost import DMatrix, train

    model = train({"objective": "binary:logistic"}, DMatrix(NUMBERS, CODED), 20)
    said = np.asarray(model.predict(DMatrix(NUMBERS)))
    pair = np.column_stack([1 - said, said])
    return Case(lambda folder: flavours.xgboost.save_model(model, folder, **PLAIN), pair, SAMPLES[:, :2], COLUMNS[:2])


TABLES = [
    logistic,
    logistic_on_an_array,
    boosted_trees,
    histogram_trees,
    pipeline_with_text,
    pipeline_of_lightgbm,
    pipeline_of_xgboost,
    lightgbm,
    lightgbm_booster,
    xgboost,
    xgboost_booster,
]


@pytest.fixture(autouse=True)
def _own_pickles_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "true")


class Runs:
    """Leaves a file where it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("allowed", [True, False])
def test_a_pickle_that_somebody_else_logged_runs_only_where_mlflow_is_allowed_to(
    allowed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    logistic().save(tmp_path / "logged")
    (tmp_path / "logged" / "model.pkl").write_bytes(pickle.dumps(Runs(tmp_path / "ran")))
    (tmp_path / "into").mkdir()
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", str(allowed).lower())
    with pytest.raises(CandidateError):
        convert(tmp_path / "logged", tmp_path / "into", KNOWN, sample=None, card=None)
    assert (tmp_path / "ran").exists() == allowed


@pytest.mark.parametrize("make", TABLES, ids=lambda make: make.__name__)
def test_a_table_s_model_says_through_the_gate_what_it_said(make: Callable[[], Case], tmp_path: Path):
    case = make()
    case.save(tmp_path / "logged")
    (tmp_path / "converted").mkdir()
    done = convert(tmp_path / "logged", tmp_path / "converted", KNOWN, sample=data_of(case), card=None)
    package = import_model(tmp_path / "converted", tmp_path / "package")
    found, _ = run_as_served(package, case.samples, columns=split(case.samples, case.columns))
    assert package.card.output == "probabilities"
    assert package.card.classes == ("no", "yes")
    np.testing.assert_allclose(found.logits, case.said, atol=1e-5)
    assert any("0 of 400 decisions" in note for note in done.notes)


def test_columns_keep_names_that_a_converter_writes_otherwise(tmp_path: Path):
    from sklearn.linear_model import LogisticRegression

    called = {"age": "age-group", "pay": "age group", "job": "Beruf (€)"}
    encoded = columns_of_text(LogisticRegression())
    encoded.steps[0][1].set_params(
        transformers=[(n, t, [called[c] for c in cs]) for n, t, cs in encoded[0].transformers]
    )
    case = sklearn_case(encoded, TABLE.rename(columns=called))
    case.save(tmp_path / "logged")
    (tmp_path / "converted").mkdir()
    columns = tuple(replace(column, name=called[column.name]) for column in COLUMNS)
    sample = Sample("rows of people", SAMPLES, split(SAMPLES, columns), ("no", "yes"))
    done = convert(tmp_path / "logged", tmp_path / "converted", KNOWN, sample=sample, card=None)
    assert any("0 of 400 decisions" in note for note in done.notes)


def torch_folder(folder: Path, *, traced: bool) -> NDArray[np.float32]:
    import torch

    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.BatchNorm1d(2), torch.nn.Linear(2, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2)
    )
    rows = torch.tensor(SAMPLES[:, :2])
    said = network.eval()(rows).detach().numpy()
    example = {"input_example": SAMPLES[:3, :2]} if traced else {"serialization_format": "pickle"}
    flavours.pytorch.save_model(network, folder, **example, **PLAIN)
    return said


@pytest.mark.slow
@pytest.mark.parametrize("traced", [True, False], ids=["traced", "pickled"])
def test_a_torch_network_gives_its_logits(traced: bool, tmp_path: Path):
    said = torch_folder(tmp_path / "logged", traced=traced)
    (tmp_path / "converted").mkdir()
    sample = Sample("rows of people", SAMPLES[:, :2], split(SAMPLES[:, :2], COLUMNS[:2]), ("no", "yes"))
    convert(tmp_path / "logged", tmp_path / "converted", KNOWN, sample=sample, card=None)
    package = import_model(tmp_path / "converted", tmp_path / "package")
    found, _ = run_as_served(package, SAMPLES[:, :2])
    assert package.card.output == "logits"
    np.testing.assert_allclose(found.logits, said, atol=1e-4)


def linear_graph() -> onnx.ModelProto:
    from onnx import TensorProto, helper, numpy_helper

    weight = numpy_helper.from_array(np.array([[-1, 0], [1, 0]], np.float32), "w")
    nodes = [
        helper.make_node("Gemm", ["x", "w"], ["y"], transB=1),
        helper.make_node("Softmax", ["y"], ["scores"], axis=1),
        helper.make_node("ArgMax", ["y"], ["label"], axis=1, keepdims=0),
    ]
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 2])
    label = helper.make_tensor_value_info("label", TensorProto.INT64, ["batch"])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 2])
    graph = helper.make_graph(nodes, "g", [given], [label, scores], [weight])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@pytest.mark.parametrize("beside", [True, False])
def test_a_graph_is_taken_as_it_is_with_tensors_beside_it_and_its_answer_alone(beside: bool, tmp_path: Path):
    flavours.onnx.save_model(linear_graph(), tmp_path / "logged", save_as_external_data=beside, **PLAIN)
    (tmp_path / "converted").mkdir()
    convert(tmp_path / "logged", tmp_path / "converted", KNOWN, sample=None, card=None)
    package = import_model(tmp_path / "converted", tmp_path / "package")
    assert [value.name for value in onnx.load(package.model).graph.output] == ["scores"]
    assert package.card.output == "probabilities"
    assert package.card.classes == ("0", "1")


def test_what_is_a_function_alone_is_refused_with_what_was_found_and_what_to_do(tmp_path: Path):
    class Opaque(PythonModel):
        def predict(self, context: Any, model_input: list[str]) -> list[str]:
            return model_input

    flavours.pyfunc.save_model(tmp_path / "logged", python_model=Opaque(), **PLAIN)
    (tmp_path / "converted").mkdir()
    with pytest.raises(CandidateError, match=r"flavours are python_function; .*sklearn.*--predictions"):
        convert(tmp_path / "logged", tmp_path / "converted", KNOWN, sample=None, card=None)


def test_a_model_without_probabilities_is_refused(tmp_path: Path):
    from sklearn.svm import LinearSVC

    flavours.sklearn.save_model(
        LinearSVC().fit(NUMBERS, HIRED), tmp_path / "logged", serialization_format="cloudpickle", **PLAIN
    )
    with pytest.raises(CandidateError, match="LinearSVC gives no probabilities"):
        convert(tmp_path / "logged", tmp_path, KNOWN, sample=None, card=None)


def test_columns_that_the_data_lacks_are_named(tmp_path: Path):
    case = pipeline_with_text()
    case.save(tmp_path / "logged")
    sample = Sample("rows of people", SAMPLES[:, :2], split(SAMPLES[:, :2], COLUMNS[:2]), ("no", "yes"))
    with pytest.raises(CandidateError, match=r"rows of people have no 'job'.*under `numeric` or `categorical`"):
        convert(tmp_path / "logged", tmp_path, KNOWN, sample=sample, card=None)


def test_classes_that_are_not_the_data_s_are_named(tmp_path: Path):
    case = logistic()
    case.save(tmp_path / "logged")
    sample = Sample("rows", case.samples, split(case.samples, case.columns), ("good", "bad"))
    with pytest.raises(CandidateError, match=r"classes are \['no', 'yes'\], the data's \['good', 'bad'\]"):
        convert(tmp_path / "logged", tmp_path, KNOWN, sample=sample, card=None)


def test_signature_and_requirements_of_the_original_are_kept(tmp_path: Path):
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(NUMBERS, HIRED)
    flavours.sklearn.save_model(model, tmp_path / "logged", input_example=NUMBERS[:5], **PLAIN)
    (tmp_path / "converted").mkdir()
    done = convert(tmp_path / "logged", tmp_path / "converted", KNOWN, sample=None, card=None)
    assert [entry["name"] for entry in json.loads(done.metadata["signature"]["inputs"])] == ["age", "pay"]
    assert done.metadata["pip_requirements"][-1:] == ["numpy"]
    assert done.metadata["flavour"] == "sklearn"
    assert any("5 rows logged with it" in note for note in done.notes)


def test_a_card_that_is_given_is_kept_to_the_letter(tmp_path: Path):
    case = logistic()
    case.save(tmp_path / "logged")
    card = CandidateCard.build(
        {
            "name": "other",
            "classes": ["no", "yes"],
            "output": "probabilities",
            "input": {"shape": [2], "layout": "rows"},
            "training_data": "sha256:1",
            "submitter": "bo",
        }
    )
    (tmp_path / "converted").mkdir()
    convert(tmp_path / "logged", tmp_path / "converted", KNOWN, sample=None, card=card)
    assert import_model(tmp_path / "converted", tmp_path / "package").card == card


def test_a_card_with_the_classes_in_another_order_is_refused(tmp_path: Path):
    case = logistic()
    case.save(tmp_path / "logged")
    fields = {"name": "loan", "classes": ["yes", "no"], "output": "probabilities", "submitter": "ana"}
    card = CandidateCard.build({**fields, "input": {"shape": [2], "layout": "rows"}, "training_data": "unknown"})
    with pytest.raises(InputError, match="the card's classes are yes, no, and the model gives no, yes"):
        convert(tmp_path / "logged", tmp_path, KNOWN, sample=data_of(case), card=card)


def test_a_conversion_that_decides_otherwise_is_refused(tmp_path: Path):
    onnx.save(answer_only(linear_graph(), Port("scores", "float32", (None, 2)), classes=2), tmp_path / "model.onnx")
    rows = np.array([[1, 0], [-1, 0]], np.float32)
    card, _ = draft_card(tmp_path / "model.onnx", KNOWN)
    right = Conversion("a model", "two rows", {"x": rows}, softmax([[-1, 1], [1, -1]], axis=1))
    assert "0 of 2 decisions" in compare(tmp_path / "model.onnx", right, card)
    with pytest.raises(CandidateError, match="decides 1 of 2 rows otherwise"):
        compare(tmp_path / "model.onnx", replace(right, said=softmax([[-1, 1], [-1, 1]], axis=1)), card)


def test_thresholds_that_were_rounded_up_are_rounded_down():
    above, below = np.float64(0.1), np.float64(0.7)  # the nearest single numbers lie above 0.1 and below 0.7
    assert np.float32(above) > above
    assert np.float32(below) < below
    attributes = {"nodes_values": [above, below, above], "nodes_modes": ["BRANCH_LEQ", "BRANCH_LEQ", "LEAF"]}
    node = onnx.helper.make_node("TreeEnsembleClassifier", ["x"], ["l", "p"], domain="ai.onnx.ml", **attributes)
    model = onnx.helper.make_model(onnx.helper.make_graph([node], "g", [], []))
    round_down(model, np.array([above, below]))
    values = next(held.floats for held in model.graph.node[0].attribute if held.name == "nodes_values")
    assert [value <= exact for value, exact in zip(values, (above, below, above), strict=True)] == [True, True, False]
    assert values[0] == np.nextafter(np.float32(above), np.float32(0))


@pytest.mark.slow
def test_keras_with_channels_last_says_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras", reason="Keras is the submitter's own")
    layers, images = keras.layers, RNG.integers(0, 256, (30, 8, 8, 3), dtype=np.uint8)
    hidden = [layers.Input((8, 8, 3)), layers.Conv2D(4, 3, activation="relu"), layers.GlobalAveragePooling2D()]
    model = keras.Sequential([*hidden, layers.Dense(3, activation="softmax")])
    flavours.keras.save_model(model, str(tmp_path / "logged"), **PLAIN)
    contract = {"shape": [8, 8, 3], "layout": "NHWC", "scale": 1 / 255}
    fields = {"name": "loan", "classes": ["a", "b", "c"], "output": "probabilities", "submitter": "ana"}
    card = CandidateCard.build({**fields, "input": contract, "training_data": "unknown"})
    (tmp_path / "converted").mkdir()
    convert(tmp_path / "logged", tmp_path / "converted", KNOWN, sample=Sample("images", images), card=card)
    found, _ = run_as_served(import_model(tmp_path / "converted", tmp_path / "package"), images)
    np.testing.assert_allclose(found.logits, model.predict(images / 255, verbose=0), atol=1e-5)


@pytest.mark.slow
def test_a_transformer_of_sequences_takes_its_tokens_as_columns_of_lists(tmp_path: Path):
    transformers = pytest.importorskip("transformers", reason="transformers is the submitter's own")
    import torch

    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    labels = {"id2label": {0: "bad", 1: "good"}, "label2id": {"bad": 0, "good": 1}}
    model = transformers.BertForSequenceClassification(transformers.BertConfig(vocab_size=30, **shape, **labels)).eval()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *map(str, range(25))]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    parts = {"model": model, "tokenizer": transformers.BertTokenizer(str(tmp_path / "vocab.txt"))}
    flavours.transformers.save_model(parts, tmp_path / "logged", task="text-classification", **PLAIN)
    tokens, mask = RNG.integers(5, 30, (30, 6)), (np.arange(6) < RNG.integers(2, 7, (30, 1))).astype(np.int64)
    samples = np.concatenate([tokens, mask], axis=1).astype(np.float32)
    columns = split(samples, (Column("input_ids", 6), Column("attention_mask", 6)))
    (tmp_path / "converted").mkdir()
    done = convert(
        tmp_path / "logged", tmp_path / "converted", KNOWN, sample=Sample("texts", samples, columns), card=None
    )
    package = import_model(tmp_path / "converted", tmp_path / "package")
    found, _ = run_as_served(package, samples, columns=columns)
    said = model(input_ids=torch.from_numpy(tokens), attention_mask=torch.from_numpy(mask)).logits.detach().numpy()
    assert package.card.classes == ("bad", "good")
    assert any("compared with the original on texts" in note for note in done.notes)
    np.testing.assert_allclose(found.logits, said, atol=1e-4)
