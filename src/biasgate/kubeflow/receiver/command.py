"""``biasgate kfp receive`` and ``biasgate gate submit``: the gate starts for one candidate."""

import sys
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import IO, Annotated

import typer

from biasgate.errors import InputError
from biasgate.foreign_text import json_text, one_line
from biasgate.kubeflow.client import Cluster
from biasgate.kubeflow.options import Authorities, Endpoint, Namespace, Settings
from biasgate.report.terminal import Json, print_json, say

SECRET = "BIASGATE_WEBHOOK_SECRET_FILE"
SHORTEST = 16
Account = Annotated[str, typer.Option(help="Service account of the run's pods.")]


def submit(
    candidate: Annotated[str, typer.Argument(help="models:/<name>-candidates/<version>.")],
    *,
    again: Annotated[bool, typer.Option("--again", help="Also where a run for it is there already.")] = False,
    endpoint: Endpoint,
    namespace: Namespace = None,
    ca: Authorities = None,
    account: Account = "biasgate-runner",
    settings: Settings = None,  # noqa: ARG001
    json: Json = False,
) -> None:
    """Start the gate for a candidate on Kubeflow, once: a run for it that did not fail is not started again."""
    from biasgate.kubeflow.once import submit_gate

    cluster = Cluster(endpoint, namespace, ca)
    submitted = submit_gate(candidate, cluster=cluster, account=account, again=again)
    if json:
        print_json({"candidate": candidate, "run": submitted.run, "new": submitted.new})
    else:
        say(submitted.run if submitted.new else f"{submitted.run} (there already; --again starts another)")


def receive(
    *,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at.", min=1, max=65_535)] = 8080,
    secret: Annotated[
        Path, typer.Option(help="File with the webhook's secret; a line each while it changes.", envvar=SECRET)
    ],
    endpoint: Endpoint,
    namespace: Namespace = None,
    ca: Authorities = None,
    account: Account = "biasgate-runner",
    settings: Settings = None,  # noqa: ARG001
    json: Annotated[bool, typer.Option("--json", help="Print each answer as a line of JSON on stdout.")] = False,
) -> None:
    """Wait for MLflow's webhooks, and start the gate for each new version of candidates, until stopped."""
    from biasgate.kubeflow.image import require_image
    from biasgate.kubeflow.once import submit_gate
    from biasgate.kubeflow.receiver.serve import Receiver, server

    require_image()
    cluster = Cluster(endpoint, namespace, ca)
    receiver = Receiver(lambda one: submit_gate(one, cluster=cluster, account=account), _secrets(secret))
    note = written(sys.stdout if json else sys.stderr, json=json)
    with server(receiver, host=host, port=port, note=note) as listening:
        say(f"waiting at {host}:{port} for versions of candidates", err=True)
        listening.serve_forever()


def written(stream: IO[str], *, json: bool) -> Callable[[HTTPStatus, str], None]:
    """Writes each answer as one line to a stream: the one of the start, for Kubeflow's client is kept from printing."""

    def note(status: HTTPStatus, sentence: str) -> None:
        event = {"status": status.value, "sentence": sentence}
        stream.write((json_text(event) if json else one_line(f"{status.value} {sentence}")) + "\n")
        stream.flush()

    return note


def _secrets(path: Path) -> list[bytes]:
    try:
        found = path.read_bytes().split()
    except OSError as error:
        raise InputError("the webhook's secret cannot be read", where=str(path), fix=f"check {SECRET}") from error
    if not found or any(len(secret) < SHORTEST for secret in found):
        fix = "make one with `openssl rand -hex 32`"
        raise InputError(f"a secret has fewer than {SHORTEST} characters", where=str(path), fix=fix)
    return found
