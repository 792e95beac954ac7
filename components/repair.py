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
    inspection: dsl.Output[dsl.Dataset],
):
    """Repairs a candidate by the best of the declared methods, which compete on validation clusters of the repair data.

    What came out is inspected as ``fetch_candidate`` inspects a candidate.

    Args:
        package: Candidate package; never modified.
        gate: Number of the entry that declares the gate: repair data, methods, and how much time they have.
        run: MLflow run of the pipeline.
        repaired: Repaired candidate package, in ONNX, parity checked.
        record: What was tried, chosen and moved (JSON).
        inspection: What the repaired package is and says (JSON).
    """
    from pathlib import Path

    from biasgate.kubeflow.steps.inspection import inspect_candidate
    from biasgate.kubeflow.steps.repair import repair_candidate

    before, made = Path(package.path), Path(repaired.path)
    repair_candidate(package=before, gate=gate, run=run, repaired=made, record=Path(record.path))
    inspect_candidate(package=made, gate=gate, run=run, inspection=Path(inspection.path), before=before)
