"""Pipeline: inspect, look, scan, measure, decide; repair once and decide again when the policy allows it."""

from kfp import dsl
from kfp.dsl.pipeline_channel import PipelineChannel

from biasgate.components import (
    close_pipeline,
    decide_candidate,
    evaluate_subgroups,
    fetch_candidate,
    repair_candidate,
    require_approval,
    scan_weights,
    submit_candidate,
    take_look,
)
from biasgate.kubeflow.configure import configure, run_config
from biasgate.kubeflow.settings import settings_in_force


def measure(
    which: str,
    *,
    package: PipelineChannel,
    inspection: PipelineChannel,
    gate: PipelineChannel,
    run: PipelineChannel,
    **before: PipelineChannel,
) -> dict[str, PipelineChannel]:
    """The tasks that make the documents of one decision: the scan is read beside the look and the evaluation.

    Args:
        which: Whom the tasks' names say that they are about.
        package: Package to measure.
        inspection: What was found before the look.
        gate: Number of the declaration.
        run: MLflow run of the pipeline.
        before: ``before``, the package that a repair started from, if any.
    """
    held = {"package": package, "gate": gate, "run": run}
    look = configure(take_look(**held, inspection=inspection), cached=False, log="signed")
    scan = configure(scan_weights(**held), cached=False, log="read")
    evaluation = configure(evaluate_subgroups(**held, look=look.outputs["Output"], **before), cached=False, log="read")
    for name, task in {"look-at": look, "scan": scan, "evaluate": evaluation}.items():
        task.set_display_name(f"{name}-{which}")
    return {
        "inspection": inspection,
        "scan": scan.outputs["scan"],
        "evaluation": evaluation.outputs["evaluation"],
    }


def end_by_verdict(decision: dsl.PipelineTask) -> None:
    """A task that fails unless the decision approves, where the settings ask for it."""
    if settings_in_force().runs.fail_unless_approved:
        outputs = {name: decision.outputs[name] for name in ("verdict", "reason")}
        configure(require_approval(**outputs), cached=False, storage=False)


def judge(candidate: str | PipelineChannel) -> None:
    """The tasks that take one candidate to its decision, and once more after a repair.

    The tasks that sign run no model, and those that run one hold no key.

    Args:
        candidate: ``models:/<name>-candidates/<version>``.
    """
    fetched = configure(fetch_candidate(source=candidate), cached=False, log="read")
    package, held = fetched.outputs["package"], {name: fetched.outputs[name] for name in ("gate", "run")}
    measured = measure("candidate", package=package, inspection=fetched.outputs["inspection"], **held)
    decision = configure(decide_candidate(source=candidate, **measured, **held), cached=False, log="signed")
    with dsl.If(decision.outputs["Output"] == "repair", name="repair"):
        repair = configure(repair_candidate(package=package, **held), work="train", cached=False, log="read")
        repaired, record = repair.outputs["repaired"], repair.outputs["record"]
        submitted = configure(submit_candidate(package=repaired, run=held["run"]), cached=False, storage=False)
        again = measure("repaired", package=repaired, inspection=repair.outputs["inspection"], **held, before=package)
        last = configure(
            decide_candidate(
                source=submitted.outputs["Output"], **again, **held, record=record, before=measured["evaluation"]
            ),
            cached=False,
            log="signed",
        ).set_display_name("decide-repaired")
        end_by_verdict(last)
    if settings_in_force().runs.fail_unless_approved:
        with dsl.If(decision.outputs["Output"] == "done", name="decided"):
            end_by_verdict(decision)


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
    with dsl.ExitHandler(configure(close_pipeline(), cached=False, storage=False, alerts=True), name="all-tasks"):
        judge(candidate)
