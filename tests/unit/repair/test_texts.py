"""A transformer over hashed words, as torch exports it, is repaired through the command, on a table of tokens."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import repair_texts
import torch
from repair_texts import TextWorld, measured, text_world

from biasgate.models.onnx.file import load_onnx
from biasgate.models.package import open_package

torch.set_num_threads(1)
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> TextWorld:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(repair_texts, "PARTS", {"train": 400, "repair": 400, "test": 400})
        return text_world(tmp_path_factory.mktemp("texts"), seed=0)


def test_a_text_classifier_decides_less_by_the_planted_word(
    world: TextWorld, biasgate: Callable[..., Any], tmp_path: Path
):
    given = ("--data", world.source, "--into", tmp_path / "new", "--method", "unlearning")
    ended = biasgate("repair", world.package.path, *given)
    assert ended.code == 0, ended.err
    made = open_package(tmp_path / "new")
    before, after = measured(world.package, world), measured(made, world)
    assert before["aligned"] - before["conflicting"] > 0.5
    assert after["conflicting"] > before["conflicting"] + 0.2
    assert after["swap_rate"] < before["swap_rate"] / 2
    assert abs(after["bias"]) < 0.15 < before["bias"]
    old, new = ({t.name: t for t in load_onnx(package.model).graph.initializer} for package in (world.package, made))
    assert all(new[name] == old[name] for name in new.keys() & old.keys())
    assert len(new.keys() & old.keys()) > 10
