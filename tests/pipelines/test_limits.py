"""The compiled pipelines stay far within what a cluster bears, at the largest fan-out that the docs allow."""

import json

import pytest
from cluster_limits import ARGUMENT_BYTES, NODES, WORKFLOW_BYTES, Size, run_size
from google.protobuf.json_format import MessageToDict

from biasgate.detection.zoo.spec import read_spec
from biasgate.errors import InputError
from biasgate.kubeflow.arguments import PARAMETERS_BYTES, check_parameters
from biasgate.kubeflow.catalogue import PIPELINES, load_pipeline
from biasgate.kubeflow.steps.shards import PlannedShards

SHARDS = 128
RUN = "s3://biasgate/runs/v2/artifacts/meta-classifier/00000000-0000-0000-0000-000000000000"


def spec_of(name: str) -> dict:
    return MessageToDict(load_pipeline(name).pipeline_spec)


def test_a_loop_over_one_task_has_the_pods_and_nodes_that_were_counted_on_a_cluster():
    task = {"componentRef": {"name": "task"}}
    loop = {"componentRef": {"name": "loop"}, "parameterIterator": {}}
    components = {"task": {"executorLabel": "exec-task"}, "loop": {"dag": {"tasks": {"task": task}}}}
    spec = {"root": {"dag": {"tasks": {"loop": loop}}}, "components": components}
    one, two = (run_size(spec, items=items) for items in (1, 2))
    assert Size(two.pods - one.pods, two.nodes - one.nodes) == Size(pods=3, nodes=6)


def test_a_zoo_of_128_shards_makes_a_tenth_of_the_nodes_that_break_a_cluster():
    size = run_size(spec_of("meta_classifier"), items=SHARDS)
    assert size == Size(pods=649, nodes=1_170)
    assert size.nodes < NODES / 10


def test_an_audit_of_128_shards_stays_below_a_tenth_too():
    assert run_size(spec_of("architecture_audit"), items=SHARDS).nodes < NODES / 10


def test_a_sweep_at_its_limit_stays_below_a_tenth_too():
    limit = load_pipeline("sweep").component_spec.inputs["limit"].default
    assert isinstance(limit, int)
    assert run_size(spec_of("sweep"), items=limit).nodes < NODES / 10


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_takes_a_small_part_of_the_workflow_object(name):
    pipeline = load_pipeline(name)
    specs = json.dumps([MessageToDict(pipeline.pipeline_spec), MessageToDict(pipeline.platform_spec)])
    assert len(specs.encode()) < WORKFLOW_BYTES / 10


@pytest.mark.parametrize("name", PIPELINES)
def test_every_run_has_a_deadline_and_leaves_the_cluster_after_a_while(name):
    given = MessageToDict(load_pipeline(name).platform_spec)["platforms"]["kubernetes"]["pipelineConfig"]
    assert given.keys() == {"activeDeadlineSeconds", "resourceTtlOnSuccess", "resourceTtlOnFailure"}


def test_the_items_of_128_shards_fit_into_one_argument():
    plan = PlannedShards(plan=f"s3://a-bucket-of-our-own/zoo/{'0' * 16}/plan.json", shards=SHARDS)
    size = len(json.dumps(plan.items).encode())
    assert 80 * SHARDS < size < ARGUMENT_BYTES / 4


def test_the_tables_of_128_shards_fit_into_one_argument():
    """The task that fits the meta-classifier gets them all at once, as its executor input."""
    table = {
        "artifactId": "0" * 20,
        "name": "table",
        "type": {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"},
        "uri": f"{RUN}/featurize-weights/00000000-0000-0000-0000-000000000000/table",
        "metadata": {"display_name": "table"},
    }
    given = {"inputs": {"artifacts": {"tables": {"artifacts": [table] * SHARDS}}}}
    assert len(json.dumps(given).encode()) < ARGUMENT_BYTES / 2


def test_a_zoo_spec_as_text_fits_into_the_parameters_of_a_run():
    spec = read_spec("digits_demo").model_dump_json(by_alias=True, indent=1)
    arguments = {"spec": spec, "root": "s3://biasgate/zoo", "shards": SHARDS, "name": "biasgate-meta-classifier"}
    check_parameters(arguments, where="meta_classifier")
    assert len(json.dumps(arguments)) < PARAMETERS_BYTES / 2


def test_parameters_that_are_too_long_are_refused_with_the_longest_one_named():
    check_parameters({"policy": "x" * (PARAMETERS_BYTES - 14)}, where="gate")
    with pytest.raises(InputError, match="put 'policy' into a file"):
        check_parameters({"policy": "x" * (PARAMETERS_BYTES - 13), "log": "y"}, where="gate")
