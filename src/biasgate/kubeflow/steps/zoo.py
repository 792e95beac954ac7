"""Steps that make a zoo."""

from __future__ import annotations

from pathlib import Path

from biasgate.kubeflow.steps.files import write
from biasgate.kubeflow.steps.shards import PlannedShards
from biasgate.kubeflow.steps.task import task


def plan_zoo(*, spec: str, root: str, shards: int) -> PlannedShards:
    """Plans a zoo under ``root`` and opens the MLflow run of its pipeline."""
    from biasgate.detection.zoo.plan import plan_zoo as make_plan
    from biasgate.detection.zoo.spec import read_spec
    from biasgate.documents import digest
    from biasgate.registry.tracking import open_run_of_kubeflow
    from biasgate.storage.plans import write_plan

    with task("plan_zoo", run=open_run_of_kubeflow("meta_classifier")) as tracked:
        plan = make_plan(read_spec(spec), shards=shards)
        uri = write_plan(plan, root=root)
        tracked.log_params({"zoo": plan.spec.name, "models": len(plan.models), "shards": shards, "plan": digest(plan)})
        tracked.log_dict(plan.spec.model_dump(mode="json", by_alias=True), "zoo.json")
    return PlannedShards(plan=uri, shards=shards)


def train_zoo_shard(*, plan: str, shard: int, root: str, index: Path) -> None:
    """Trains one shard of a plan and writes its index."""
    from biasgate.detection.zoo.index import read_table
    from biasgate.detection.zoo.plan import ZooPlan
    from biasgate.detection.zoo.shard import train_shard
    from biasgate.storage.plans import read_plan

    with task("train_zoo_shard") as tracked:
        trained = train_shard(read_plan(ZooPlan, plan), shard, root)
        write(index, trained.to_json())
        tracked.log_params({"shard": shard, "models": trained.models, "uri": trained.uri})
        tracked.log_metrics({"mean_measured_bias": read_table(trained)["measured_bias"].to_numpy().mean().item()})
