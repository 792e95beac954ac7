"""The process of a task: what a component's container starts, around KFP's own executor.

A failure that a user can act on ends in one last line, alone, and in its documented exit code. Set
``BIASGATE_TRACEBACK`` for the traceback above it and for what KFP's executor logs.
"""

from __future__ import annotations

import logging
import os
import runpy
import sys
import traceback
from contextlib import suppress
from pathlib import Path

from biasgate.errors import BiasgateError, InputError
from biasgate.extras import said_if_missing

TRACEBACK = "BIASGATE_TRACEBACK"
IN_A_POD = "KUBERNETES_SERVICE_HOST"
"""Set by Kubernetes in each of its containers."""
TERMINATION_LOG = Path("/dev/termination-log")
"""What Kubernetes shows of a container that ended."""

PATIENCE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "7",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "AWS_MAX_ATTEMPTS": "12",
}
"""How often a pod asks MLflow or S3 again before its task fails, with growing pauses: it bears an outage of a minute.
What the environment says counts more."""


def main(module: str) -> None:
    """Runs a module as the task, and ends the process with its exit code."""
    wordy = bool(os.environ.get(TRACEBACK))
    if not wordy:
        logging.basicConfig(level=logging.WARNING)
    try:
        if IN_A_POD in os.environ:
            _be_patient()
            _require_registry()
        with said_if_missing():
            runpy.run_module(module, run_name="__main__", alter_sys=True)
    except BiasgateError as error:
        if wordy:
            traceback.print_exc()
        _say(f"biasgate: {error}")
        sys.exit(error.exit_code)


def _be_patient() -> None:
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)


def _require_registry() -> None:
    """Refuses to let MLflow fall back on a file in a pod, which would be lost and holds no model.

    Raises:
        InputError: No tracking server is named.
    """
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        fix = "put it into the secret biasgate-mlflow of the runs' namespace, or switch on the platform's MLflow plugin"
        raise InputError("MLFLOW_TRACKING_URI is not set in this task", fix=fix)


def _say(line: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
    with suppress(OSError):
        if TERMINATION_LOG.exists():
            TERMINATION_LOG.write_text(line)


if __name__ == "__main__":
    main(sys.argv.pop(1))
