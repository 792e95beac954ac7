"""Steps that audit an architecture."""

from __future__ import annotations

from pathlib import Path

from biasgate.kubeflow.steps.files import write
from biasgate.kubeflow.steps.shards import PlannedShards
from biasgate.kubeflow.steps.task import task


def plan_audit(*, spec: str, root: str, shards: int) -> PlannedShards:
    """Plans an audit under ``root`` and opens the MLflow run of its pipeline."""
    from biasgate.audit.files import read_spec
    from biasgate.audit.plan import plan_audit as make_plan
    from biasgate.documents import digest
    from biasgate.registry.tracking import open_run_of_kubeflow
    from biasgate.storage.plans import write_plan

    with task("plan_audit", run=open_run_of_kubeflow("architecture_audit")) as tracked:
        plan = make_plan(read_spec(spec), shards=shards)
        uri = write_plan(plan, root=root)
        models = len(plan.arms) * plan.spec.seeds
        tracked.log_params({"audit": plan.spec.name, "models": models, "shards": shards, "plan": digest(plan)})
        tracked.log_dict(plan.spec.model_dump(mode="json", by_alias=True), "audit.json")
    return PlannedShards(plan=uri, shards=shards)


def train_audit_shard(*, plan: str, shard: int, root: str, index: Path) -> None:
    """Trains and measures the models of one shard, and writes its index."""
    from biasgate.audit.plan import AuditPlan
    from biasgate.audit.shard import train_shard
    from biasgate.storage.plans import read_plan

    with task("train_audit_shard") as tracked:
        trained = train_shard(read_plan(AuditPlan, plan), shard, root)
        write(index, trained.to_json())
        models = sum(len(file.seeds) for file in trained.files)
        tracked.log_params({"shard": shard, "models": models, "uri": trained.uri})


def audit_architecture(*, plan: str, shards: list[Path], effects: Path, html: Path) -> dict[str, float]:
    """Estimates the effects of an audit whose shards are all trained.

    Returns:
        How many effects on subgroups and on gaps were found after correction, and of how many.
    """
    from biasgate.audit.audit import audit_result
    from biasgate.audit.plan import AuditPlan
    from biasgate.audit.shard import AuditShard
    from biasgate.registry.tracking import finish_run_of_kubeflow
    from biasgate.report.audit import audit_page, findings
    from biasgate.storage.plans import read_plan

    with task("audit_architecture") as tracked:
        result = audit_result(read_plan(AuditPlan, plan), [AuditShard.read(path) for path in shards])
        write(effects, result.to_json())
        write(html, audit_page(result))
        tracked.log_params({"train": result.train, "test": result.test, "images": result.images})
        tracked.log_metrics(counts := findings(result))
        tracked.log_artifact(html, "audit")
        tracked.log_dict(result.model_dump(mode="json", by_alias=True), "audit_result.json")
    finish_run_of_kubeflow()
    return counts
