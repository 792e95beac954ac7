"""Folders with more, or less, than a model and its card."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from hostile.archive import payload
from hostile.candidate import card, good, graph
from hostile.case import CANARY, Named, Write

MLMODEL = """
flavors:
  python_function: {{loader_module: evil, code: code, data: ., env: conda.yaml, python_model: python_model.pkl}}
  sklearn: {{pickled_model: model.pkl, serialization_format: cloudpickle}}
  pytorch: {{model_data: data, code: null}}
metadata: !!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path [{0}]]
"""


def cases() -> Named:
    def beside(forbidden: bool, *names: str, make: Callable[[Path], object] | None = None) -> tuple[Write, bool]:
        def write(into: Path) -> None:
            graph(good())(into)
            for name in names:
                (into / name).parent.mkdir(parents=True, exist_ok=True)
                if make:
                    make(into / name)
                else:
                    (into / name).write_bytes(payload(2, into))

        return write, forbidden

    def mlmodel(path: Path) -> None:
        path.write_text(MLMODEL.format(path.parents[1] / CANARY))

    for name, (write, forbidden) in {
        "a pickle of sklearn": beside(True, "model.pkl"),
        "a pickle of pyfunc": beside(True, "python_model.pkl"),
        "a module": beside(True, "evil.py"),
        "a folder of code": beside(True, "code/evil.py"),
        "torch's data folder": beside(True, "data/model.pth"),
        "a compiled module": beside(True, "__pycache__/card.pyc"),
        "a hidden file": beside(True, ".pth"),
        "a second model": beside(True, "model.pt"),
        "a model in capitals": beside(True, "MODEL.ONNX"),
        "an example that is a pickle": beside(False, "input_example.json"),
        "MLflow's file with a loader and a tag": beside(False, "MLmodel", make=mlmodel),
        "MLflow's file as a pickle": beside(False, "MLmodel"),
        "an environment": beside(False, "conda.yaml", "requirements.txt"),
        "MLflow's file as a link": beside(False, "MLmodel", make=lambda path: path.symlink_to("/dev/zero")),
    }.items():
        yield name, write, forbidden
    yield "nothing", lambda into: into, True
    yield "only a card", lambda into: (into / "card.json").write_text(json.dumps(card())), True
    yield "only a model", lambda into: (into / "model.onnx").write_bytes(good()), True
