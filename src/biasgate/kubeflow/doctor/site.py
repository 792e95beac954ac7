"""The site that is looked at: a cluster's objects, read as JSON, and what runs of ours will ask of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from biasgate.errors import InputError, ServiceError
from biasgate.extras import needs
from biasgate.kubeflow.client import Cluster
from biasgate.kubeflow.image import image_by_digest
from biasgate.kubeflow.kubernetes_api import kubernetes_api
from biasgate.kubeflow.settings import Settings, settings_in_force

REGISTRY = "biasgate"
"""The namespace of the registry."""

SECONDS = 10


class Forbidden(Exception):
    """This account may not read what was asked for; its text is what."""


@dataclass(frozen=True)
class Site:
    """What is looked at, and for whom.

    Attributes:
        objects: Reads the cluster.
        settings: What every task will get.
        image: What tasks run in; None where no image is named by its digest.
        namespace: Where runs lie.
        kubeflow: Where Kubeflow Pipelines lies.
        account: Service account of runs.
        pipelines: The API of Kubeflow Pipelines; None to leave it out.
    """

    objects: "Objects"
    settings: Settings
    image: str | None
    namespace: str
    kubeflow: str
    account: str
    pipelines: Cluster | None = None


class Objects:
    """The objects of a cluster, as JSON, over the API that ``kubectl`` uses.

    Args:
        api: A ``kubernetes.client.ApiClient``.
    """

    def __init__(self, api: Any) -> None:
        self._api = api

    def get(self, kind: str, name: str, *, namespace: str | None = None) -> dict[str, Any] | None:
        """One object, or None.

        Args:
            kind: Path of its kind: plural, with its API group before it, such as ``apps/v1/deployments``.
            name: Its name.
            namespace: Where it lies; None for what lies in none.

        Raises:
            Forbidden: This account may not read it.
            ServiceError: The API is out of reach.
        """
        return self._ask("GET", f"{_path(kind, namespace)}/{name}")

    def listed(self, kind: str, *, namespace: str | None = None) -> list[dict[str, Any]]:
        """All objects of a kind; the arguments are those of ``get``."""
        answer = self._ask("GET", _path(kind, namespace))
        return list(answer["items"]) if answer else []

    def may(self, account: str, **attributes: str) -> bool:
        """Whether a user may do something, as a ``SubjectAccessReview`` answers.

        Args:
            account: Name of the user; a service account's has its namespace in it.
            attributes: ``namespace``, ``verb``, ``group``, ``resource``, ``name``.
        """
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": account, "resourceAttributes": attributes},
        }
        answer = self._ask("POST", _path("authorization.k8s.io/v1/subjectaccessreviews", None), review)
        return bool(answer and answer["status"]["allowed"])

    def create(self, kind: str, body: Mapping[str, Any], *, namespace: str) -> None:
        """Makes an object.

        Raises:
            Forbidden: This account may not, or a quota or an admission rule refuses; its text says which.
            ServiceError: The API is out of reach.
        """
        self._ask("POST", _path(kind, namespace), body)

    def delete(self, kind: str, name: str, *, namespace: str) -> None:
        """Deletes an object; none is no error."""
        self._ask("DELETE", f"{_path(kind, namespace)}/{name}")

    def text(self, kind: str, name: str, *, namespace: str) -> str:
        """What is not JSON, such as the log of a pod (``<name>/log``)."""
        answer = self._ask("GET", f"{_path(kind, namespace)}/{name}", plain=True)
        return answer.data.decode(errors="replace") if answer else ""

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, plain: bool = False) -> Any:
        from kubernetes.client import ApiException
        from urllib3.exceptions import HTTPError

        try:
            return self._api.call_api(
                path,
                method,
                header_params={"Accept": "application/json", "Content-Type": "application/json"},
                body=body,
                response_type="object",
                auth_settings=["BearerToken"],
                _return_http_data_only=True,
                _preload_content=not plain,
                _request_timeout=SECONDS,
            )
        except ApiException as error:
            if error.status == 404:
                return None
            if error.status in (401, 403):
                raise Forbidden(_message(error.body) if method == "POST" else path) from error
            said = f"Kubernetes answers {error.status}: {_message(error.body)}"
            raise ServiceError(said, where=self._api.configuration.host) from error
        except HTTPError as error:
            fix = "check with `kubectl get nodes`"
            raise ServiceError("Kubernetes is out of reach", where=self._api.configuration.host, fix=fix) from error


def connect(context: str | None = None) -> Objects:
    """The cluster of the current context of ``kubectl``, or inside a pod its own.

    Args:
        context: Another context.

    Raises:
        InputError: There is no such context, or none at all.
        MissingExtraError: The client is not installed.
    """
    needs("kubernetes")
    from kubernetes.config import ConfigException

    try:
        return Objects(kubernetes_api(context))
    except ConfigException as error:
        fix = "set KUBECONFIG, and choose with `kubectl config use-context`"
        raise InputError(f"no cluster is configured: {error}", fix=fix) from error


def site_of(cluster: Cluster | None, *, namespace: str, kubeflow: str, account: str, context: str | None) -> Site:
    """The site of the settings in force, and of the cluster that ``kubectl`` would ask.

    Raises:
        InputError: No cluster is configured, or the settings cannot be used.
        MissingExtraError: The client is not installed.
    """
    return Site(
        objects=connect(context),
        settings=settings_in_force(),
        image=image_by_digest(),
        namespace=namespace,
        kubeflow=kubeflow,
        account=account,
        pipelines=cluster,
    )


def _path(kind: str, namespace: str | None) -> str:
    group, _, plural = kind.rpartition("/")
    root = f"/apis/{group}" if group else "/api/v1"
    return f"{root}/namespaces/{namespace}/{plural}" if namespace else f"{root}/{plural}"


def _message(body: str | bytes | None) -> str:
    """What Kubernetes says of a request that it refuses."""
    try:
        return str(json.loads(body or "{}")["message"])
    except (ValueError, KeyError, TypeError):
        return "no reason is given"
