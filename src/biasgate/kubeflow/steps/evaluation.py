"""Step that measures a candidate by subgroup."""

from __future__ import annotations

from pathlib import Path

from biasgate.errors import TrustError
from biasgate.kubeflow.steps.files import write
from biasgate.kubeflow.steps.task import task


def evaluate_subgroups(
    *,
    package: Path,
    gate: int,
    run: str,
    inspection: Path,
    evaluation: Path,
    html: Path,
    before: Path | None = None,
) -> dict[str, float]:
    """Inspects a package, logs the look, then measures it on the test data that its gate declares.

    What can fail without a look is tried before it: the key, the data, what the policy asks of it, the waivers, the
    model on a few rows, and the champion.

    The package it was repaired from runs on the same rows, and so does the champion when a rule compares with it: this
    is still one look, since neither is chosen by what it shows.

    Returns:
        The measured rates, by metric and subgroup.

    Raises:
        TrustError: The test data is not the declared any more, or another gate is in force by now: before any look.
    """
    from tempfile import TemporaryDirectory

    from biasgate.data.source import open_pinned
    from biasgate.evaluation.evaluate import evaluate
    from biasgate.evaluation.inspect import inspect
    from biasgate.evaluation.preflight import preflight
    from biasgate.gate.ledger.looks import take_look
    from biasgate.gate.trust.keyring import trusted_keys
    from biasgate.gate.trust.keys import signing_key
    from biasgate.gate.trust.waivers import read_waivers
    from biasgate.kubeflow.steps.declared import gate_of_run, log_uri
    from biasgate.models.package import open_package
    from biasgate.models.sandbox.limits import Limits
    from biasgate.registry.serving import champion_package
    from biasgate.repair.registry import require_methods
    from biasgate.report.evaluation import evaluation_page

    with task("evaluate_subgroups", run=run) as tracked, TemporaryDirectory() as folder:
        candidate = open_package(package)
        declared = gate_of_run(gate, model=candidate.card.name)
        if not declared.in_force:
            raise TrustError("another gate was declared meanwhile", where=f"gate {gate}", fix="start the run anew")
        rules, test, limits = declared.gate.rules, declared.gate.test, Limits(**declared.gate.inference.limits)
        require_methods(rules.repair.methods)
        dataset = open_pinned(test.source, digest=test.digest)
        preflight(candidate.card, dataset, rules.evaluation)
        inspected = inspect(candidate, dataset, repaired=before is not None, limits=limits)
        read_waivers(declared.gate.waivers or "")
        earlier = open_package(before) if before else None
        name, serves = inspected.name, None
        if rules.needs_champion:
            serves = champion_package(name, Path(folder, "champion"))
        looks = take_look(
            log_uri(),
            data=dataset.digest,
            rows=dataset.row_digests,
            name=name,
            digest=candidate.digest,
            key=signing_key(),
            trusted=trusted_keys(),
        )
        measured = evaluate(
            candidate,
            dataset,
            rules.evaluation,
            before=earlier,
            champion=serves,
            limits=limits,
        )
        write(inspection, inspected.to_json())
        write(evaluation, measured.to_json())
        write(html, evaluation_page(measured, rules))
        tracked.log_params(
            {"data": dataset.digest, "rows": measured.rows, "provider": measured.provider, "look": looks}
        )
        tracked.log_metrics(values := measured.values())
        tracked.log_artifact(html, "evaluation")
        tracked.log_dict(measured.model_dump(mode="json", by_alias=True), "evaluation.json")
    return values
