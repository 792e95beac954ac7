"""The experiment that holds our runs."""

import json
from typing import Any

EXPERIMENT = "biasgate"


def find_experiment(client: Any, namespace: str | None) -> str | None:
    """Id of the experiment that holds our runs; None before the first."""
    named = {"operation": "EQUALS", "key": "display_name", "stringValue": EXPERIMENT}
    found = client.list_experiments(namespace=namespace, filter=json.dumps({"predicates": [named]})).experiments
    return found[0].experiment_id if found else None


def ensure_experiment(client: Any, namespace: str | None) -> str:
    """Id of the experiment that holds our runs, made when it is not there yet."""
    found = find_experiment(client, namespace)
    return found or client.create_experiment(EXPERIMENT, namespace=namespace).experiment_id
