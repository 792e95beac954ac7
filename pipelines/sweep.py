"""Pipeline: take every submission that has no decision through the gate, or the champion once more."""

from kfp import dsl

from biasgate.components import close_pipeline, list_candidates
from biasgate.kubeflow.configure import configure, run_config
from biasgate.pipelines.gate import judge


@dsl.pipeline(
    name="sweep",
    description="Take the undecided submissions for a model, or its champion, through the gate.",
    pipeline_config=run_config(),
)
def sweep(name: str, which: str = "undecided", limit: int = 20):
    """Runs the gate on each submission found. One whose gate fails is taken up again, after the others, three times.

    Args:
        name: The gate-owned model; submissions for it lie in ``<name>-candidates``.
        which: ``undecided``, or ``champion``.
        limit: The most submissions to take up in one run, oldest first of those that were attempted least.
    """
    with dsl.ExitHandler(configure(close_pipeline(), cached=False, storage=False, alerts=True), name="all-tasks"):
        found = configure(list_candidates(name=name, which=which, limit=limit), cached=False, log="signed")
        with dsl.ParallelFor(found.outputs["Output"], parallelism=4, name="candidates") as candidate:
            judge(candidate)
