"""Pipeline: scan, inspect, look, measure, decide; repair once and decide again when the policy allows it."""

from kfp import dsl
from kfp.dsl.pipeline_channel import PipelineChannel

from biasgate.components import (
    close_pipeline,
    decide_candidate,
    evaluate_subgroups,
    fetch_candidate,
    inspect_candidate,
    repair_candidate,
    require_approval,
    scan_weights,
    submit_candidate,
    take_look,
)
from biasgate.kubeflow.configure import configure, run_config
from biasgate.kubeflow.settings import settings_in_force


def measure(
    which: str, *, package: PipelineChannel, gate: PipelineChannel, run: PipelineChannel, **before: PipelineChannel
) -> dict[str, PipelineChannel]:
    """The tasks that make the documents of one decision.

    Args:
        which: Whom the tasks' names say that they are about.
        package: Package to measure.
        gate: Number of the declaration.
        run: MLflow run of the pipeline.
        before: ``before``, the package that a repair started from, if any.
    """
    scan = configure(scan_weights(package=package, gate=gate, run=run), cached=False, log="read")
    inspection = configure(inspect_candidate(package=package, gate=gate, run=run, **before), cached=False, log="read")
    documents = {"scan": scan.outputs["scan"], "inspection": inspection.outputs["inspection"]}
    look = configure(take_look(**documents, gate=gate, run=run), cached=False, log="signed")
    evaluation = configure(
        evaluate_subgroups(package=package, gate=gate, look=look.outputs["Output"], run=run, **before),
        cached=False,
        log="read",
    )
    for name, task in {"scan": scan, "inspect": inspection, "look-at": look, "evaluate": evaluation}.items():
        task.set_display_name(f"{name}-{which}")
    return documents | {"evaluation": evaluation.outputs["evaluation"]}


def end_by_verdict(decision: dsl.PipelineTask) -> None:
    """A task that fails unless the decision approves, where the settings ask for it."""
    if settings_in_force().runs.fail_unless_approved:
        outputs = {name: decision.outputs[name] for name in ("verdict", "reason")}
        configure(require_approval(**outputs), cached=False)


def judge(candidate: str | PipelineChannel) -> None:
    """The tasks that take one candidate to its decision, and once more after a repair.

    The tasks that sign run no model, and those that run one hold no key.

    Args:
        candidate: ``models:/<name>-candidates/<version>``.
    """
    fetched = configure(fetch_candidate(source=candidate), cached=False, log="read")
    package, held = fetched.outputs["package"], {name: fetched.outputs[name] for name in ("gate", "run")}
    measured = measure("candidate", package=package, **held)
    decision = configure(decide_candidate(source=candidate, **measured, **held), cached=False, log="signed")
    with dsl.If(decision.outputs["Output"] == "repair", name="repair"):
        repair = configure(repair_candidate(package=package, **held), work="train", cached=False, log="read")
        repaired, record = repair.outputs["repaired"], repair.outputs["record"]
        submitted = configure(submit_candidate(package=repaired, run=held["run"]), cached=False)
        again = measure("repaired", package=repaired, **held, before=package)
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
    with dsl.ExitHandler(configure(close_pipeline(), cached=False, alerts=True), name="all-tasks"):
        judge(candidate)
