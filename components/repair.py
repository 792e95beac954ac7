"""Component that repairs a biased candidate."""

from kfp import dsl

from biasgate.components.image import component


@component
def repair_candidate(
    package: dsl.Input[dsl.Model],
    gate: int,
    run: str,
    repaired: dsl.Output[dsl.Model],
    record: dsl.Output[dsl.Dataset],
):
    """Repairs a candidate by the best of the declared methods, which compete on validation clusters of the repair data.

    Args:
        package: Candidate package; never modified.
        gate: Number of the entry that declares the gate: repair data, methods, and how much time they have.
        run: MLflow run of the pipeline.
        repaired: Repaired candidate package, in ONNX, parity checked.
        record: What was tried, chosen and moved (JSON).
    """
    from pathlib import Path

    from biasgate.kubeflow.steps.repair import repair_candidate

    repair_candidate(
        package=Path(package.path),
        gate=gate,
        run=run,
        repaired=Path(repaired.path),
        record=Path(record.path),
    )
