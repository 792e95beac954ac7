"""Steps that move candidates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from biasgate.kubeflow.steps.task import task


@dataclass(frozen=True)
class FetchedCandidate:
    """A candidate, and what its run is held to.

    Attributes:
        digest: Of its package.
        gate: Number of the declaration that is in force for its model.
        run: The pipeline's MLflow run.
        about: What its artifact says of it.
    """

    digest: str
    gate: int
    run: str
    about: Mapping[str, str | int]


def fetch_candidate(*, source: str, package: Path) -> FetchedCandidate:
    """Downloads a candidate, makes a checked package of it, and opens the MLflow run of its pipeline.

    Raises:
        InputError: No gate is declared for its model.
    """
    from biasgate.kubeflow.steps.declared import gate_in_force
    from biasgate.kubeflow.steps.headline import about
    from biasgate.registry.models import fetch_package, gated_name
    from biasgate.registry.tracking import open_pipeline_run

    run = open_pipeline_run("gate", candidate=source)
    with task("fetch_candidate", run=run) as tracked:
        candidate, resolved = fetch_package(source, package)
        name = gated_name(resolved, candidate.card.name)
        declared = gate_in_force(name)
        tracked.log_params({"source": resolved, "name": name, "digest": candidate.digest, "gate": declared.number})
        tracked.log_dict(candidate.card.model_dump(mode="json", by_alias=True), "card.json")
    known = about(source, digest=candidate.digest, gate=declared.number, run=run)
    return FetchedCandidate(digest=candidate.digest, gate=declared.number, run=run, about=known)


def submit_candidate(*, package: Path, run: str) -> str:
    """Registers a package as a new submission for the model that its card names."""
    from biasgate.models.package import open_package
    from biasgate.registry.models import submit_candidate as submit

    with task("submit_candidate", run=run) as tracked:
        candidate = open_package(package)
        source = submit(candidate, name=candidate.card.name, run_id=tracked.id)
        tracked.log_params({"source": source, "digest": candidate.digest})
    return source
