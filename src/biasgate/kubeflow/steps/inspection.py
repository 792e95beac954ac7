"""Step that inspects a candidate before anybody looks at the test data."""

from __future__ import annotations

from pathlib import Path

from biasgate.kubeflow.steps.files import write
from biasgate.kubeflow.steps.task import task


def inspect_candidate(*, package: Path, gate: int, run: str, inspection: Path, before: Path | None = None) -> None:
    """Tries what can fail without a look: the data, what the policy asks of it, the model on a few rows, the champion.

    The scan is tried as well, and what it says is not kept: that of a task that runs no model counts.

    Raises:
        TrustError: The test data is not the declared any more, or the champion's bytes are not those of its tag.
        CandidateError: The model cannot be run safely, or not as it will serve.
        InputError: It does not fit the data, the data has not what the policy asks for, or there is no such reader.
    """
    from tempfile import TemporaryDirectory

    from biasgate.data.source import open_pinned
    from biasgate.detection.reader.declared import scan_as_declared
    from biasgate.evaluation.inspect import inspect
    from biasgate.evaluation.preflight import preflight
    from biasgate.kubeflow.steps.declared import gate_of_run
    from biasgate.models.candidates import open_candidate
    from biasgate.models.sandbox.limits import Limits
    from biasgate.registry.meta_classifiers import fetch_meta_classifier
    from biasgate.registry.serving import champion_package
    from biasgate.repair.registry import require_methods

    with task("inspect_candidate", run=run) as tracked, TemporaryDirectory() as folder:
        candidate = open_candidate(package)
        declared = gate_of_run(gate, model=candidate.card.name).gate
        require_methods(declared.rules.repair.methods)
        dataset = open_pinned(declared.test.source, digest=declared.test.digest)
        preflight(candidate.card, dataset, declared.rules.evaluation)
        scan_as_declared(candidate, declared.scan, fetch=fetch_meta_classifier)
        limits = Limits(**declared.inference.limits)
        inspected = inspect(candidate, dataset, repaired=before is not None, limits=limits)
        if before:
            open_candidate(before)
        if declared.rules.needs_champion:
            champion_package(inspected.name, Path(folder, "champion"))
        write(inspection, inspected.to_json())
        tracked.log_dict(inspected.model_dump(mode="json", by_alias=True), "inspection.json")
