"""Pipeline: interventions × seeds × perturbations × subgroups, to effects with intervals."""

from kfp import dsl

from biasgate.components import audit_architecture, close_pipeline, plan_audit, train_audit_shard
from biasgate.kubeflow.configure import configure, run_config


@dsl.pipeline(
    name="architecture-audit",
    description="What a hyperparameter of the architecture does to each subgroup.",
    pipeline_config=run_config(),
)
def architecture_audit(spec: str, root: str, shards: int = 64):
    """Plans an audit, trains its models shard by shard, and estimates the effects.

    Args:
        spec: AuditSpec as YAML text, its URI, or a built-in one's name.
        root: Folder or ``s3://`` prefix that audits live under.
        shards: How many tasks share the training.
    """
    with dsl.ExitHandler(configure(close_pipeline(), cached=False, storage=False, alerts=True), name="all-tasks"):
        planned = configure(plan_audit(spec=spec, root=root, shards=shards), cached=False)
        with dsl.ParallelFor(planned.outputs["Output"], name="shards") as shard:
            trained = configure(train_audit_shard(plan=shard.plan, shard=shard.index, root=root), work="train")
        indices = dsl.Collected(trained.outputs["index"])
        configure(audit_architecture(plan=planned.outputs["plan"], shards=indices), cached=False)
