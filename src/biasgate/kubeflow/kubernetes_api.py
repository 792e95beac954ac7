"""The way to Kubernetes itself: as ``kubectl`` finds it, else as a pod does."""

import os
from pathlib import Path
from typing import Any

CONFIG = "~/.kube/config"


def kubernetes_api(context: str | None = None) -> Any:
    """A ``kubernetes.client.ApiClient`` that asks once.

    Args:
        context: Another context than the current one of ``kubectl``.

    Raises:
        kubernetes.config.ConfigException: No cluster is configured, or no such context.
    """
    from kubernetes import client, config

    file, settings = os.environ.get("KUBECONFIG", CONFIG), client.Configuration()
    if any(Path(path).expanduser().is_file() for path in file.split(os.pathsep)):
        config.load_kube_config(config_file=file, context=context, client_configuration=settings)
    else:
        config.load_incluster_config(client_configuration=settings)
    settings.retries = False  # pyright: ignore[reportAttributeAccessIssue]  # it goes to urllib3 as it is
    return client.ApiClient(settings)
