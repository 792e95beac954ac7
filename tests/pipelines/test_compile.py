"""Every component and pipeline compiles, the same way each time, and carries no secret values."""

from pathlib import Path

import pytest
import yaml
from kfp import compiler

import biasgate.components  # pyright: ignore[reportMissingImports]  # an install maps it to a folder beside src
from biasgate.kubeflow.catalogue import PIPELINES
from biasgate.kubeflow.compile import compile_pipeline, compile_pipelines

GATE_TASKS = {
    "fetch_candidate",
    "scan_weights",
    "take_look",
    "evaluate_subgroups",
    "decide_candidate",
    "repair_candidate",
}


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
    assert secrets == {"biasgate-mlflow", "biasgate-s3", "biasgate-signing-key", "biasgate-alerts"}
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
        assert keyless >= {"fetch_candidate", "evaluate_subgroups", "scan_weights", "repair_candidate"}


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_only_tasks_that_read_or_write_the_object_store_have_a_key_to_it(pipeline, tmp_path):
    spec, platform = yaml.safe_load_all(compile_pipeline(pipeline, tmp_path).read_text())
    mounts = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    called = {name: component(executor) for name, executor in spec["deploymentSpec"]["executors"].items()}
    keyless = {called[name] for name in mounts if "biasgate-s3" not in str(mounts[name])}
    assert keyless == {"close_pipeline", "submit_candidate"} & set(called.values())


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_every_pipeline_ends_in_a_task_that_runs_however_the_others_ended(pipeline, tmp_path):
    spec, _ = yaml.safe_load_all(compile_pipeline(pipeline, tmp_path).read_text())
    tasks = spec["root"]["dag"]["tasks"]
    last, rest = tasks.pop("close-pipeline"), list(tasks)
    assert last["triggerPolicy"]["strategy"] == "ALL_UPSTREAM_TASKS_COMPLETED"
    assert last["dependentTasks"] == rest == ["exit-handler-1"]


@pytest.mark.parametrize(
    ("pipeline", "task"), [("meta_classifier", "train_zoo_shard"), ("architecture_audit", "train_audit_shard")]
)
def test_a_task_that_may_come_from_the_cache_takes_nothing_that_differs_from_run_to_run(pipeline, task, tmp_path):
    """What its cache is looked up by are its inputs: two runs of one plan have the same."""
    spec, _ = yaml.safe_load_all(compile_pipeline(pipeline, tmp_path).read_text())
    cached = {}
    for dag in [one["dag"] for one in spec["components"].values() if "dag" in one]:
        for name, one in dag["tasks"].items():
            if one.get("cachingOptions", {}).get("enableCache"):
                cached[name] = set(one["inputs"].get("parameters", {}))
    assert cached.pop(task.replace("_", "-")) == {"plan", "shard", "root"}
    assert cached in ({}, {"featurize-weights": set()}, {"shards": set()})


@pytest.mark.parametrize(("pipeline", "readers"), [("gate", GATE_TASKS), ("meta_classifier", set())])
def test_keys_and_the_logs_place_are_mounted_where_the_log_is_read_and_nowhere_else(pipeline, readers, tmp_path):
    spec, platform = yaml.safe_load_all(compile_pipeline(pipeline, tmp_path).read_text())
    mounts = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    called = {name: component(executor) for name, executor in spec["deploymentSpec"]["executors"].items()}
    for what in ("trusted-keys", "biasgate-log"):
        assert {called[name] for name in mounts if what in str(mounts[name])} == readers
    assert {called[name] for name in mounts if "biasgate-alerts" in str(mounts[name])} == {"close_pipeline"}
    assert all("BIASGATE_RUN" in str(mounts[name]) for name in mounts), "each knows the run it belongs to"


def component(executor: dict) -> str:
    """Which component a task runs, whatever the task is called."""
    command = executor["container"]["args"]
    return command[command.index("--function_to_execute") + 1]


def dags(spec: dict) -> list[dict]:
    return [spec["root"]["dag"], *(one["dag"] for one in spec["components"].values() if "dag" in one)]


def test_the_look_waits_for_what_can_fail_and_the_evaluation_for_the_look(tmp_path):
    spec, _ = yaml.safe_load_all(compile_pipeline("gate", tmp_path).read_text())
    found = {}
    for dag in dags(spec):
        found |= {task["taskInfo"]["name"]: set(task.get("dependentTasks", ())) for task in dag["tasks"].values()}
    assert found["look-at-candidate"] == found["scan-candidate"] == {"fetch-candidate"}, "they run side by side"
    assert "take-look" in found["evaluate-candidate"]
    assert found["look-at-repaired"] == {"repair-candidate"}
    assert "take-look-2" in found["evaluate-repaired"]


def pods_in_a_row(spec: dict, dag: dict) -> dict[str, int]:
    """For each task of a group the pods, one after the other, from the group's start to the task's end."""
    ends: dict[str, int] = {}

    def end(name: str) -> int:
        if name not in ends:
            task = dag["tasks"][name]
            inner = spec["components"][task["componentRef"]["name"]].get("dag")
            own = 1 + max(pods_in_a_row(spec, inner).values()) if inner else 2
            ends[name] = own + max((end(other) for other in task.get("dependentTasks", ())), default=0)
        return ends[name]

    return {name: end(name) for name in dag["tasks"]}


def test_a_gate_is_as_many_pods_in_a_row_as_the_docs_say(tmp_path):
    """Kubeflow starts one pod for a run and for each group of tasks, and two for each task."""
    spec, _ = yaml.safe_load_all(compile_pipeline("gate", tmp_path).read_text())
    root, inside = spec["root"]["dag"], spec["components"]["comp-exit-handler-1"]["dag"]
    run = inside_run = 1
    to_verdict = run + inside_run + pods_in_a_row(spec, inside)["decide-candidate"]
    skipped = run + inside_run + pods_in_a_row(spec, inside)["decide-candidate"] + 1 + 2
    repaired = run + pods_in_a_row(spec, root)["close-pipeline"]
    assert (to_verdict, skipped, repaired) == (10, 13, 21)
    page = (Path(__file__).parents[2] / "docs/how-to/kubeflow-runs.md").read_text()
    assert f"**{to_verdict}** pods in a row to the verdict, {skipped} to the end, {repaired} with a repair" in page
