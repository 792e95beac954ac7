"""Step that repairs a candidate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from biasgate.steps.files import write
from biasgate.steps.task import task

if TYPE_CHECKING:
    from biasgate.debias.repair import Method

SEED = 0


def debias(*, method: Method, package: Path, data: str, policy: str, run: str, repaired: Path, record: Path) -> None:
    """Repairs a package by one method, within the policy's budget."""
    from biasgate.data.source import open_dataset
    from biasgate.debias.repair import debias as repair
    from biasgate.gate.policy import read_policy
    from biasgate.models.package import open_package

    with task(f"debias_{method}", run=run) as tracked:
        budget, dataset = read_policy(policy).repair.seconds, open_dataset(data)
        _, made = repair(open_package(package), dataset, method=method, into=repaired, seconds=budget, seed=SEED)
        write(record, made.to_json())
        chosen = next(trial for trial in made.trials if trial.chosen)
        tracked.log_params({"method": method, "data": dataset.digest, "trials": len(made.trials), **chosen.settings})
        tracked.log_metrics({"validation_worst_group": chosen.worst_group, "seconds": made.seconds})
        tracked.log_metrics({"moved": made.moved, "distance": made.distance, "parity": made.parity})
        tracked.log_dict(made.model_dump(mode="json", by_alias=True), "repair.json")
