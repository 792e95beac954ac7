"""Write the pipelines as KFP YAML: equal sources give equal bytes."""

import importlib
from pathlib import Path

from biasgate.pipelines.local import PIPELINES


def compile_pipelines(folder: Path) -> list[Path]:
    """Compiles every pipeline into ``folder``.

    Returns:
        The files written, sorted by name.
    """
    from kfp import compiler

    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name in sorted(PIPELINES):
        target = folder / f"{name}.yaml"
        compiler.Compiler().compile(getattr(importlib.import_module(f"biasgate.pipelines.{name}"), name), str(target))
        written.append(target)
    return written
