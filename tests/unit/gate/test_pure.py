"""Deciding stands on nothing heavy."""

from __future__ import annotations

import subprocess
import sys

DECIDE = """
import importlib, pkgutil, sys
import biasgate.gate
for found in pkgutil.walk_packages(biasgate.gate.__path__, "biasgate.gate."):
    importlib.import_module(found.name)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
HEAVY = {"torch", "onnx", "onnxruntime", "mlflow", "kfp", "sklearn", "matplotlib", "boto3"}


def test_the_whole_gate_is_imported_without_whatever_runs_a_model_or_reaches_a_service():
    said = subprocess.run([sys.executable, "-c", DECIDE], capture_output=True, text=True, check=True).stdout
    assert HEAVY & set(said.split()) == set()
