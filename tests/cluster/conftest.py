"""What the tests on a real cluster need; all of them are skipped with a sentence where there is none."""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from real_cluster import GATE, NEEDED, REPAIR, TEST, Site, biasgate, digits_candidate

from biasgate.kubeflow.client import Cluster


@pytest.fixture(scope="session")
def site() -> Site:
    if missing := [name for name in NEEDED if not os.environ.get(name)]:
        pytest.skip(f"no cluster to try: set {', '.join(missing)} (CONTRIBUTING.md says how)")
    namespace = os.environ.get("KFP_NAMESPACE")
    return Site(Cluster(os.environ["KFP_ENDPOINT"], namespace), namespace or "kubeflow")


@pytest.fixture(scope="session")
def declared(site, tmp_path_factory) -> None:
    """The gate of the model is in force."""
    folder = tmp_path_factory.mktemp("gate")
    for name, text in {"gate": GATE, "test": TEST, "repair": REPAIR}.items():
        (folder / f"{name}.yaml").write_text(text)
    key = os.environ["BIASGATE_OWNER_KEY_FILE"]
    biasgate("gate", "declare", str(folder / "gate.yaml"), BIASGATE_SIGNING_KEY_FILE=key)


@pytest.fixture
def candidate(declared, tmp_path) -> Callable[..., str]:
    """Trains and submits a candidate."""

    def make(*, conflicting: float, seed: int) -> str:
        return digits_candidate(tmp_path, conflicting=conflicting, seed=seed)

    return make


@pytest.fixture
def doctor(site) -> dict[str, Any]:
    """What the doctor finds, with a pod like a task's."""
    where = ("--namespace", site.cluster.namespace) if site.cluster.namespace else ()
    told = biasgate("kfp", "doctor", "--endpoint", site.cluster.endpoint, *where, "--probe", "--json", check=False)
    return json.loads(told.stdout)
