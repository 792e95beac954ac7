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
def gate(
    candidate: str,
    policy: str,
    data: str,
    repair_data: str,
    log: str,
    meta_classifier: str = "models:/biasgate-meta-classifier@champion",
    waivers: str = "",
):
    """Takes one candidate through the gate. It writes signed decisions and never moves an alias.

    Args:
        candidate: ``models:/<name>-candidates/<version>``.
        policy: Policy as YAML text, name or URI.
        data: Data source of the gate's test split.
        repair_data: Data source of the repair split, disjoint from the test split.
        log: URI of the signed log.
        meta_classifier: Where the reader of weights is.
        waivers: Waivers to present, as YAML text or URI.
    """
    fetched = configure(fetch_candidate(source=candidate), cached=False)
    package, run = fetched.outputs["package"], fetched.outputs["run"]
    scan = configure(scan_weights(package=package, meta_classifier=meta_classifier, run=run), cached=False)
    evaluation = configure(
        evaluate_subgroups(package=package, data=data, policy=policy, log=log, run=run), cached=False, signs=True
    )
    decision = configure(
        decide_candidate(
            source=candidate,
            policy=policy,
            inspection=evaluation.outputs["inspection"],
            scan=scan.outputs["scan"],
            evaluation=evaluation.outputs["evaluation"],
            log=log,
            run=run,
            waivers=waivers,
        ),
        cached=False,
        signs=True,
    )
    with dsl.If(decision.outputs["Output"] == "repair"):
        repair = configure(
            repair_candidate(package=package, data=repair_data, policy=policy, run=run), work="train", cached=False
        )
        repaired = repair.outputs["repaired"]
        submitted = configure(submit_candidate(package=repaired, run=run), cached=False)
        scan_again = configure(
            scan_weights(package=repaired, meta_classifier=meta_classifier, run=run), cached=False
        ).set_display_name("scan-repaired")
        evaluation_again = configure(
            evaluate_subgroups(package=repaired, data=data, policy=policy, log=log, run=run, before=package),
            cached=False,
            signs=True,
        ).set_display_name("evaluate-repaired")
        configure(
            decide_candidate(
                source=submitted.outputs["Output"],
                policy=policy,
                inspection=evaluation_again.outputs["inspection"],
                scan=scan_again.outputs["scan"],
                evaluation=evaluation_again.outputs["evaluation"],
                log=log,
                run=run,
                record=repair.outputs["record"],
                before=evaluation.outputs["evaluation"],
                waivers=waivers,
            ),
            cached=False,
            signs=True,
        ).set_display_name("decide-repaired")
