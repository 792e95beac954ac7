"""Components that read weights: features of a zoo shard, the scan of a candidate."""

from kfp import dsl

from biasgate.components.image import component


@component
def featurize_weights(index: dsl.Input[dsl.Dataset], table: dsl.Output[dsl.Dataset]):
    """Turns the weights of one shard into a table of weight features, streaming them from their URI.

    Args:
        index: Index of a finished shard.
        table: One row a model: its plan, its measured bias, its features (parquet).
    """
    from pathlib import Path

    from biasgate.kubeflow.steps.features import featurize_weights

    featurize_weights(index=Path(index.path), table=Path(table.path))


@component
def scan_weights(
    package: dsl.Input[dsl.Model],
    gate: int,
    run: str,
    scan: dsl.Output[dsl.Dataset],
    weight_scan: dsl.Output[dsl.Metrics],
):
    """Reads a candidate's bias from its weights with the reader that its gate declares; nothing is run.

    Args:
        package: Candidate package.
        gate: Number of the entry that declares the gate.
        run: MLflow run of the pipeline.
        scan: The scan (JSON).
        weight_scan: Level, or that the reader abstained and why; level probabilities and predicted bias.
    """
    from pathlib import Path

    from biasgate.kubeflow.steps.features import scan_weights

    read = scan_weights(package=Path(package.path), gate=gate, run=run, scan=Path(scan.path))
    weight_scan.metadata.update(read)
