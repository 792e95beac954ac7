"""Write the pipelines as KFP YAML: equal sources give equal bytes."""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from biasgate.errors import InputError
from biasgate.kubeflow.local import PIPELINES

if TYPE_CHECKING:
    from kfp.dsl.graph_component import GraphComponent


def load_pipeline(name: str) -> "GraphComponent":
    """A pipeline by its name.

    Raises:
        InputError: There is none of this name.
    """
    if name not in PIPELINES:
        raise InputError(f"no pipeline {name!r}", fix=f"use one of {', '.join(PIPELINES)}")
    return getattr(importlib.import_module(f"biasgate.pipelines.{name}"), name)


def compile_pipeline(name: str, folder: Path) -> Path:
    """Compiles one pipeline into ``<folder>/<name>.yaml``."""
    from kfp import compiler

    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.yaml"
    compiler.Compiler().compile(load_pipeline(name), str(target))
    return target


def compile_pipelines(folder: Path) -> list[Path]:
    """Compiles every pipeline into ``folder``.

    Returns:
        The files written, sorted by name.
    """
    return [compile_pipeline(name, folder) for name in sorted(PIPELINES)]
