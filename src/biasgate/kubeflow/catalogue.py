"""The pipelines, by name."""

import importlib
from typing import TYPE_CHECKING

from biasgate.errors import InputError
from biasgate.extras import needs

if TYPE_CHECKING:
    from kfp.dsl.graph_component import GraphComponent

PIPELINES = ("meta_classifier", "gate", "sweep", "architecture_audit")


def load_pipeline(name: str) -> "GraphComponent":
    """A pipeline by its name.

    Raises:
        InputError: There is none of this name.
        MissingExtraError: kfp is not installed.
    """
    if name not in PIPELINES:
        raise InputError(f"no pipeline {name!r}", fix=f"use one of {', '.join(PIPELINES)}")
    needs("kfp")
    return getattr(importlib.import_module(f"biasgate.pipelines.{name}"), name)
