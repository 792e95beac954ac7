"""Components that make a zoo: plan it, then train it shard by shard."""

from kfp import dsl

from biasgate.components.image import component


@component
def plan_zoo(spec: str, root: str, shards: int, plan: dsl.OutputPath(str)) -> list[dict]:
    """Plans a zoo, and opens the MLflow run that every task of this pipeline nests under.

    Args:
        spec: ZooSpec as YAML text, or its URI.
        root: Folder or ``s3://`` prefix that zoos live under.
        shards: How many tasks share the training; 64 to 128 on a cluster.
        plan: URI of the plan.

    Returns:
        One item a shard to fan out over: ``index`` and ``plan``. They travel together because KFP's local runner
        hands a loop's tasks nothing but their item and the pipeline's own parameters.
    """
    from pathlib import Path

    from biasgate.kubeflow.steps.zoo import plan_zoo

    planned = plan_zoo(spec=spec, root=root, shards=shards)
    Path(plan).write_text(planned.plan)
    return planned.items


@component
def train_zoo_shard(plan: str, shard: int, root: str, index: dsl.Output[dsl.Dataset]):
    """Trains the models of one shard; a shard that is finished is not trained again.

    Args:
        plan: URI of the plan.
        shard: Which shard.
        root: Folder or ``s3://`` prefix that zoos live under.
        index: Where the shard's weights and table lie, with their digests (small JSON).
    """
    from pathlib import Path

    from biasgate.kubeflow.steps.zoo import train_zoo_shard

    train_zoo_shard(plan=plan, shard=shard, root=root, index=Path(index.path))
