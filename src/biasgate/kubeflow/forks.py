"""Tasks of a local run as forks of one process: what they all import is imported once.

KFP's local runner starts each task as a new Python, which spends seconds of importing on a task of less. Tasks do not
share what they change: a fork has a memory of its own, and ends with its task.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

NEEDED = (
    "kfp.dsl.executor_main",
    "mlflow.tracking",
    "botocore.exceptions",
    "securesystemslib.dsse",
    "onnx",
    "scipy.stats",
    "biasgate.evaluation.evaluate",
    "biasgate.gate.decide",
    "biasgate.registry.gathering",
    "biasgate.report.decision",
)
"""What the tasks of a gate import."""
DATABASE = "mlflow.store.tracking.sqlalchemy_store"
"""What they import besides where MLflow is a database."""
_SHELL = 3
"""Words of a component's command before its source: the shell, its option, its script."""


def fork_tasks() -> None:
    """Lets KFP's local runner fork its tasks, and imports what they need beforehand."""
    from kfp.local import subprocess_task_handler

    for name in (*NEEDED, *([] if os.environ.get("MLFLOW_TRACKING_URI", "").startswith("http") else [DATABASE])):
        import_module(name)
    subprocess_task_handler.run_local_subprocess = run_forked


def run_forked(full_command: Sequence[str], env_vars: Mapping[str, str] | None = None) -> int:
    """Runs a component as a fork of this process.

    Args:
        full_command: What its container would run: a shell with a script, then the component's source and arguments.
        env_vars: Variables of its environment, beside those of this process.

    Returns:
        Its exit code; of one that a signal ended, the signal's number below zero.
    """
    source, *arguments = full_command[_SHELL:]
    sys.stdout.flush()
    sys.stderr.flush()
    if not (task := os.fork()):
        _run_to_the_end(source, arguments, dict(env_vars or {}))
    return os.waitstatus_to_exitcode(os.waitpid(task, 0)[1])


def _run_to_the_end(source: str, arguments: list[str], variables: dict[str, str]) -> NoReturn:
    """Ends the fork with its task: to leave as a whole Python does would wait for threads that only its parent has."""
    code = 1
    try:
        _run(source, arguments, variables)
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run(source: str, arguments: list[str], variables: dict[str, str]) -> None:
    from biasgate.kubeflow.process import main

    os.environ.update(variables, _KFP_RUNTIME="true")
    with TemporaryDirectory(prefix="biasgate-") as folder:
        module = Path(folder, "ephemeral_component.py")
        module.write_text(source)
        sys.argv = ["executor_main", "--component_module_path", str(module), *arguments]
        main("kfp.dsl.executor_main")
