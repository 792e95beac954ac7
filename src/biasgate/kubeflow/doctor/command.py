"""``biasgate kfp doctor``."""

from typing import Annotated

import typer

from biasgate.kubeflow.options import Authorities, Namespace, Settings
from biasgate.report.terminal import Json, print_json, print_table, say

WRONG = 3
"""Exit code when something is wrong."""


def doctor(
    *,
    endpoint: Annotated[
        str | None, typer.Option(help="URL of Kubeflow Pipelines.", envvar="KF_PIPELINES_ENDPOINT")
    ] = None,
    namespace: Namespace = None,
    ca: Authorities = None,
    kubeflow: Annotated[str, typer.Option(help="Namespace that Kubeflow Pipelines lies in.")] = "kubeflow",
    account: Annotated[str, typer.Option(help="Service account of the pods of runs.")] = "biasgate-runner",
    context: Annotated[str | None, typer.Option(help="Context of kubectl; by default the current one.")] = None,
    probe: Annotated[
        bool, typer.Option("--probe", help="Also start a pod like a task's for a minute, and say what it meets.")
    ] = False,
    inside: Annotated[bool, typer.Option("--inside", help="Say only what this pod meets (--probe starts it).")] = False,
    settings: Settings = None,  # noqa: ARG001
    json: Json = False,
) -> None:
    """Say what of a cluster does not fit, before a run waits for it; exit 3 when something is wrong."""
    from biasgate.kubeflow.client import Cluster
    from biasgate.kubeflow.doctor.diagnose import diagnose, document
    from biasgate.kubeflow.doctor.inside import look_inside
    from biasgate.kubeflow.doctor.probe import probe as from_a_pod
    from biasgate.kubeflow.doctor.site import site_of

    if inside:
        found = look_inside()
    else:
        cluster = Cluster(endpoint, namespace, ca) if endpoint else None
        site = site_of(cluster, namespace=namespace or kubeflow, kubeflow=kubeflow, account=account, context=context)
        found = [*diagnose(site), *(from_a_pod(site) if probe else ())]
    if json:
        print_json(document(found))
    else:
        rows = [[one.state, name, one.found, one.where] for name, one in found]
        print_table("doctor", ["", "check", "found", "where"], rows)
        say(*(f"{name}, {one.where}: {one.fix}" for name, one in found if one.fix and one.state == "wrong"))
    raise typer.Exit(WRONG if any(one.state == "wrong" for _, one in found) else 0)
