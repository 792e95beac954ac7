"""Kinds of models for ``any_model.py``: each is trained small, and leaves its library as its users let it leave.

A kind is a function that writes into a folder and says what is to be submitted.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from any_model_data import CLASSES, JOBS, LENGTH, SIDE, WORDS, Data

STEPS, BATCH = 60, 64
PIXELS = {"scale": 1 / 255, "mean": [0.5], "std": [0.5]}
PLAIN: dict[str, Any] = {"pip_requirements": ["numpy"]}
"""Written down, so that MLflow does not start a process to find out."""


@dataclass(frozen=True)
class Submission:
    """What ``biasgate submit`` is given.

    Attributes:
        source: A folder, or a URI of MLflow's.
        card: The card, where it is no part of a folder and cannot be drafted.
    """

    source: str
    card: Path | None = None


@dataclass(frozen=True)
class Kind:
    """A kind of model.

    Attributes:
        name: For people.
        leaves: How it left its library.
        data: Which data set it is made for.
        make: Trains and exports it.
    """

    name: str
    leaves: str
    data: str
    make: Callable[[Path, Data], Submission]

    @property
    def slug(self) -> str:
        """What it is called in the registry."""
        return self.make.__name__


def _card(folder: Path, name: str, *, file: str = "card.json", **fields: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    card = {"name": name, "classes": CLASSES, "training_data": "sha256:drawn", "submitter": "ana", **fields}
    (folder / file).write_text(json.dumps(card))
    return folder / file


def _logged(flavour: str, model: Any, name: str, **options: Any) -> str:
    """Registered in MLflow under a name that is not the gate's."""
    import mlflow

    log: Any = getattr(mlflow, flavour).log_model
    log(model, name="model", registered_model_name=f"trained-{name}", **PLAIN, **options)
    return f"models:/trained-{name}/1"


def logistic(folder: Path, data: Data) -> Submission:
    from sklearn.linear_model import LogisticRegression

    train = data.table("train")
    model = LogisticRegression(max_iter=500).fit(train[["age", "pay"]], train["label"])
    return Submission(_logged("sklearn", model, "logistic", serialization_format="cloudpickle"))


def boosting(folder: Path, data: Data) -> Submission:
    from sklearn.ensemble import GradientBoostingClassifier

    train = data.table("train")
    model = GradientBoostingClassifier(n_estimators=20).fit(train[["age", "pay"]], train["label"])
    return Submission(_logged("sklearn", model, "boosting", serialization_format="cloudpickle"))


def pipeline(folder: Path, data: Data) -> Submission:
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    train = data.table("train")
    columns = [("numbers", StandardScaler(), ["age", "pay"]), ("text", OneHotEncoder(categories=[JOBS]), ["job"])]
    model = make_pipeline(ColumnTransformer(columns), LogisticRegression())
    model.fit(train[["age", "pay", "job"]], train["label"])
    return Submission(_logged("sklearn", model, "pipeline", serialization_format="cloudpickle"))


def zipmap(folder: Path, data: Data) -> Submission:
    """As skl2onnx writes it by default: labels, and a dictionary of probabilities a row."""
    from skl2onnx import to_onnx
    from sklearn.ensemble import RandomForestClassifier

    train = data.table("train")
    rows = train[["age", "pay"]].to_numpy(np.float32)
    model = RandomForestClassifier(10, max_depth=5, random_state=0).fit(rows, train["label"])
    folder.mkdir()
    onnx.save(to_onnx(model, rows[:1], target_opset={"": 17, "ai.onnx.ml": 3}), folder / "model.onnx")
    return Submission(str(folder))


def lightgbm(folder: Path, data: Data) -> Submission:
    from lightgbm import LGBMClassifier

    train = data.table("train")
    model = LGBMClassifier(n_estimators=20, verbose=-1).fit(train[["age", "pay"]], train["label"])
    return Submission(_logged("lightgbm", model, "lightgbm", serialization_format="cloudpickle"))


def xgboost(folder: Path, data: Data) -> Submission:
    from xgboost import XGBClassifier

    train = data.table("train")
    model = XGBClassifier(n_estimators=20).fit(train[["age", "pay"]], train["label"] == "yes")
    return Submission(_logged("xgboost", model, "xgboost"))


def catboost(folder: Path, data: Data) -> Submission:
    """By its own exporter, which takes models without categories."""
    from catboost import CatBoostClassifier

    train = data.table("train")
    model = CatBoostClassifier(iterations=20, verbose=False, allow_writing_files=False)
    model.fit(train[["age", "pay"]], train["label"])
    folder.mkdir()
    model.save_model(str(folder / "model.onnx"), format="onnx")
    return Submission(str(folder))


def one_column(folder: Path, data: Data) -> Submission:
    """One sigmoid, the probability of the second class, as most binary networks have it."""
    from torch import nn

    train = data.table("train")
    rows = train[["age", "pay"]].to_numpy(np.float32)
    network = nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    _fit(network, (rows,), (train["label"] == "yes").to_numpy(np.int64))
    _exported(nn.Sequential(network, nn.Sigmoid()), (rows[:2],), folder, names=["input"])
    _card(folder, "one_column", output="probabilities", task="binary", input={"shape": [2], "layout": "rows"})
    return Submission(str(folder))


def cnn_traced(folder: Path, data: Data) -> Submission:
    """By the exporter that was torch's default until 2.9."""
    network = _cnn(data)
    _exported(network, (_pixels(data)[:2],), folder, names=["input"], dynamo=False)
    return _as_images(folder, "cnn_traced")


def cnn(folder: Path, data: Data) -> Submission:
    """By torch's default, which puts the weights beside the graph."""
    network = _cnn(data)
    _exported(network, (_pixels(data)[:2],), folder, names=["input"], external_data=True)
    return _as_images(folder, "cnn")


def cnn_logged(folder: Path, data: Data) -> Submission:
    network = _cnn(data)
    card = _card(folder, "cnn_logged", input={"shape": [3, SIDE, SIDE], "layout": "NCHW", **PIXELS})
    return Submission(_logged("pytorch", network, "cnn_logged", serialization_format="pickle"), card)


def cnn_half(folder: Path, data: Data) -> Submission:
    """In half precision: inputs, weights and outputs."""
    network = _cnn(data).half()
    _exported(network, (_pixels(data)[:2].astype(np.float16),), folder, names=["input"])
    return _as_images(folder, "cnn_half")


def cnn_int8(folder: Path, data: Data) -> Submission:
    """Quantised by ONNX Runtime to eight bits, in QDQ form."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

    pixels = _pixels(data)
    _exported(_cnn(data), (pixels[:2],), folder / "float", names=["input"], dynamo=False)

    class Calibration(CalibrationDataReader):
        def __init__(self) -> None:
            self.batches = iter([{"input": pixels[place : place + BATCH]} for place in range(0, 512, BATCH)])

        def get_next(self) -> Any:
            return next(self.batches, None)

    made = folder / "int8"
    made.mkdir()
    source = str(folder / "float" / "model.onnx")
    quantize_static(source, str(made / "model.onnx"), Calibration(), quant_format=QuantFormat.QDQ)
    return _as_images(made, "cnn_int8")


def resnet(folder: Path, data: Data) -> Submission:
    from transformers import ResNetConfig, ResNetForImageClassification

    shape = {"depths": [2, 2, 2, 2], "hidden_sizes": [64, 128, 256, 512], "layer_type": "basic"}
    network = _logits_of(ResNetForImageClassification(ResNetConfig(num_labels=2, **shape)))
    pixels, labels = _pixels(data), data.arrays("train")[1]
    _fit(network, (pixels,), labels, steps=30)
    _exported(network, (pixels[:2],), folder, names=["input"])
    return _as_images(folder, "resnet")


def vit(folder: Path, data: Data) -> Submission:
    """The blocks of ViT-B/16 in a smaller number: patches, attention, layer normalisation, GELU, a class token."""
    from transformers import ViTConfig, ViTForImageClassification

    shape = {"image_size": SIDE, "patch_size": 8, "hidden_size": 64, "intermediate_size": 128}
    config = ViTConfig(num_labels=2, num_hidden_layers=3, num_attention_heads=4, **shape)
    network = _logits_of(ViTForImageClassification(config))
    pixels, labels = _pixels(data), data.arrays("train")[1]
    _fit(network, (pixels,), labels)
    _exported(network, (pixels[:2],), folder, names=["input"])
    return _as_images(folder, "vit")


def keras(folder: Path, data: Data) -> Submission:
    """Channels last, as Keras has them."""
    import os

    os.environ.setdefault("KERAS_BACKEND", "torch")
    from keras import Sequential, layers

    images, labels = data.arrays("train")
    hidden = [layers.Conv2D(8, 3, strides=2, activation="relu"), layers.GlobalAveragePooling2D()]
    model = Sequential([layers.Input((SIDE, SIDE, 3)), *hidden, layers.Dense(2, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit((images / 255 - 0.5) / 0.5, labels, epochs=2, verbose=0)
    contract = {"shape": [SIDE, SIDE, 3], "layout": "NHWC", **PIXELS}
    card = _card(folder, "keras", output="probabilities", input=contract)
    return Submission(_logged("keras", model, "keras"), card)


def texts(folder: Path, data: Data) -> Submission:
    """A transformer of two inputs, both whole numbers."""
    import torch
    from torch import nn

    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.places = nn.Embedding(WORDS, 32), nn.Parameter(torch.zeros(LENGTH, 32))
            self.block = nn.TransformerEncoderLayer(32, 4, 64, dropout=0, batch_first=True)
            self.head = nn.Linear(32, 2)

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            read = self.block(self.words(input_ids) + self.places, src_key_padding_mask=attention_mask == 0)
            kept = attention_mask.unsqueeze(-1).to(read.dtype)
            return self.head((read * kept).sum(1) / kept.sum(1))

    network, (tokens, labels) = Reader(), _tokens(data)
    _fit(network, tokens, labels)
    names = ["input_ids", "attention_mask"]
    _exported(network, tuple(part[:2] for part in tokens), folder, names=names)
    _card(folder, "texts", input={"shape": [2 * LENGTH], "layout": "rows"})
    return Submission(str(folder))


def bert(folder: Path, data: Data) -> Submission:
    """Sequence classification of transformers, logged with its tokenizer."""
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    names = {"id2label": dict(enumerate(CLASSES)), "label2id": {name: place for place, name in enumerate(CLASSES)}}
    network = BertForSequenceClassification(BertConfig(vocab_size=WORDS, **shape, **names))
    tokens, labels = _tokens(data)
    _fit(_logits_of(network, "input_ids", "attention_mask"), tokens, labels)
    folder.mkdir()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"word{place}" for place in range(5, WORDS))]
    (folder / "vocab.txt").write_text("\n".join(words))
    parts = {"model": network.eval(), "tokenizer": BertTokenizer(str(folder / "vocab.txt"))}
    return Submission(_logged("transformers", parts, "bert", task="text-classification"))


def predictions(folder: Path, data: Data) -> Submission:
    """What a model behind an API said of the test's rows."""
    test = data.table("test")
    folder.mkdir()
    likely = 1 / (1 + np.exp(-(test["pay"] + test["age"] / 5 - 41)))
    likely.to_frame("p_yes").to_parquet(folder / "predictions.parquet")
    card = {"schema": "biasgate/predictions-card/v1", "name": "predictions", "submitter": "ana"}
    columns = {"probabilities": {"yes": "p_yes"}}
    (folder / "card.json").write_text(json.dumps({**card, "classes": CLASSES, "columns": columns}))
    return Submission(str(folder))


def _pixels(data: Data) -> np.ndarray:
    """Images as torch's networks take them ``[n, 3, height, width]``."""
    images, _ = data.arrays("train")
    return ((images.transpose(0, 3, 1, 2) / 255 - 0.5) / 0.5).astype(np.float32)


def _tokens(data: Data) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    train = data.table("train")
    parts = np.stack(list(train["input_ids"])), np.stack(list(train["attention_mask"]))
    return parts, (train["label"] == "yes").to_numpy(np.int64)


def _cnn(data: Data) -> Any:
    from torch import nn

    convolutions = [nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1)]
    network = nn.Sequential(*convolutions, nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(256, 2))
    _fit(network, (_pixels(data),), data.arrays("train")[1])
    return network


def _logits_of(network: Any, *names: str) -> Any:
    """A network of transformers as a function of its tensors."""
    from torch import Tensor, nn

    class Logits(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, first: Tensor, second: Tensor | None = None) -> Tensor:
            given = {"pixel_values": first} if not names else dict(zip(names, (first, second), strict=True))
            return self.network(**given).logits

    return Logits()


def _fit(network: Any, inputs: tuple[np.ndarray, ...], labels: np.ndarray, *, steps: int = STEPS) -> None:
    """Some steps of Adam; a network with one output learns the second class."""
    import torch

    optimizer, rng = torch.optim.Adam(network.parameters(), 3e-3), np.random.default_rng(0)
    network.train()
    for _ in range(steps):
        rows = rng.choice(len(labels), BATCH)
        said, truth = network(*(torch.from_numpy(part[rows]) for part in inputs)), torch.from_numpy(labels[rows])
        one = said.shape[1] == 1
        loss = torch.nn.functional.binary_cross_entropy_with_logits(said[:, 0], truth.float()) if one else None
        (torch.nn.functional.cross_entropy(said, truth) if loss is None else loss).backward()
        optimizer.step()
        optimizer.zero_grad()
    network.eval()


def _exported(network: Any, rows: tuple[np.ndarray, ...], folder: Path, *, names: list[str], **options: Any) -> None:
    """``model.onnx`` with a free batch axis."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    given = tuple(torch.from_numpy(part) for part in rows)
    if options.get("dynamo") is False:
        free = {"dynamic_axes": {name: {0: "batch"} for name in (*names, "output")}}
    else:
        free = {"dynamic_shapes": tuple({0: torch.export.Dim("batch")} for _ in rows)}
    options = {"external_data": False, **options} if "dynamo" not in options else options
    ports = {"input_names": names, "output_names": ["output"]}
    torch.onnx.export(network.eval(), given, str(folder / "model.onnx"), verbose=False, **ports, **free, **options)


def _as_images(folder: Path, name: str) -> Submission:
    _card(folder, name, input={"shape": [3, SIDE, SIDE], "layout": "NCHW", **PIXELS})
    return Submission(str(folder))


KINDS = (
    Kind("scikit-learn, logistic regression", "logged in MLflow", "numbers", logistic),
    Kind("scikit-learn, gradient boosting", "logged in MLflow", "numbers", boosting),
    Kind("scikit-learn, pipeline with a column of text", "logged in MLflow", "people", pipeline),
    Kind("scikit-learn, random forest", "ONNX of skl2onnx's defaults (ZipMap), without a card", "numbers", zipmap),
    Kind("LightGBM", "logged in MLflow", "numbers", lightgbm),
    Kind("XGBoost", "logged in MLflow", "numbers", xgboost),
    Kind("CatBoost", "ONNX of its own exporter, without a card", "numbers", catboost),
    Kind("torch, one sigmoid", "ONNX with one column", "numbers", one_column),
    Kind("torch, convolutions", "ONNX of the earlier exporter (`dynamo=False`)", "faces", cnn_traced),
    Kind("torch, convolutions", "ONNX of the default exporter, weights beside it", "faces", cnn),
    Kind("torch, convolutions", "logged in MLflow", "faces", cnn_logged),
    Kind("torch, half precision", "ONNX of float16", "faces", cnn_half),
    Kind("torch, 8 bits", "ONNX quantised by ONNX Runtime (QDQ)", "faces", cnn_int8),
    Kind("ResNet-18", "ONNX of torch's default exporter", "faces", resnet),
    Kind("ViT (blocks of ViT-B/16, smaller)", "ONNX of torch's default exporter", "faces", vit),
    Kind("Keras, channels last", "logged in MLflow", "faces", keras),
    Kind("transformer of tokens", "ONNX with two int64 inputs", "texts", texts),
    Kind("BERT of transformers, smaller", "logged in MLflow", "texts", bert),
    Kind("behind an API", "predictions alone", "numbers", predictions),
)
