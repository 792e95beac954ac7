"""Step that closes a pipeline, however it ended."""

from __future__ import annotations

from biasgate.errors import InputError


def close_pipeline(state: str) -> None:
    """Closes what the pipeline's tasks left open in MLflow, and raises an alert for each run that did not end well.

    Args:
        state: What Kubeflow says of the tasks before; it says FAILED of a cancelled run, too, and never why.

    Raises:
        InputError: It is in no pipeline.
    """
    import os

    from biasgate.registry.alerts import Alarm, Alert
    from biasgate.registry.closing import close_runs
    from biasgate.registry.tracking import RUN_VARIABLE

    if RUN_VARIABLE not in os.environ:
        raise InputError(f"{RUN_VARIABLE} is not set", fix="set it to the id of the pipeline's run")
    alarm = Alarm()
    for ended in close_runs():
        about = f"{ended.pipeline} of {ended.candidate}" if ended.candidate else ended.pipeline
        message = f"{about} is {ended.status}: {ended.reason} (Kubeflow says {state})"
        alarm(Alert(kind="failed_run", message=message, candidate=ended.candidate or None))
