"""Component that repairs a biased candidate."""

from kfp import dsl

from biasgate.components.image import component


@component
def repair_candidate(
    package: dsl.Input[dsl.Model],
    data: str,
    policy: str,
    run: str,
    repaired: dsl.Output[dsl.Model],
    record: dsl.Output[dsl.Dataset],
):
    """Repairs a candidate by the best of the policy's methods, which compete on validation clusters of the repair data.

    Args:
        package: Candidate package; never modified.
        data: Data source of the repair split, with the attribute that the bias is about.
        policy: Policy as YAML text, name or URI: it says which methods and how much time it allows.
        run: MLflow run of the pipeline.
        repaired: Repaired candidate package, in ONNX, parity checked.
        record: What was tried, chosen and moved (JSON).
    """
    from pathlib import Path

    from biasgate.kubeflow.steps.repair import repair_candidate

    repair_candidate(
        package=Path(package.path),
        data=data,
        policy=policy,
        run=run,
        repaired=Path(repaired.path),
        record=Path(record.path),
    )
