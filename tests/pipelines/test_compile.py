"""Every component and pipeline compiles, the same way each time, and carries no secret values."""

from pathlib import Path

import pytest
import yaml
from kfp import compiler

import biasgate.components  # pyright: ignore[reportMissingImports]  # an install maps it to a folder beside src
from biasgate.kubeflow.compile import compile_pipelines


@pytest.mark.parametrize("name", biasgate.components.__all__)
def test_component_compiles(name: str, tmp_path: Path) -> None:
    target = tmp_path / "component.yaml"
    compiler.Compiler().compile(getattr(biasgate.components, name), str(target))
    executor = next(iter(yaml.safe_load(target.read_text())["deploymentSpec"]["executors"].values()))
    assert "pip install" not in " ".join(executor["container"]["command"]), "nothing is installed at run time"


def test_pipelines_compile_to_the_same_bytes_each_time(tmp_path: Path) -> None:
    first = compile_pipelines(tmp_path / "first")
    second = compile_pipelines(tmp_path / "second")
    assert [path.name for path in first] == [
        "architecture_audit.yaml",
        "gate.yaml",
        "meta_classifier.yaml",
        "sweep.yaml",
    ]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_compiled_tasks_name_their_secrets_and_never_hold_them(tmp_path: Path) -> None:
    gate = next(path for path in compile_pipelines(tmp_path) if path.name == "gate.yaml")
    spec, platform = yaml.safe_load_all(gate.read_text())
    executors = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    secrets = {secret["secretName"] for executor in executors.values() for secret in executor["secretAsEnv"]}
    assert secrets == {"biasgate-mlflow", "biasgate-s3", "biasgate-signing-key"}
    signing = {name for name, executor in executors.items() if "biasgate-signing-key" in str(executor)}
    assert all("decide" in name or "evaluate" in name for name in signing), "only tasks that append to the log sign"
    for executor in spec["deploymentSpec"]["executors"].values():
        assert "env" not in executor["container"]
