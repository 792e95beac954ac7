"""A component, started in the image as Kubeflow's launcher starts it: the compiled command and an executor input."""

import json

import pytest

from biasgate.pipelines.meta_classifier import meta_classifier  # pyright: ignore[reportMissingImports]  # an install maps it to a folder beside src

EXECUTORS = meta_classifier.pipeline_spec.deployment_spec["executors"]


@pytest.fixture
def run_component(contained, tmp_path):
    """Runs one component and gives its output parameters."""
    tmp_path.chmod(0o777)

    def run(name: str, *, outputs: tuple[str, ...], inputs: dict, check: bool = True, options: tuple[str, ...] = ()):
        container = EXECUTORS[f"exec-{name}"]["container"]
        files = {output: {"outputFile": f"/outputs/{output}"} for output in outputs}
        request = {
            "inputs": {"parameterValues": inputs},
            "outputs": {"parameters": files, "outputFile": "/outputs/executor.json"},
        }
        command = [part.replace("{{$}}", json.dumps(request)) for part in [*container["command"], *container["args"]]]
        done = contained(*command, options=(*options, "--volume", f"{tmp_path}:/outputs"), check=check)
        return done, {path.name: path.read_text() for path in tmp_path.iterdir()}

    return run


def test_a_component_runs_under_all_restrictions(run_component):
    _, outputs = run_component(
        "plan-zoo",
        inputs={"spec": "digits_demo", "root": "/tmp/zoos", "shards": 4},
        outputs=("Output", "plan"),
        options=("--env", "MLFLOW_TRACKING_URI=sqlite:////tmp/mlflow.db"),
    )
    items = json.loads(outputs["executor.json"])["parameterValues"]["Output"]
    assert [item["index"] for item in items] == [0, 1, 2, 3]
    assert all(item["plan"].startswith("/tmp/zoos/") for item in items)


def test_a_component_that_fails_says_so_and_leaves_no_output(run_component):
    done, outputs = run_component(
        "plan-zoo",
        inputs={"spec": "no_such_spec", "root": "/tmp/zoos", "shards": 4},
        outputs=("Output", "plan"),
        check=False,
    )
    assert done.returncode != 0
    assert "no_such_spec" in done.stderr + done.stdout
    assert outputs == {}
