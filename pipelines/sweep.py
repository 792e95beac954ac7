"""Pipeline: take every submission that has no decision through the gate, or the champion once more."""

from kfp import dsl

from biasgate.components import list_candidates
from biasgate.kubeflow.configure import configure, run_config
from biasgate.pipelines.gate import gate


@dsl.pipeline(
    name="sweep",
    description="Take the undecided submissions for a model, or its champion, through the gate.",
    pipeline_config=run_config(),
)
def sweep(
    name: str,
    policy: str,
    data: str,
    repair_data: str,
    log: str,
    meta_classifier: str = "models:/biasgate-meta-classifier@champion",
    which: str = "undecided",
    limit: int = 20,
    waivers: str = "",
):
    """Runs the gate on each submission found. One whose gate fails stays undecided: the next sweep takes it up.

    Args:
        name: The gate-owned model; submissions for it lie in ``<name>-candidates``.
        policy: Policy as YAML text, name or URI.
        data: Data source of the gate's test split.
        repair_data: Data source of the repair split, disjoint from the test split.
        log: URI of the signed log.
        meta_classifier: Where the reader of weights is.
        which: ``undecided``, or ``champion``.
        limit: The most submissions to take up in one run, oldest first.
        waivers: Waivers to present for each of them, as YAML text or URI.
    """
    found = configure(list_candidates(name=name, log=log, which=which, limit=limit), cached=False)
    with dsl.ParallelFor(found.outputs["Output"], parallelism=4) as candidate:
        gate(
            candidate=candidate,
            policy=policy,
            data=data,
            repair_data=repair_data,
            log=log,
            meta_classifier=meta_classifier,
            waivers=waivers,
        )
