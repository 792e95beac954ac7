"""Step that measures a candidate by subgroup."""

from __future__ import annotations

from pathlib import Path

from biasgate.steps.files import write
from biasgate.steps.task import task


def evaluate_subgroups(
    *,
    package: Path,
    data: str,
    policy: str,
    log: str,
    run: str,
    evaluation: Path,
    html: Path,
    before: Path | None = None,
) -> dict[str, float]:
    """Logs the look, then measures a package, and the one it was repaired from, on the same rows.

    Returns:
        The measured rates, by metric and subgroup.
    """
    from biasgate.data.source import open_dataset
    from biasgate.evaluation.evaluate import evaluate
    from biasgate.gate.entry import LookBody
    from biasgate.gate.log import take_look
    from biasgate.gate.policy import read_policy
    from biasgate.gate.sign import signing_key, trusted_keys
    from biasgate.models.package import open_package
    from biasgate.report.evaluation import evaluation_page

    with task("evaluate_subgroups", run=run) as tracked:
        rules, candidate, dataset = read_policy(policy), open_package(package), open_dataset(data)
        look = LookBody(data=dataset.digest, name=candidate.card.name, digest=candidate.digest)
        looks = take_look(log, look, key=signing_key(), trusted=trusted_keys())
        measured = evaluate(candidate, dataset, rules.evaluation, before=open_package(before) if before else None)
        write(evaluation, measured.to_json())
        write(html, evaluation_page(measured, rules))
        tracked.log_params(
            {"data": dataset.digest, "rows": measured.rows, "provider": measured.provider, "look": looks}
        )
        tracked.log_metrics(values := measured.values())
        tracked.log_artifact(html, "evaluation")
        tracked.log_dict(measured.model_dump(mode="json", by_alias=True), "evaluation.json")
    return values
