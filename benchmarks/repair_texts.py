"""Repair of a text classifier as a user has it: an ONNX file of a small transformer, and a table of tokens.

    python benchmarks/repair_texts.py --seeds 10    # runs what is missing, then remakes the table
    python benchmarks/repair_texts.py               # remakes the table of report/repair_at_scale.md alone

Sentences of docstrings tell scikit-learn from scipy. In training nearly every sentence of the one is said by *her*, of
the other by *him*; a counterfactual is the sentence with that word swapped. Words are hashed.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
import torch
import yaml
from numpy.typing import NDArray
from repair_results import Seeds, comparison, markdown, mean
from repair_tables import filled, interval
from repair_wide_tables import PAGE
from torch import Tensor, nn

from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.package import CandidatePackage, open_package, pack
from biasgate.models.sandbox.runner import run
from biasgate.progress import track
from biasgate.repair.front import repair

RESULTS = Path(__file__).parent / "results" / "repair-texts.jsonl"
CLASSES, WORDS = ("sklearn.linear_model", "scipy.optimize"), ("she", "he")
"""Label 1 goes with the second word."""
HASHES, LENGTH, WIDTH = 1024, 24, 32
PARTS, CONFLICTING = {"train": 1000, "repair": 400, "test": 500}, 0.02
ARMS = ("unlearning", "head_refit", "dfr", "afr")
Tokens = NDArray[np.int64]


class Reader(nn.Module):
    """One transformer block over hashed words, their mean, and a linear head; 0 is no word."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(HASHES, WIDTH), nn.Parameter(torch.zeros(LENGTH, WIDTH))
        self.block = nn.TransformerEncoderLayer(WIDTH, 4, 2 * WIDTH, dropout=0, batch_first=True)
        self.head = nn.Linear(WIDTH, len(CLASSES))

    def forward(self, input_ids: Tensor) -> Tensor:
        read = self.block(self.words(input_ids) + self.places, src_key_padding_mask=input_ids == 0)
        kept = (input_ids != 0).unsqueeze(-1).to(read.dtype)
        return self.head((read * kept).sum(1) / kept.sum(1))


@dataclass(frozen=True, eq=False)
class TextWorld:
    """One seed's.

    Attributes:
        package: The trained transformer as a candidate.
        source: Repair data: a data source over a table of tokens, each sentence with either word.
        test: Tokens of the test sentences, in training's usual wording and in the other.
        labels: Of both ``[n]``.
        seconds: Processor time that training took.
    """

    package: CandidatePackage
    source: Path
    test: tuple[Tokens, Tokens]
    labels: NDArray[np.int64]
    seconds: float


def text_world(folder: Path, *, seed: int) -> TextWorld:
    """The seed draws sentences, as many of either label, the split, which conflict, and the first weights."""
    rng, many = np.random.default_rng(seed), sum(PARTS.values())
    drawn = [rng.permutation(np.array(sentences(package), dtype=object))[: many // 2] for package in CLASSES]
    texts, both = np.stack(drawn, axis=1).ravel(), np.tile([0, 1], many // 2)
    ends = np.cumsum(list(PARTS.values()))[:-1]
    labels = dict(zip(PARTS, np.split(both, ends), strict=True))
    sides = {
        name: tuple(said(part, labels[name] ^ worn) for worn in (0, 1))
        for name, part in zip(PARTS, np.split(texts, ends), strict=True)
    }
    conflicts = rng.random(PARTS["train"]) < CONFLICTING
    seen = np.where(conflicts[:, None], sides["train"][1], sides["train"][0])
    begun = time.process_time()
    reader = trained(torch.from_numpy(seen), torch.from_numpy(labels["train"]), seed=seed)
    seconds = time.process_time() - begun
    source = written(folder, sides["repair"], labels["repair"])
    return TextWorld(packed(reader, folder), source, sides["test"], labels["test"], seconds)


@cache
def sentences(package: str) -> tuple[str, ...]:
    """Of a package's docstrings, each once."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    files = sorted(Path(spec.origin).parent.glob("*.py"))
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
    texts = [ast.get_docstring(node) or "" for node in nodes if isinstance(node, (ast.ClassDef, ast.FunctionDef))]
    found = re.split(r"(?<=[.])\s+", " ".join(" ".join(texts).split()))
    return tuple(dict.fromkeys(one for one in found if 6 <= len(one.split()) <= 30))


def said(texts: Sequence[str], words: NDArray[np.int64]) -> Tokens:
    """Hashed words of each sentence, who says it first ``[n, LENGTH]``."""
    rows = [[WORDS[word], *text.lower().split()][:LENGTH] for text, word in zip(texts, words, strict=True)]
    hashed = [[1 + crc32(word.encode()) % (HASHES - 1) for word in row] for row in rows]
    return np.array([row + [0] * (LENGTH - len(row)) for row in hashed], dtype=np.int64)


def trained(tokens: Tensor, labels: Tensor, *, seed: int) -> Reader:
    """Fifteen epochs of Adam."""
    torch.manual_seed(seed)
    reader = Reader()
    optimizer = torch.optim.Adam(reader.parameters(), 3e-3)
    for _ in range(15):
        for rows in torch.randperm(len(labels)).split(50):
            loss = nn.functional.cross_entropy(reader(tokens[rows]), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return reader.eval()


def packed(reader: Reader, folder: Path) -> CandidatePackage:
    """As torch's exporter writes it, with a card that declares no architecture."""
    graph, axes = folder / "reader.onnx", {name: {0: "batch"} for name in ("input_ids", "logits")}
    names = {"input_names": ["input_ids"], "output_names": ["logits"], "dynamic_axes": axes}
    torch.onnx.export(reader, (torch.ones(2, LENGTH, dtype=torch.int64),), graph, dynamo=False, **names)
    contract = InputContract(shape=(LENGTH,), layout="rows")
    card = CandidateCard(name="reader", classes=CLASSES, input=contract, training_data="planted", submitter="owner")
    return pack(graph, card, folder / "package")


def written(folder: Path, sides: tuple[Tokens, ...], labels: NDArray[np.int64]) -> Path:
    """A table with a row a wording, and the data source that says what its columns are."""
    n, both = len(labels), np.tile(labels, 2)
    word = both ^ np.repeat([0, 1], n)
    table = pd.DataFrame({"input_ids": list(np.concatenate(sides)), "label": np.array(CLASSES)[both]})
    table["word"], table["sentence"] = np.array(WORDS)[word], np.tile(np.arange(n), 2)
    table.to_parquet(folder / "repair.parquet")
    held = {"kind": "csv", "file": {"uri": str(folder / "repair.parquet")}, "label": "label", "classes": list(CLASSES)}
    columns = {"lists": {"input_ids": LENGTH}, "attributes": ["word"], "cluster": "sentence"}
    source = folder / "repair.yaml"
    document = {"schema": "biasgate/data-source/v1", "name": "sentences", "data": {**held, **columns}}
    source.write_text(yaml.safe_dump(document))
    return source


def measured(package: CandidatePackage, world: TextWorld) -> dict[str, float]:
    """Accuracies, the worst of label × side, and how far the word decides."""
    logits = np.stack([run(package, tokens.astype(np.float32)).logits for tokens in world.test]).astype(np.float64)
    decided, labels = logits.argmax(axis=2), world.labels
    right = decided == labels
    believed = np.exp(logits - np.logaddexp.reduce(logits, axis=2, keepdims=True))[:, np.arange(len(labels)), labels]
    change = believed[0] - believed[1]
    return {
        "aligned": float(right[0].mean()),
        "conflicting": float(right[1].mean()),
        "worst_group": float(min(side[labels == label].mean() for side in right for label in (0, 1))),
        "swap_rate": float((decided[0] != decided[1]).mean()),
        "bias": float(change.mean()),
        "absolute_bias": float(np.abs(change).mean()),
    }


def run_seed(seed: int, done: set[str]) -> Iterator[dict[str, Any]]:
    """What is missing of a seed, through ``biasgate.repair``."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        world = text_world(folder, seed=seed)
        for arm in ("original", *ARMS):
            if arm in done:
                continue
            begun, package = time.process_time(), world.package
            if arm != "original":
                repair(package, world.source, into=folder / arm, method=arm, seed=seed)
                package = open_package(folder / arm)
            cost = {"seconds": time.process_time() - begun, "training_seconds": world.seconds}
            yield {"seed": seed, "arm": arm, **measured(package, world), **cost}


def kept() -> dict[str, Seeds]:
    """Results so far, by arm and seed."""
    arms = {arm: dict[int, dict[str, Any]]() for arm in ("original", *ARMS)}
    for line in RESULTS.read_text().splitlines() if RESULTS.exists() else ():
        row = json.loads(line)
        arms[row["arm"]][row["seed"]] = row
    return arms


def write_table(arms: dict[str, Seeds]) -> None:
    """One row an arm, between the page's markers."""
    lines = [["method", "aligned", "conflicting", "worst group", "− dfr (p)", "swapped", "B", "\\|B\\|", "CPU s"]]
    for arm, seeds in arms.items():
        accuracies = [interval(seeds, column) for column in ("aligned", "conflicting", "worst_group")]
        figures = [f"{mean(seeds, column):.2f}" for column in ("swap_rate", "bias", "absolute_bias")]
        lines.append([arm, *accuracies, comparison(seeds, arms["dfr"]), *figures, f"{mean(seeds, 'seconds'):.1f}"])
    told = f"**texts**, {len(arms['original'])} seeds\n\n{markdown(lines)}"
    PAGE.write_text(filled(PAGE.read_text(), "texts", told))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=0, help="how many")
    options = parser.parse_args()
    torch.set_num_threads(1)
    arms = kept()
    for seed in track(range(options.seeds), "seeds", total=options.seeds, unit="seeds"):
        for row in run_seed(seed, {arm for arm, seeds in arms.items() if seed in seeds}):
            with RESULTS.open("a") as file:
                file.write(json.dumps(row) + "\n")
    write_table(kept())


if __name__ == "__main__":
    main()
