"""A kind of data source that is one new file is opened, described and evaluated like those that ship."""

import subprocess
import sys
from pathlib import Path

KIND = '''
"""Tosses of coins: a sample is how a coin was thrown, its label how it fell."""

from pathlib import Path
from typing import Literal, Self

import numpy as np
import pandas as pd

from biasgate.data.dataset import Dataset
from biasgate.data.kind import SourceKind


class Coins(SourceKind):
    """Tosses; every coin is a cluster."""

    kind: Literal["coins"] = "coins"
    tosses: int

    def load(self, folder: Path) -> Dataset:
        thrown = np.arange(self.tosses)
        return Dataset(
            samples=thrown[:, None].astype(np.float32),
            labels=thrown % 2,
            classes=("heads", "tails"),
            attributes=pd.DataFrame({"metal": np.where(thrown < self.tosses // 2, "copper", "tin")}),
            clusters=thrown,
        )

    @classmethod
    def short_for(cls, uri: str) -> Self | None:
        return cls(tosses=int(uri.removeprefix("coins:"))) if uri.startswith("coins:") else None
'''

USE = """
import sys
import biasgate.data.sources as sources
sources.__path__.append(sys.argv[1])

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.data.describe import describe
from biasgate.data.source import DataSource, open_dataset
from biasgate.evaluation.measure import measure

coins = open_dataset(sys.argv[2])
assert coins.name == "my coins"
assert open_dataset("coins:200").digest == coins.digest
assert "Coins" in DataSource.model_json_schema()["$defs"]
print(describe(coins)["samples"].tolist())
found = measure(coins.labels, coins, EvaluationSpec(attributes=("metal",)), model="sha256:m", provider="none")
print([(cell.subgroup, cell.trials) for cell in found.cells])
"""


def test_a_new_kind_is_one_new_file(tmp_path: Path) -> None:
    folder = tmp_path / "kinds"
    folder.mkdir()
    (folder / "coins.py").write_text(KIND)
    (tmp_path / "coins.yaml").write_text("name: my coins\ndata: {kind: coins, tosses: 200}\n")
    command = [sys.executable, "-c", USE, str(folder), str(tmp_path / "coins.yaml")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    described, cells = ended.stdout.splitlines()
    assert described == "[200, 100, 100]"
    assert cells == "[({}, 200), ({'metal': 'copper'}, 100), ({'metal': 'tin'}, 100)]"
