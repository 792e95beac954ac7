"""Step that measures a candidate by subgroup."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from biasgate.errors import TrustError
from biasgate.kubeflow.steps.files import write
from biasgate.kubeflow.steps.task import task

if TYPE_CHECKING:
    from biasgate.evaluation.curves import Roc


@dataclass(frozen=True)
class Shown:
    """What Kubeflow shows of an evaluation.

    Attributes:
        gaps: The widest gaps, by metric and attribute.
        classes: Of the data set.
        confusion: Rows by true and predicted class; None where a matrix shows nothing.
        roc: Of two classes with probabilities, else None.
    """

    gaps: Mapping[str, float]
    classes: tuple[str, ...]
    confusion: list[list[int]] | None
    roc: Roc | None


def evaluate_subgroups(
    *, package: Path, gate: int, look: int, run: str, evaluation: Path, html: Path, before: Path | None = None
) -> Shown:
    """Measures a package on the test data that its gate declares, once its look stands in the log; it holds no key.

    The package it was repaired from runs on the same rows, and so does the champion when a rule compares with it: this
    is still one look, since neither is chosen by what it shows.

    Raises:
        TrustError: The log has no such look, or the test data is not the declared any more: nothing is measured.
    """
    from tempfile import TemporaryDirectory

    from biasgate.data.source import open_pinned
    from biasgate.evaluation.curves import confusion, roc
    from biasgate.evaluation.evaluate import evaluate, predict
    from biasgate.kubeflow.steps.declared import gate_of_run
    from biasgate.kubeflow.steps.headline import widest_gaps
    from biasgate.models.candidates import open_candidate
    from biasgate.models.sandbox.limits import Limits
    from biasgate.registry.serving import champion_package
    from biasgate.report.evaluation import evaluation_page

    with task("evaluate_subgroups", run=run) as tracked, TemporaryDirectory() as folder:
        candidate = open_candidate(package)
        declared = gate_of_run(gate, model=candidate.card.name).gate
        rules, test = declared.rules, declared.test
        _require_look(look, data=test.digest, digest=candidate.digest)
        dataset = open_pinned(test.source, digest=test.digest)
        serves = champion_package(candidate.card.name, Path(folder, "champion")) if rules.needs_champion else None
        limits = Limits(**declared.inference.limits)
        said = predict(candidate, dataset, limits=limits)
        measured = evaluate(
            candidate,
            dataset,
            rules.evaluation,
            before=open_candidate(before) if before else None,
            champion=serves,
            limits=limits,
            said=said,
        )
        write(evaluation, measured.to_json())
        write(html, evaluation_page(measured, rules))
        tracked.log_params({"data": dataset.digest, "rows": measured.rows, "provider": measured.provider, "look": look})
        tracked.log_metrics(measured.values())
        tracked.log_artifact(html, "evaluation")
        tracked.log_dict(measured.model_dump(mode="json", by_alias=True), "evaluation.json")
    return Shown(widest_gaps(measured), dataset.classes, confusion(said, dataset), roc(said, dataset))


def _require_look(look: int, *, data: str, digest: str) -> None:
    """Refuses to measure what is not written down."""
    from biasgate.gate.ledger.log import read_history
    from biasgate.gate.ledger.looks import look_number
    from biasgate.gate.trust.keyring import trusted_keys
    from biasgate.kubeflow.steps.declared import log_uri

    log = log_uri()
    if look_number(log, read_history(log, trusted_keys()), data=data, digest=digest) != look:
        what = f"the log has no look {look} of {digest} at the test data"
        raise TrustError(what, where=log, fix="start the run anew")
