"""Pipeline: train a zoo, learn to read bias from its weights, register the reader."""

from kfp import dsl

from biasgate.components import close_pipeline, featurize_weights, plan_zoo, train_meta_classifier, train_zoo_shard
from biasgate.kubeflow.configure import configure, run_config


@dsl.pipeline(
    name="meta-classifier",
    description="Train a biased zoo and a meta-classifier that reads bias from weights.",
    pipeline_config=run_config(),
)
def meta_classifier(spec: str, root: str, shards: int = 64, name: str = "biasgate-meta-classifier"):
    """Plans a zoo, trains it shard by shard, and registers a meta-classifier scored once on held-out models.

    Args:
        spec: ZooSpec as YAML text, or its URI.
        root: Folder or ``s3://`` prefix that zoos live under.
        shards: How many tasks share the training.
        name: Registered model that the meta-classifier becomes a version of.
    """
    with dsl.ExitHandler(configure(close_pipeline(), cached=False, storage=False, alerts=True), name="all-tasks"):
        planned = configure(plan_zoo(spec=spec, root=root, shards=shards), cached=False)
        with dsl.ParallelFor(planned.outputs["Output"], name="shards") as shard:
            trained = configure(train_zoo_shard(plan=shard.plan, shard=shard.index, root=root), work="train")
            features = configure(featurize_weights(index=trained.outputs["index"]))
        tables = dsl.Collected(features.outputs["table"])
        configure(train_meta_classifier(plan=planned.outputs["plan"], tables=tables, name=name), cached=False)
