"""The way to Kubeflow Pipelines: which server, as whom, trusted by which authority."""

import contextlib
import io
import json
import os
import warnings
from collections.abc import Generator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from biasgate.errors import InputError, ServiceError
from biasgate.extras import needs

TOKEN = "KF_PIPELINES_TOKEN"
TOKEN_FILE = "KF_PIPELINES_SA_TOKEN_PATH"
REFUSES = "Kubeflow refuses"
PROJECTED = Path("/var/run/secrets/kubeflow/pipelines/token")
"""Where Kubeflow mounts a service account's token for its pipelines."""


@dataclass(frozen=True)
class Cluster:
    """A Kubeflow Pipelines server.

    Attributes:
        endpoint: Its URL.
        namespace: The profile that runs belong to; None where Kubeflow Pipelines has one user.
        ca: Bundle of the authorities that may vouch for it; None for the system's own.
    """

    endpoint: str
    namespace: str | None = None
    ca: Path | None = None


def connect(cluster: Cluster) -> Any:
    """A client of the server, as whom ``KF_PIPELINES_TOKEN`` says, else the service account's token file.

    The file is read again for every request, because Kubernetes renews it.

    Returns:
        A ``kfp.Client``; untyped, since the generated classes of its answers declare every field as maybe absent.

    Raises:
        InputError: The bundle or the token file is not there.
        ServiceError: The server is out of reach, or refuses.
        MissingExtraError: kfp is not installed.
    """
    needs("kfp")
    import kfp
    from kfp.client import ServiceAccountTokenVolumeCredentials

    file = Path(os.environ.get(TOKEN_FILE, PROJECTED))
    for path, asked in ((file, TOKEN_FILE in os.environ), (cluster.ca, cluster.ca is not None)):
        if asked and path and not path.is_file():
            raise InputError("no such file", where=str(path), fix="check where it is mounted")
    token = os.environ.get(TOKEN)
    with explained(cluster.endpoint):
        return kfp.Client(
            host=cluster.endpoint,
            namespace=cluster.namespace or "",
            existing_token=token,
            credentials=ServiceAccountTokenVolumeCredentials(str(file)) if not token and file.is_file() else None,
            ssl_ca_cert=str(cluster.ca) if cluster.ca else None,
        )


def kfp_models() -> Any:
    """The classes of what the server is told; untyped, like its answers."""
    needs("kfp")
    import kfp_server_api

    return kfp_server_api


@contextlib.contextmanager
def explained(endpoint: str) -> Generator[None]:
    """Turns what the client raises into a line for people; what it prints and warns of is its own.

    Raises:
        InputError: The server has not what was asked for, such as a run that was deleted.
        ServiceError: The server is out of reach, or refuses.
    """
    import kfp_server_api
    import urllib3

    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except kfp_server_api.ApiException as error:
        if error.status == HTTPStatus.NOT_FOUND:
            fix = "check the id and the namespace; of a run that was deleted, the log and MLflow keep what it decided"
            raise InputError(f"Kubeflow has no such thing: {_said(error)}", where=endpoint, fix=fix) from error
        if error.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            fix = f"set {TOKEN} or {TOKEN_FILE}, and check what this account may do in the namespace"
            raise ServiceError(REFUSES, where=endpoint, fix=fix) from error
        raise ServiceError(f"Kubeflow answers {error.status}: {_said(error)}", where=endpoint) from error
    except (urllib3.exceptions.HTTPError, TimeoutError) as error:
        fix = "check the address, the network and the certificate authority"
        raise ServiceError("Kubeflow is out of reach", where=endpoint, fix=fix) from error


def _said(error: Any) -> str:
    """What the server says went wrong, without the rest of its answer."""
    try:
        return str(json.loads(error.body)["message"])
    except (ValueError, KeyError, TypeError):
        return str(error.body or error.reason)
