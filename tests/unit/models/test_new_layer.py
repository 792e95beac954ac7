"""A kind of layer that nobody named anywhere: one new file, and it is all that the others are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

SCALE = '''
"""Each channel times a number of its own."""

from dataclasses import replace
from typing import ClassVar, Literal

import torch
from pydantic import ConfigDict, Field
from torch import nn

from biasgate.models.layer import Layer, image


class Scaled(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, 1, 1))

    def forward(self, x):
        return x * self.weight


class Scale(Layer):
    """Each channel times a number of its own."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "scale"}, {"kind": "scale", "most": 3}]})
    kind: Literal["scale"] = "scale"
    most: float = Field(default=2.0, gt=1, le=9)

    operators: ClassVar[tuple[str, ...]] = ("Mul",)

    def shape(self, before, *, where):
        return image(self.kind, before, where=where)

    def module(self, before):
        return Scaled(before[0])

    def initialise(self, module, *, init, generator):
        nn.init.uniform_(module.weight, 1, self.most, generator=generator)

    def write(self, x, graph):
        return graph.add("Mul", [x, *graph.store("weight")])

    def stacked(self, x, stack):
        return x * stack.parameters["weight"].flatten(1)[:, None, None, None].to(x.dtype)

    def restored(self, before, weights):
        return {"weight": torch.ones(before[0], 1, 1)}

    @classmethod
    def read_node(cls, node, graph):
        conv = graph.layers.get(node.input[0])
        if conv is None:
            graph.check_weightless(node)
        else:
            graph.replace(node.input[0], node.output[0], folded(conv, graph.array(node, 1)))

    @classmethod
    def read_tensors(cls, module, parts, found):
        if set(parts) != {"weight"} or parts["weight"].ndim != 3:
            return False
        found.layers[-1] = folded(found.layers[-1], parts["weight"])
        return True


def folded(conv, scale):
    return replace(conv, weight=conv.weight * scale[..., None], bias=conv.bias * scale.ravel())
'''

PLUGIN = """
import os

import biasgate.models.layers

biasgate.models.layers.__path__.append(os.environ["DROPPED"])
"""


def test_a_file_that_is_dropped_into_the_folder_passes_every_check_of_the_layers(tmp_path: Path) -> None:
    folder = tmp_path / "layers"
    folder.mkdir()
    (folder / "scale.py").write_text(SCALE)
    (tmp_path / "drop_in.py").write_text(PLUGIN)
    suite = Path(__file__).with_name("test_layers.py")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-vv", "-p", "drop_in", "-p", "no:cacheprovider", str(suite), "-k", "scale"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "DROPPED": str(folder)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout
    checks = (
        "gives_examples", "declared_in_json", "outside_its_bounds", "does_not_fit", "shape_is_the_one", "same_in_onnx",
        "read_from_a_graph_and_from_named_tensors", "first_weights", "step_in_a_stack", "learns",
    )  # fmt: skip
    assert [check for check in checks if check not in ran.stdout] == []
