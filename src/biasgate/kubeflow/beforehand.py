"""What would fail in a pod after minutes and can be seen from here is said before anything is sent."""

import os
import sys
from collections.abc import Mapping
from typing import Any

from biasgate.errors import ServiceError
from biasgate.kubeflow.room import require_room
from biasgate.kubeflow.settings import settings_in_force


def check_beforehand(pipeline: str, arguments: Mapping[str, Any]) -> None:
    """Tries what a run of a pipeline starts with, as far as this machine knows where things are.

    A candidate is looked for in the registry that ``MLFLOW_TRACKING_URI`` names, its gate in the log that
    ``BIASGATE_LOG`` names, a specification is read. What is out of reach from here is left to the run, and said.

    Raises:
        InputError: There is no such candidate, no gate is declared for its model, a task has no room
            for what the gate lets a candidate use, or the specification is no good.
        TrustError: The log does not verify.
    """
    try:
        if pipeline == "gate":
            _check_candidate(str(arguments["candidate"]))
        elif "spec" in arguments:
            _check_spec(pipeline, str(arguments["spec"]))
    except ServiceError as error:
        sys.stderr.write(f"biasgate: not checked before the run: {error}\n")


def _check_candidate(source: str) -> None:
    from biasgate.kubeflow.steps.declared import LOG_VARIABLE, gate_in_force
    from biasgate.registry.models import SUBMISSIONS, require_version

    name = source.removeprefix("models:/").rpartition("/")[0].removesuffix(SUBMISSIONS)
    if os.environ.get("MLFLOW_TRACKING_URI"):
        require_version(source)
    if os.environ.get(LOG_VARIABLE) and name:
        require_room(gate_in_force(name).gate.inference, settings_in_force().tasks.light)


def _check_spec(pipeline: str, spec: str) -> None:
    from biasgate.storage.sources import is_text

    if pipeline == "architecture_audit":
        from biasgate.audit.files import read_spec
    else:
        from biasgate.detection.zoo.spec import read_spec
    if is_text(spec) or "://" not in spec:
        read_spec(spec)
