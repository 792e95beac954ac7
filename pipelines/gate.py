"""Pipeline: scan, measure, decide; repair once and decide again when the policy allows it."""

from kfp import dsl

from biasgate.components import (
    decide_candidate,
    evaluate_subgroups,
    fetch_candidate,
    repair_candidate,
    scan_weights,
    submit_candidate,
)
from biasgate.kubeflow.configure import configure, run_config


@dsl.pipeline(
    name="gate",
    description="Decide on one candidate by its weights and by subgroup; repair it once if allowed.",
    pipeline_config=run_config(),
)
def gate(candidate: str):
    """Takes one candidate through the gate. It writes signed decisions and never moves an alias.

    All that decides about the candidate stands in its model's gate, which an owner declared (`biasgate gate declare`).

    Args:
        candidate: ``models:/<name>-candidates/<version>``.
    """
    fetched = configure(fetch_candidate(source=candidate), cached=False)
    package, declared, run = fetched.outputs["package"], fetched.outputs["gate"], fetched.outputs["run"]
    scan = configure(scan_weights(package=package, gate=declared, run=run), cached=False)
    evaluation = configure(evaluate_subgroups(package=package, gate=declared, run=run), cached=False, signs=True)
    evaluation.after(scan)  # a scan that fails costs no look
    decision = configure(
        decide_candidate(
            source=candidate,
            gate=declared,
            inspection=evaluation.outputs["inspection"],
            scan=scan.outputs["scan"],
            evaluation=evaluation.outputs["evaluation"],
            run=run,
        ),
        cached=False,
        signs=True,
    )
    with dsl.If(decision.outputs["Output"] == "repair"):
        repair = configure(repair_candidate(package=package, gate=declared, run=run), work="train", cached=False)
        repaired = repair.outputs["repaired"]
        submitted = configure(submit_candidate(package=repaired, run=run), cached=False)
        scan_again = configure(scan_weights(package=repaired, gate=declared, run=run), cached=False).set_display_name(
            "scan-repaired"
        )
        evaluation_again = configure(
            evaluate_subgroups(package=repaired, gate=declared, run=run, before=package),
            cached=False,
            signs=True,
        ).set_display_name("evaluate-repaired")
        evaluation_again.after(scan_again)
        configure(
            decide_candidate(
                source=submitted.outputs["Output"],
                gate=declared,
                inspection=evaluation_again.outputs["inspection"],
                scan=scan_again.outputs["scan"],
                evaluation=evaluation_again.outputs["evaluation"],
                run=run,
                record=repair.outputs["record"],
                before=evaluation.outputs["evaluation"],
            ),
            cached=False,
            signs=True,
        ).set_display_name("decide-repaired")
