"""Component that inspects a candidate before the look."""

from kfp import dsl

from biasgate.components.image import component


@component
def inspect_candidate(
    package: dsl.Input[dsl.Model],
    gate: int,
    run: str,
    inspection: dsl.Output[dsl.Dataset],
    before: dsl.Input[dsl.Model] = None,
):
    """Tries all that can fail without a look at the test data, the model on a few of its rows in a sandbox included.

    Args:
        package: Candidate package.
        gate: Number of the entry that declares the gate: test data, what is measured on it, what the model may use.
        run: MLflow run of the pipeline.
        inspection: What the package is and says (JSON): whoever signs opens it no more.
        before: The package that a repair started from.
    """
    from pathlib import Path

    from biasgate.kubeflow.steps.inspection import inspect_candidate

    inspect_candidate(
        package=Path(package.path),
        gate=gate,
        run=run,
        inspection=Path(inspection.path),
        before=Path(before.path) if before else None,
    )
