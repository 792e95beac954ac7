"""Options that several commands of ``biasgate kfp`` share."""

import os
from pathlib import Path
from typing import Annotated

import typer


def _use_settings(path: Path | None) -> None:
    if path:
        os.environ["BIASGATE_KFP_SETTINGS"] = str(path)  # pipelines are made when their modules are imported


Endpoint = Annotated[str, typer.Option(help="URL of Kubeflow Pipelines.", envvar="KF_PIPELINES_ENDPOINT")]
Namespace = Annotated[
    str | None, typer.Option(help="Profile of the runs; none on a single-user server.", envvar="KF_PIPELINES_NAMESPACE")
]
Authorities = Annotated[
    Path | None, typer.Option("--ca", help="Bundle of private authorities (PEM).", envvar="KF_PIPELINES_CA")
]
Settings = Annotated[
    Path | None,
    typer.Option(
        callback=_use_settings,
        envvar="BIASGATE_KFP_SETTINGS",
        expose_value=False,
        help="Resources, timeouts, nodes, secrets: YAML laid over the defaults.",
    ),
]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="Id that `biasgate kfp submit` printed.")]
