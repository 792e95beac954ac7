"""The demo as a story: learn to read bias, catch a biased candidate, repair it, decide, promote."""

from __future__ import annotations

from pathlib import Path

from biasgate.gate.ledger.answer import answer
from biasgate.gate.ledger.entry import PromotionBody
from biasgate.gate.trust.keyring import trusted_keys
from biasgate.kubeflow.demo.candidate import NAME, submit_biased_candidate
from biasgate.kubeflow.demo.folder import REVIEWER, declare_gate, key_of, prepare
from biasgate.kubeflow.demo.summary import show_summary, summarise
from biasgate.kubeflow.local import run_locally
from biasgate.kubeflow.watch import heading, watching

ZOO = "digits_demo"
META_CLASSIFIER = "biasgate-meta-classifier"
SHARDS = 2


def run_demo(folder: Path, *, as_json: bool) -> int:
    """Trains a reader of bias, then takes a biased candidate through the gate, its repair and its promotion.

    Args:
        folder: Holds all that is made. What an earlier demo left there is removed, its zoo excepted.
        as_json: Print one JSON document instead of tables.

    Returns:
        0 when the repaired candidate is promoted, else the exit code of its decision.
    """
    folder = folder.resolve()
    prepare(folder)
    heading("1 Train a zoo of biased digit classifiers; learn to read bias from weights")
    zoo: dict[str, str | int] = {"spec": ZOO, "root": str(folder / "zoo"), "shards": SHARDS, "name": META_CLASSIFIER}
    _run(folder, "meta_classifier", zoo)
    heading("2 The owner declares the gate: policy, test data and reader, signed into the log")
    declare_gate(folder, model=NAME, reader=META_CLASSIFIER)
    heading("3 Register a candidate: a classifier of digits whose colour gives 99 % of them away")
    source = submit_biased_candidate(folder)
    heading("4 The gate: scan, measure, decide; repair and decide again")
    _run(folder, "gate", {"candidate": source})
    heading("5 The promoter: verify the signed decisions, move the alias only for what is approved")
    promote_approved(folder)
    summary = summarise(folder)
    show_summary(summary, as_json=as_json)
    return summary.exit_code


def promote_approved(folder: Path) -> list[PromotionBody]:
    """Runs the promoter. Where the policy wants a person to sign, the demo signs as its reviewer and says so."""
    from biasgate.registry.promoter import promote

    log, trusted, key = str(folder / "log"), trusted_keys(), key_of(folder, "promoter")
    done = promote(log, trusted=trusted, key=key)
    waiting = [promotion for promotion in done if promotion.status == "PENDING"]
    for promotion in waiting:
        heading(f"  entry {promotion.entry} is APPROVED, but waits for a person: {REVIEWER} signs (biasgate approve)")
        reason = "The measurement on the test split is enough; the scan does not know repaired weights."
        signer = key_of(folder, REVIEWER)
        answer(log, promotion.entry, granted=True, approver=REVIEWER, reason=reason, key=signer, trusted=trusted)
    return done + promote(log, trusted=trusted, key=key) if waiting else done


def _run(folder: Path, pipeline: str, arguments: dict[str, str | int]) -> None:
    with watching() as watch:
        run_locally(pipeline, arguments, folder=folder / "pipelines" / pipeline, watch=watch)
