"""Component that takes the look."""

from kfp import dsl

from biasgate.components.image import component


@component
def take_look(package: dsl.Input[dsl.Model], inspection: dsl.Input[dsl.Dataset], gate: int, run: str) -> int:
    """Signs into the log that a candidate is about to be measured on the declared test data.

    The candidate's files are hashed, and neither opened nor run.

    Args:
        package: Candidate package.
        inspection: What the package is and says.
        gate: Number of the entry that declares the gate, which must still be in force.
        run: MLflow run of the pipeline.

    Returns:
        Which look at the test data this is, from 1; the same when the task is repeated.
    """
    from pathlib import Path

    from biasgate.kubeflow.steps.look import take_look

    return take_look(package=Path(package.path), inspection=Path(inspection.path), gate=gate, run=run)
