"""Write the pipelines as KFP YAML: equal sources give equal bytes."""

from pathlib import Path

from biasgate.extras import needs
from biasgate.kubeflow.catalogue import PIPELINES, load_pipeline


def compile_pipeline(name: str, folder: Path) -> Path:
    """Compiles one pipeline into ``<folder>/<name>.yaml``.

    Raises:
        InputError: There is none of this name.
        MissingExtraError: kfp is not installed.
    """
    needs("kfp")
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
