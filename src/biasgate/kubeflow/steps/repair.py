"""Step that repairs a candidate."""

from __future__ import annotations

from pathlib import Path

from biasgate.kubeflow.steps.files import write
from biasgate.kubeflow.steps.task import task

SEED = 0


def repair_candidate(*, package: Path, data: str, policy: str, run: str, repaired: Path, record: Path) -> None:
    """Repairs a package within the policy's budget by the best of the policy's methods."""
    from biasgate.data.source import open_dataset
    from biasgate.gate.policy import read_policy
    from biasgate.models.package import open_package
    from biasgate.repair.competition import compete

    with task("repair_candidate", run=run) as tracked:
        rules, dataset = read_policy(policy).repair, open_dataset(data)
        _, made = compete(
            open_package(package),
            dataset,
            methods=rules.methods,
            attribute=rules.attribute,
            into=repaired,
            seconds=rules.seconds,
            seed=SEED,
        )
        write(record, made.to_json())
        tracked.log_params({"method": made.method, "data": dataset.digest, "trials": len(made.trials)})
        tracked.log_params(made.chosen.settings)
        tracked.log_metrics({"validation_worst_group": made.chosen.worst_group, "seconds": made.seconds})
        tracked.log_metrics({"moved": made.moved, "distance": made.distance, "parity": made.parity})
        tracked.log_dict(made.model_dump(mode="json", by_alias=True), "repair.json")
