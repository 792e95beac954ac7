"""Four drawn data sets for ``any_model.py``: numbers, numbers with text, faces, tokens; and a policy for all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from biasgate.data.faces.drawn.regions import FACE_REGIONS
from biasgate.data.sources.npz import save_npz
from biasgate.data.sources.synthetic_faces import synthetic_faces

CLASSES = ("no", "yes")
JOBS = ("clerk", "cook", "nurse")
SIDE, WORDS, LENGTH = 32, 60, 12
PARTS = {"train": 1000, "development": 400, "test": 400, "few": 120}
POLICY = """
schema: biasgate/policy/v1
name: any_model
evaluation: {metrics: [accuracy, selection_rate], attributes: [group]}
weight_scan: {flag_levels: [high], on_flag: ignore, on_abstain: ignore}
predictions: allowed
rules: [{id: alike, kind: gap, metric: accuracy, attribute: group, max: 0.3}]
looks: 9
"""


@dataclass(frozen=True)
class Data:
    """A data set in parts.

    Attributes:
        folder: Holds each of ``PARTS``, as a table or arrays, with its data source in YAML.
        attribute: The sensitive one.
        images: Whether there are pixels to colour.
    """

    folder: Path
    attribute: str = "group"
    images: bool = False

    def source(self, part: str) -> str:
        return str(self.folder / (f"{part}.npz" if self.images else f"{part}.yaml"))

    def table(self, part: str) -> pd.DataFrame:
        return pd.read_parquet(self.folder / f"{part}.parquet")

    def arrays(self, part: str) -> tuple[np.ndarray, np.ndarray]:
        """Images ``[n, height, width, 3]`` and labels ``[n]``."""
        with np.load(self.folder / f"{part}.npz") as held:
            return held["samples"], held["labels"]


def draw(folder: Path) -> dict[str, Data]:
    """All four, in folders of their names."""
    found = {name: Data(folder / name, images=name == "faces") for name in ("numbers", "people", "faces", "texts")}
    for data in found.values():
        data.folder.mkdir(parents=True)
        (data.folder / "policy.yaml").write_text(POLICY)
    for seed, (part, rows) in enumerate(PARTS.items()):
        rng = np.random.default_rng(seed)
        table, texts = people(rng, rows), tokens(rng, rows)
        write(found["numbers"], part, table, numeric=["age", "pay"])
        write(found["people"], part, table, numeric=["age", "pay"], categorical={"job": list(JOBS)})
        write(found["texts"], part, texts, lists={"input_ids": LENGTH, "attention_mask": LENGTH})
        write_faces(found["faces"], part, rows, seed)
    return found


def people(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Who repaid a loan; in group ``b`` the pay tells less of it."""
    table = pd.DataFrame({"age": rng.integers(18, 80, rows), "pay": rng.normal(30, 5, rows)}).astype(np.float32)
    table["job"], table["group"] = rng.choice(JOBS, rows), rng.choice(["a", "b"], rows)
    noise = np.where(table["group"] == "b", 4, 2) * rng.normal(size=rows)
    score = table["pay"] + table["age"] / 5 + 4 * (table["job"] == "cook") + noise
    table["label"] = np.where(score > 41, "yes", "no")
    return table


def tokens(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Texts of drawn words, padded to one length: good words have even numbers; 0 is no word."""
    lengths = rng.integers(4, LENGTH + 1, rows)
    mask = (np.arange(LENGTH) < lengths[:, None]).astype(np.int64)
    words = rng.integers(1, WORDS, (rows, LENGTH)) * mask
    good = ((words % 2 == 0) & (mask == 1)).sum(axis=1) / lengths
    table = pd.DataFrame({"input_ids": list(words), "attention_mask": list(mask)})
    table["group"], table["label"] = rng.choice(["a", "b"], rows), np.where(good > 0.5, "yes", "no")
    return table


def write(data: Data, part: str, table: pd.DataFrame, **features: object) -> None:
    file = data.folder / f"{part}.parquet"
    table.to_parquet(file)
    held = {"kind": "csv", "file": {"uri": str(file)}, "label": "label", "classes": list(CLASSES)}
    document = {"name": f"drawn {data.folder.name}", "data": {**held, **features, "attributes": [data.attribute]}}
    Path(data.source(part)).write_text(yaml.safe_dump(document))


def write_faces(data: Data, part: str, rows: int, seed: int) -> None:
    """Smiling or not, and where that shows."""
    drawn = synthetic_faces(people=rows, size=SIDE, label="AU12", seed=seed, aligned=True)
    attributes = drawn.attributes[["gender"]].set_axis([data.attribute], axis=1)
    save_npz(type(drawn)(**{**vars(drawn), "attributes": attributes}), data.source(part))
    regions = FACE_REGIONS.model_copy(update={"evidence": dict.fromkeys(CLASSES, ("mouth", "cheeks"))})
    (data.folder / "regions.yaml").write_bytes(regions.to_json())
