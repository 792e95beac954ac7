"""Every component and pipeline compiles, the same way each time, and carries no secret values."""

from pathlib import Path

import pytest
import yaml
from kfp import compiler

import biasgate.components  # pyright: ignore[reportMissingImports]  # an install maps it to a folder beside src
from biasgate.kubeflow.compile import compile_pipeline, compile_pipelines


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
    for executor in spec["deploymentSpec"]["executors"].values():
        assert "env" not in executor["container"]


@pytest.mark.parametrize(
    ("pipeline", "signs"),
    [
        ("gate", {"take_look", "decide_candidate"}),
        ("sweep", {"take_look", "decide_candidate", "list_candidates"}),
        ("meta_classifier", set()),
        ("architecture_audit", set()),
    ],
)
def test_tasks_that_sign_have_the_key_and_those_that_run_a_model_have_none(pipeline, signs, tmp_path):
    spec, platform = yaml.safe_load_all(compile_pipeline(pipeline, tmp_path).read_text())
    called = {name: component(executor) for name, executor in spec["deploymentSpec"]["executors"].items()}
    mounts = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert called.keys() == mounts.keys()
    assert {called[name] for name in mounts if "biasgate-signing-key" in str(mounts[name])} == signs
    keyless = {called[name] for name in mounts if "biasgate-signing-key" not in str(mounts[name])}
    assert not keyless & signs, "each task of a component has the key, or none has"
    if signs:
        assert keyless >= {"inspect_candidate", "evaluate_subgroups", "scan_weights", "repair_candidate"}


def component(executor: dict) -> str:
    """Which component a task runs, whatever the task is called."""
    command = executor["container"]["args"]
    return command[command.index("--function_to_execute") + 1]


def test_the_look_waits_for_the_scan_and_the_inspection_and_the_evaluation_for_the_look(tmp_path):
    spec, _ = yaml.safe_load_all(compile_pipeline("gate", tmp_path).read_text())
    found = {}
    for dag in (spec["root"]["dag"], spec["components"]["comp-condition-1"]["dag"]):
        found |= {task["taskInfo"]["name"]: set(task.get("dependentTasks", ())) for task in dag["tasks"].values()}
    assert found["look-at-candidate"] == {"fetch-candidate", "scan-weights", "inspect-candidate"}
    assert "take-look" in found["evaluate-candidate"]
    assert found["look-at-repaired"] == {"scan-weights-2", "inspect-candidate-2"}
    assert "take-look-2" in found["evaluate-repaired"]
    assert "inspect-candidate" not in found["scan-candidate"], "they run side by side"
