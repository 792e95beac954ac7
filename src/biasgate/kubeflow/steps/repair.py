"""Step that repairs a candidate."""

from __future__ import annotations

from pathlib import Path

from biasgate.errors import TrustError
from biasgate.kubeflow.steps.files import write
from biasgate.kubeflow.steps.task import task

SEED = 0


def repair_candidate(*, package: Path, gate: int, run: str, repaired: Path, record: Path) -> None:
    """Repairs a package within the policy's budget, by the best of the methods and on the data that its gate declares.

    Raises:
        TrustError: The gate declares no repair, or its data is not the declared any more.
    """
    from biasgate.data.source import open_pinned
    from biasgate.kubeflow.steps.declared import gate_of_run
    from biasgate.models.package import open_package
    from biasgate.repair.budget import read_memory
    from biasgate.repair.competition import compete

    with task("repair_candidate", run=run) as tracked:
        candidate = open_package(package)
        declared = gate_of_run(gate, model=candidate.card.name).gate
        rules, learns = declared.rules.repair, declared.repair
        if learns is None:
            raise TrustError("the gate declares no repair", where=f"gate {gate}")
        dataset = open_pinned(learns.source, digest=learns.digest)
        _, made = compete(
            candidate,
            dataset,
            methods=learns.methods,
            attribute=rules.attribute,
            into=repaired,
            seconds=rules.seconds,
            memory=read_memory(rules.memory) if rules.memory else None,
            seed=SEED,
        )
        write(record, made.to_json())
        tracked.log_params({"method": made.method, "data": dataset.digest, "trials": len(made.trials)})
        tracked.log_params(made.chosen.settings)
        tracked.log_metrics({"validation_worst_group": made.chosen.worst_group, "seconds": made.seconds})
        tracked.log_metrics({"moved": made.moved, "distance": made.distance, "parity": made.parity})
        tracked.log_dict(made.model_dump(mode="json", by_alias=True), "repair.json")
