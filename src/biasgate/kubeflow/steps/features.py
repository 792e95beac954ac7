"""Steps that read weights."""

from __future__ import annotations

from pathlib import Path

from biasgate.kubeflow.steps.files import write
from biasgate.kubeflow.steps.task import task


def featurize_weights(*, index: Path, table: Path) -> None:
    """Writes the feature table of one shard (parquet)."""
    from biasgate.detection.features.table import feature_table
    from biasgate.detection.zoo.index import ShardIndex

    with task("featurize_weights") as tracked:
        features = feature_table(ShardIndex.read(index))
        table.parent.mkdir(parents=True, exist_ok=True)
        features.to_parquet(table, index=False)
        tracked.log_params({"models": len(features), "columns": features.shape[1]})


def scan_weights(*, package: Path, gate: int, run: str, scan: Path) -> dict[str, float | str]:
    """Scans a candidate package with the reader that its gate declares, and writes the scan.

    Returns:
        Its level, its reason and its numbers, by name.
    """
    from biasgate.detection.reader.declared import scan_as_declared
    from biasgate.kubeflow.steps.declared import gate_of_run
    from biasgate.models.candidates import open_candidate
    from biasgate.registry.meta_classifiers import fetch_meta_classifier

    with task("scan_weights", run=run) as tracked:
        candidate = open_candidate(package)
        reader = gate_of_run(gate, model=candidate.card.name).gate.scan
        result = scan_as_declared(candidate, reader, fetch=fetch_meta_classifier)
        write(scan, result.to_json())
        values = {f"probability_{level}": value for level, value in result.probabilities.items()}
        if result.measured_bias:
            values["predicted_bias"] = result.measured_bias.value
        tracked.log_params({"level": result.level or "abstained", "meta_classifier": result.meta_classifier})
        tracked.log_metrics(values)
        tracked.log_dict(result.model_dump(mode="json", by_alias=True), "scan.json")
    return {"level": result.level or "abstained", "reason": result.reason, **values}
