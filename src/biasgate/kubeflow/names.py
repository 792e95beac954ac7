"""What a run is called in Kubeflow: by its subject, so that a list of runs can be read."""

from collections.abc import Mapping
from typing import Any

from biasgate.registry.models import SUBMISSIONS
from biasgate.registry.tracking import RUN_TAG
from biasgate.storage.sources import is_text

NOTE = f"Its runs in MLflow have the tag {RUN_TAG} with this run's id."


def run_name(pipeline: str, arguments: Mapping[str, Any]) -> str:
    """The name of a run.

    Example:
        >>> run_name("gate", {"candidate": "models:/digits-candidates/3"})
        'gate digits v3'
        >>> run_name("sweep", {"name": "digits"})
        'sweep digits'
    """
    if candidate := str(arguments.get("candidate", "")):
        name, _, version = candidate.removeprefix("models:/").rpartition("/")
        return f"{pipeline} {name.removesuffix(SUBMISSIONS)} v{version}" if name else f"{pipeline} {candidate}"
    subject = str(arguments.get("name") or arguments.get("spec", ""))
    return f"{pipeline} {subject}" if subject and not is_text(subject) else pipeline


def run_description(pipeline: str, arguments: Mapping[str, Any]) -> str:
    """What a run is about, and where to find the rest."""
    about = ", ".join(f"{name} {value}" for name, value in arguments.items() if not is_text(str(value)))
    decides = " What decides stands in its model's gate." if pipeline in ("gate", "sweep") else ""
    return f"{about}.{decides} {NOTE}"
