"""The image that components run in, and the decorator that puts them there."""

import os
from collections.abc import Callable
from typing import Any

from kfp import dsl

IMAGE = os.environ.get("BIASGATE_IMAGE", "biasgate:0.1.0")
EXECUTOR = "-m kfp.dsl.executor_main"
PROCESS = "-m biasgate.kubeflow.process kfp.dsl.executor_main"


def component(function: Callable[..., Any]) -> Any:
    """Makes a component of a function; its process ends with one sentence and the documented exit code."""
    made: Any = dsl.component(function, base_image=IMAGE, install_kfp_package=False)
    container = made.component_spec.implementation.container
    *shell, script, source = container.command
    container.command = [*shell, script.replace(EXECUTOR, PROCESS), source]
    return made
