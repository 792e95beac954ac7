"""The gate's own checks: is this evidence about this candidate, and measured as the policy wants?

No policy can leave them out and no waiver lifts them.
"""

from __future__ import annotations

from collections.abc import Iterator

from biasgate.contracts.wording import times
from biasgate.documents import digest
from biasgate.gate.decision import RuleResult
from biasgate.gate.evidence import Evidence
from biasgate.gate.policy import Policy


def preconditions(policy: Policy, evidence: Evidence) -> tuple[RuleResult, ...]:
    """One result for each of ``evaluation``, ``looks`` and ``repair``: ``pass`` or ``insufficient``."""
    measured = "The evaluation is of this candidate, by the policy's specification."
    if not evidence.ran:
        measured = (
            "The model was not run. The evaluation is of predictions that were handed over, as the policy allows, and "
            "by its specification."
        )
    checks = {
        "evaluation": (_evaluation_faults, measured),
        "looks": (_looks_faults, f"The test split was looked at {evidence.looks} of {policy.looks} times allowed."),
        "repair": (_repair_faults, "What is said of a repair agrees with what was measured."),
    }
    return tuple(_first_fault(name, faults(policy, evidence), fine) for name, (faults, fine) in checks.items())


def _first_fault(name: str, faults: Iterator[str], fine: str) -> RuleResult:
    fault = next(faults, None)
    return RuleResult(rule=name, outcome="insufficient" if fault else "pass", sentence=fault or fine)


def _evaluation_faults(policy: Policy, evidence: Evidence) -> Iterator[str]:
    found = evidence.evaluation
    if found is None:
        yield "The candidate was not evaluated."
        return
    if not found.ran and policy.predictions != "allowed":
        yield "The model was not run: predictions alone were submitted, and the policy does not allow them."
    if found.model != evidence.candidate.digest:
        yield "The evaluation is of another model: its digest is not the candidate's."
    if found.spec != digest(policy.evaluation):
        yield "The evaluation followed another specification than the policy's."
    if found.data in (evidence.candidate.training_data, evidence.repair.data if evidence.repair else None):
        yield "The candidate was trained or repaired on the gate's test split."


def _looks_faults(policy: Policy, evidence: Evidence) -> Iterator[str]:
    if evidence.looks > policy.looks:
        yield f"The test split was looked at {times(evidence.looks)}; the policy allows {policy.looks}."
    if evidence.looks < 1 and evidence.evaluation is not None:
        yield "The evaluation is not counted as a look at the test split."


def _repair_faults(_: Policy, evidence: Evidence) -> Iterator[str]:
    repair, measured = evidence.repair, evidence.evaluation
    if repair is None:
        if evidence.candidate.repaired_from is not None:
            yield "The card says that the candidate was repaired, but there is no record of it."
        return
    if repair.repaired != evidence.candidate.digest:
        yield "The repair record is of another model: its digest is not the candidate's."
    if evidence.candidate.repaired_from not in (None, repair.original):
        yield "The repair record starts from another model than the card says."
    if measured is None or measured.before != repair.original:
        yield "The repaired candidate was not compared with the model that the repair started from."
