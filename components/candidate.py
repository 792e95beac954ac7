"""Components that move candidates: out of the registry, and a repaired one back in."""

from kfp import dsl

from biasgate.components.image import component


@component
def fetch_candidate(
    source: str,
    package: dsl.Output[dsl.Model],
    inspection: dsl.Output[dsl.Dataset],
    gate: dsl.OutputPath(int),
    run: dsl.OutputPath(str),
) -> str:
    """Downloads a candidate, finds its model's gate, opens the MLflow run, and tries all that can fail without a look.

    It holds no key: the model is run on a few rows of the test data, in a sandbox.

    Args:
        source: ``models:/<name>-candidates/<version>``.
        package: ``model.onnx`` and ``card.json``, verified.
        inspection: What the package is and says (JSON): whoever signs opens it no more.
        gate: Number of the entry that declares the gate: what every task of this run is held to.
        run: MLflow run that every task of this pipeline nests under.

    Returns:
        Digest of the package.
    """
    from pathlib import Path

    from biasgate.kubeflow.steps.candidate import fetch_candidate
    from biasgate.kubeflow.steps.inspection import inspect_candidate

    held = Path(package.path)
    fetched = fetch_candidate(source=source, package=held)
    inspect_candidate(package=held, gate=fetched.gate, run=fetched.run, inspection=Path(inspection.path))
    Path(gate).write_text(str(fetched.gate))
    Path(run).write_text(fetched.run)
    package.metadata.update(fetched.about)
    return fetched.digest


@component
def submit_candidate(package: dsl.Input[dsl.Model], run: str) -> str:
    """Registers a repaired package as a new version beside the candidate that it came from.

    Args:
        package: Candidate package.
        run: MLflow run of the pipeline.

    Returns:
        ``models:/`` URI of the new version.
    """
    from pathlib import Path

    from biasgate.kubeflow.steps.candidate import submit_candidate

    return submit_candidate(package=Path(package.path), run=run)
