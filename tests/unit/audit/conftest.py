"""Small worlds whose truth is known: texture carries the label of one subgroup, brightness that of the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from biasgate.audit.spec import AuditSpec
from biasgate.data.dataset import Dataset
from biasgate.data.sources.npz import save_npz

SIDE = 16


def two_sources(n: int, *, seed: int) -> Dataset:
    """Grey noise images of two subgroups, two classes each.

    In ``texture`` the label is whether stripes of one pixel run across or down: invisible to a 1×1 kernel, since both
    have the same pixels, and gone after a low-pass filter. In ``light`` it is whether the image is bright or dark. The
    attribute ``chance`` has nothing to do with anything.
    """
    rng = np.random.default_rng(seed)
    labels, textured = rng.integers(2, size=n), rng.random(n) < 0.5
    parity = (np.arange(SIDE)[None] + rng.integers(2, size=n)[:, None]) % 2 * 2 - 1
    down, across = (np.broadcast_to(p, (n, SIDE, SIDE)) for p in (parity[:, :, None], parity[:, None, :]))
    stripes = np.where(labels[:, None, None] == 1, down, across)
    signal = np.where(textured[:, None, None], 30 * stripes, 25 * (2 * labels[:, None, None] - 1))
    images = 128 + signal + rng.normal(scale=25, size=(n, SIDE, SIDE))
    attributes = {"source": np.where(textured, "texture", "light"), "chance": rng.choice(["a", "b"], size=n)}
    return Dataset(
        samples=np.clip(images, 0, 255).astype(np.uint8)[..., None],
        labels=labels.astype(np.int64),
        classes=("0", "1"),
        attributes=pd.DataFrame(attributes),
        clusters=np.arange(n),
        name="two sources",
    )


@pytest.fixture(scope="session")
def make_spec(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., AuditSpec]:
    """A spec on ``two_sources``: kernels of 1 (the reference) and 3 pixels."""
    folder = tmp_path_factory.mktemp("data")
    for name, n, seed in (("train", 400, 1), ("test", 300, 2)):
        save_npz(two_sources(n, seed=seed), str(folder / f"{name}.npz"))

    def make(**changes: object) -> AuditSpec:
        return AuditSpec.build({**_document(folder), **changes}, where="test")

    return make


def _document(folder: Path) -> dict[str, object]:
    layers = [{"kind": "conv", "out": 4, "kernel": 1}, {"kind": "relu"}, {"kind": "pool", "how": "global"}]
    layers += [{"kind": "flatten"}, {"kind": "dense", "out": 2}]
    return {
        "name": "two_sources",
        **{part: {"name": part, "data": {"kind": "npz", "file": {"uri": f"{folder}/{part}.npz"}}}
           for part in ("train", "test")},
        "subgroups": ["source", "chance"],
        "architecture": {"name": "tiny", "input": [1, SIDE, SIDE], "layers": layers},
        "intervention": {"values": [1, 3], "reference": 1},
        "seeds": 4,
        "samples": 300,
        "recipe": {"steps": 80, "batch": 32, "learning_rate": 0.04},
        "perturbations": [{"kind": "low_pass", "cutoff": 3}],
    }  # fmt: skip
