"""A task of a pipeline: announced to whoever watches, tracked in MLflow."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from biasgate.errors import BiasgateError
from biasgate.progress import emit

if TYPE_CHECKING:
    from biasgate.registry.tracking import Run


@contextmanager
def task(name: str, *, run: str | None = None) -> Generator[Run]:
    """Runs the body as a task nested under the pipeline's MLflow run.

    Args:
        name: Name of the component.
        run: Id of the pipeline's run; by default the one that belongs to Kubeflow's run, if there is one.
    """
    from biasgate.registry.tracking import component_run, note_failure, pipeline_run

    emit(task=name, state="started")
    try:
        run = run or pipeline_run()
        with component_run(name, parent=run) as tracked:
            yield tracked
    except BaseException as error:
        if run:
            note_failure(run, f"{name}: {error}")
        emit(task=name, state="failed", error=str(error) or type(error).__name__, exit_code=exit_code(error))
        raise
    emit(task=name, state="finished")


def exit_code(error: BaseException) -> int:
    """The documented exit code of an error; 1 is a bug."""
    return error.exit_code if isinstance(error, BiasgateError) else 1
