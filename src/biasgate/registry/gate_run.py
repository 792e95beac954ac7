"""What the MLflow run of a gate says of a decision: what was judged, by what, each rule's number, bound and limit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.util import find_spec

from biasgate.contracts.evaluation import Evaluation
from biasgate.gate.ledger.authority import of_decision
from biasgate.gate.ledger.entry import DecisionBody
from biasgate.gate.ledger.state import State, Status
from biasgate.registry.client import connect, explained
from biasgate.registry.tracking import Run
from biasgate.report.forest import forest
from biasgate.report.links import Links, version_within
from biasgate.report.markdown import code, link
from biasgate.report.suppression import published
from biasgate.report.version_page import version_page

NOT_ALLOWED = re.compile(r"[^\w .-]", re.ASCII)
"""Signs that MLflow takes in no metric's name."""
DIGEST = 36
"""Characters of a data set's digest that MLflow keeps."""


def tell_run(run: str, body: DecisionBody, *, entry: int, report: str, before: Evaluation | None = None) -> None:
    """Writes a decision on the run, so that comparing two runs tells what got better.

    Metrics are named by the rule: ``<rule>/value``, ``/bound``, ``/limit``; a repaired candidate's are their next step.

    Args:
        run: Id of the run.
        body: The decision.
        entry: Its number in the log.
        report: Its page.
        before: The evaluation of the model that a repair started from.
    """
    client, evidence, decision = connect(), body.evidence, body.decision
    again = evidence.repair is not None
    tracked = Run(id=run, client=client, prefix="repaired." if again else "")
    measured = evidence.evaluation
    tracked.log_params(
        {
            "candidate": evidence.candidate.source,
            "digest": evidence.candidate.digest,
            "gate": body.gate,
            "policy": decision.policy,
            "training_data": evidence.candidate.training_data,
            "test_data": measured.data if measured else None,
            "verdict": decision.verdict,
        }
    )
    numbers = {
        f"{NOT_ALLOWED.sub('_', result.rule)}/{name}": value
        for result in decision.rules
        for name, value in (("value", result.value), ("bound", result.bound), ("limit", result.threshold))
        if value is not None
    }
    tracked.log_metrics(numbers, step=int(again))
    tracked.log_text(report, "decision.html")
    _log_data(tracked, body)
    if measured and find_spec("matplotlib"):
        picture = forest(published(measured), before=published(before) if before else None)
        with explained():
            client.log_figure(run, picture, "rates_before_and_after.png" if before else "rates_by_subgroup.png")
    with explained():
        client.set_tag(run, "biasgate.verdict", decision.verdict)
        client.set_tag(run, f"biasgate.{tracked.prefix}log_entry", str(entry))  # another one when it is decided anew
        client.set_tag(run, "mlflow.user", evidence.candidate.submitter)
        client.set_tag(run, "mlflow.note.content", _note(body, entry))
        subject = str(client.get_run(run).info.run_name).partition(": ")[0]
        client.update_run(run, name=f"{subject}: {decision.verdict}")  # a list of runs ticks off a rejection, too


def _log_data(run: Run, body: DecisionBody) -> None:
    """Notes the data sets by their digests, and what each was for."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    inputs = [
        DatasetInput(
            Dataset(
                name=f"{body.evidence.candidate.name}: {context}",
                digest=found.removeprefix("sha256:")[:DIGEST],
                source_type="biasgate",
                source=json.dumps({"digest": found}),
                profile=json.dumps({"rows": rows}) if rows else None,
            ),
            [InputTag("mlflow.data.context", context)],
        )
        for context, found, rows in _data(body)
    ]
    with explained():
        run.client.log_inputs(run.id, datasets=inputs)


def _data(body: DecisionBody) -> Iterator[tuple[str, str, int | None]]:
    """What data were for, their digest, and their rows as far as they are known."""
    evidence = body.evidence
    if evidence.evaluation:
        yield "test", evidence.evaluation.data, evidence.evaluation.rows
    if evidence.repair:
        yield "repair", evidence.repair.data, evidence.repair.samples
    if evidence.candidate.training_data:
        yield "training", evidence.candidate.training_data, None


def _note(body: DecisionBody, entry: int) -> str:
    """The run's description: what the candidate's own page says of this decision, and where that page is."""
    waits = body.decision.human and body.decision.verdict == "APPROVED"
    status: dict[str, Status] = {"REJECTED": "rejected", "INSUFFICIENT_EVIDENCE": "insufficient"}
    authority = of_decision(body, entry=entry, sealed=None, departs=None)
    state = State(status=status.get(body.decision.verdict, "waits" if waits else "approved"), authority=authority)
    said, place = version_page(state, body, Links.of_environment()).description, version_within(body.source)
    return f"{said}\n\nJudged: {link(body.source, place) if place else code(body.source)}"
