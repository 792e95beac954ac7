"""Run a pipeline on this machine with KFP's local runner, in a child process that a parent can watch.

KFP's local runner replaces ``builtins.print`` and the root logger's handlers while it works and does not always put
them back; a child process keeps that away from whoever asked for the run.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

from biasgate.errors import BiasgateError
from biasgate.extras import needs
from biasgate.kubeflow.catalogue import load_pipeline
from biasgate.kubeflow.settings import VARIABLE
from biasgate.progress import EVENTS
from biasgate.registry.tracking import LOCAL, RUN_VARIABLE

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""The local runner works on two tasks of a loop at once, and small networks are slower on more threads."""
SETTINGS = Path(__file__).with_name("local.yaml")
SECONDS_BETWEEN_LOOKS = 0.1


def run_locally(
    name: str, arguments: dict[str, str | int], *, folder: Path, watch: Callable[[dict[str, Any]], None] | None = None
) -> None:
    """Runs one pipeline to its end; each task is a fork of one process.

    Args:
        name: One of ``catalogue.PIPELINES``.
        arguments: The pipeline's parameters.
        folder: Gets the tasks' outputs, ``run.log`` and ``events.jsonl``.
        watch: Called with every event that a task emits: its start, progress and end.

    Raises:
        BiasgateError: A task failed; says which and why, with the task's own exit code.
        MissingExtraError: kfp is not installed.
    """
    needs("kfp")
    folder.mkdir(parents=True, exist_ok=True)
    events = folder / "events.jsonl"
    events.write_text("")
    watched = {VARIABLE: str(SETTINGS), EVENTS: str(events.resolve()), RUN_VARIABLE: f"{LOCAL}{uuid4().hex}"}
    failures: list[dict[str, Any]] = []
    with (folder / "run.log").open("w") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "biasgate.kubeflow.local", name, json.dumps(arguments), str(folder.resolve())],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **ONE_THREAD, **watched},
        )
        try:
            for event in _follow(events, child):
                if event.get("state") == "failed":
                    failures.append(event)
                if watch:
                    watch(event)
        finally:
            if child.poll() is None:
                child.terminate()
                child.wait()
    if child.returncode != 0:
        raise _failure(name, failures, log=folder / "run.log")


def _follow(events: Path, child: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    with events.open() as file:
        while True:
            ended = child.poll() is not None
            for line in file:
                yield json.loads(line)
            if ended:
                return
            time.sleep(SECONDS_BETWEEN_LOOKS)


def _failure(name: str, failures: list[dict[str, Any]], *, log: Path) -> BiasgateError:
    if not failures:
        return BiasgateError(
            f"pipeline {name} ended without a word from its tasks", where=str(log), fix="read this log"
        )
    last = failures[-1]
    error = BiasgateError(f"task {last['task']} failed: {last['error']}", where=str(log))
    error.exit_code = last["exit_code"]
    return error


def _main(name: str, arguments: str, folder: str) -> None:
    from kfp import local

    from biasgate.kubeflow.forks import fork_tasks

    fork_tasks()
    local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=f"{folder}/tasks")
    load_pipeline(name)(**json.loads(arguments))


if __name__ == "__main__":
    _main(*sys.argv[1:])
