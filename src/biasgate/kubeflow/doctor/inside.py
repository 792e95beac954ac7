"""What a task would meet, looked at from a pod like a task's: variables, folders, services that answer or do not."""

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from biasgate.errors import BiasgateError
from biasgate.kubeflow.doctor.diagnose import named
from biasgate.kubeflow.doctor.finding import Finding, note, ok, wrong
from biasgate.kubeflow.steps.declared import LOG_VARIABLE, log_uri

SECONDS = 5
"""How long a service may take to take up a call: a network policy drops calls and says nothing."""

TRACKING = "MLFLOW_TRACKING_URI"
SECRETS = "kubectl apply -f secrets.yaml"
PORTS = {"http": 80, "https": 443}
NETWORK = "biasgate kfp doctor, from a laptop, names the policy that is missing"


def folders() -> Iterator[Finding]:
    """``/tmp`` takes files; it is the only place that does under a read-only root."""
    try:
        with tempfile.NamedTemporaryFile() as file:
            file.write(bytes(1_000_000))
    except OSError as error:
        yield wrong(f"takes no file: {error.strerror}", tempfile.gettempdir(), fix="mount an emptyDir at /tmp")
        return
    yield ok("takes files", tempfile.gettempdir())
    writable = os.access("/", os.W_OK)
    yield (note("can be written to", "/") if writable else ok("is read-only", "/"))


def services() -> Iterator[Finding]:
    """MLflow, the object store and Kubeflow's own services take up a call."""
    kubeflow = os.environ.get("BIASGATE_KUBEFLOW_NAMESPACE", "kubeflow")
    called = {
        "MLflow": _address(os.environ.get(TRACKING, "")),
        "the object store": _object_store(),
        "Kubeflow Pipelines": (f"ml-pipeline.{kubeflow}", 8887),
        "Kubeflow's metadata": (f"metadata-grpc-service.{kubeflow}", 8080),
    }
    for what, address in called.items():
        if address is None:
            continue
        where = f"{address[0]}:{address[1]}"
        try:
            socket.create_connection(address, timeout=SECONDS).close()
        except TimeoutError:
            yield wrong(f"{what} does not answer in {SECONDS} s: a network policy drops the call", where, fix=NETWORK)
        except OSError as error:
            yield wrong(f"{what} is out of reach: {error.strerror}", where, fix="check that it runs, and its name")
        else:
            yield ok(f"{what} answers", where)


def _address(uri: str) -> tuple[str, int] | None:
    parts = urlsplit(uri)
    return (parts.hostname, parts.port or PORTS[parts.scheme]) if parts.hostname and parts.scheme in PORTS else None


def _object_store() -> tuple[str, int] | None:
    if not os.environ.get(LOG_VARIABLE, "").startswith("s3://"):
        return None
    region = os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return _address(os.environ.get("AWS_ENDPOINT_URL") or f"https://s3.{region}.amazonaws.com")


def mlflow() -> Iterator[Finding]:
    """MLflow takes this account."""
    from biasgate.registry.client import connect, explained

    if not (uri := os.environ.get(TRACKING)):
        yield wrong("not set: a run would ask a database of its own", TRACKING, fix=SECRETS)
        return
    os.environ.update(MLFLOW_HTTP_REQUEST_TIMEOUT=str(SECONDS), MLFLOW_HTTP_REQUEST_MAX_RETRIES="0")
    try:
        client = connect()
        with explained():
            client.search_experiments(max_results=1)
    except BiasgateError as error:
        yield wrong(error.what, uri, fix=error.fix or SECRETS)
    else:
        yield ok("takes this account", uri)


def rights() -> Iterator[Finding]:
    """This account may add versions to every registered model of candidates; whoever made one owns it for ever."""
    from biasgate.registry.client import connect, explained
    from biasgate.registry.models import SUBMISSIONS

    try:
        client = connect()
        with explained():
            found = client.search_registered_models(f"name LIKE '%{SUBMISSIONS}'")
    except BiasgateError:
        return  # the check of MLflow says so
    for model in found:
        try:
            with explained(model.name):
                client.update_registered_model(model.name, model.description or "")
        except BiasgateError as error:
            fix = f"have an admin grant this account EDIT on {model.name}, as manifests/accounts.sh does"
            yield wrong(f"{error.what}: no repaired candidate could be registered", model.name, fix=fix)
        else:
            yield ok("takes versions from this account", model.name)


def log() -> Iterator[Finding]:
    """The log can be read, and every entry verifies by the trusted keys."""
    from biasgate.gate.ledger.log import read_history
    from biasgate.gate.trust.keyring import trusted_keys

    try:
        read_history(log_uri(), trusted_keys())
    except BiasgateError as error:
        yield wrong(error.what, error.where or LOG_VARIABLE, fix=error.fix or SECRETS)
    else:
        yield ok("can be read, and verifies", log_uri())


INSIDE: tuple[Callable[[], Iterator[Finding]], ...] = (folders, services, mlflow, rights, log)


def look_inside() -> list[tuple[str, Finding]]:
    """What every check found from here, under its name."""
    return [(named(check), finding) for check in INSIDE for finding in check()]
