"""Components that audit an architecture: plan the arms, train them shard by shard, estimate the effects."""

from kfp import dsl

from biasgate.components.image import component


@component
def plan_audit(spec: str, root: str, shards: int, plan: dsl.OutputPath(str)) -> list[dict]:
    """Plans an audit, and opens the MLflow run that every task of this pipeline nests under.

    Args:
        spec: AuditSpec as YAML text, its URI, or a built-in one's name.
        root: Folder or ``s3://`` prefix that audits live under.
        shards: How many tasks share the training; 64 to 128 on a cluster.
        plan: URI of the plan.

    Returns:
        One item a shard to fan out over: ``index`` and ``plan``; see ``plan_zoo``.
    """
    from pathlib import Path

    from biasgate.kubeflow.steps.audit import plan_audit

    planned = plan_audit(spec=spec, root=root, shards=shards)
    Path(plan).write_text(planned.plan)
    return planned.items


@component
def train_audit_shard(plan: str, shard: int, root: str, index: dsl.Output[dsl.Dataset]):
    """Trains and measures the models of one shard; a shard that is finished is not trained again.

    Args:
        plan: URI of the plan.
        shard: Which shard.
        root: Folder or ``s3://`` prefix that audits live under.
        index: Where the shard's answers lie, with their digests (small JSON).
    """
    from pathlib import Path

    from biasgate.kubeflow.steps.audit import train_audit_shard

    train_audit_shard(plan=plan, shard=shard, root=root, index=Path(index.path))


@component
def audit_architecture(
    plan: str,
    shards: dsl.Input[list[dsl.Dataset]],
    effects: dsl.Output[dsl.Dataset],
    effect_counts: dsl.Output[dsl.Metrics],
    audit_report: dsl.Output[dsl.HTML],
):
    """Estimates what the intervention did to each subgroup and to the gaps between them.

    Args:
        plan: URI of the plan.
        shards: Indices of all shards.
        effects: Every level and effect with its intervals (JSON).
        effect_counts: How many effects were found, and of how many.
        audit_report: Effects for people.
    """
    from pathlib import Path

    from biasgate.kubeflow.steps.audit import audit_architecture

    paths = [Path(shard.path) for shard in shards]
    found = audit_architecture(plan=plan, shards=paths, effects=Path(effects.path), html=Path(audit_report.path))
    for metric, value in found.items():
        effect_counts.log_metric(metric, value)
