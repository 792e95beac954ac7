"""The manifests as kustomize builds them."""

import functools
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2] / "manifests"
OVERLAYS = sorted(path.name for path in (ROOT / "overlays").iterdir())


@dataclass(frozen=True)
class Pod:
    """A pod that an object makes."""

    owner: str
    namespace: str
    labels: dict[str, str]
    spec: dict[str, Any]
    long_running: bool

    def containers(self) -> list[dict[str, Any]]:
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]


class Manifests:
    """The objects of one build; change them freely."""

    def __init__(self, text: str):
        self.objects: list[dict[str, Any]] = [item for item in yaml.load_all(text, yaml.CSafeLoader) if item]

    def of(self, *kinds: str) -> list[dict[str, Any]]:
        return [item for item in self.objects if item["kind"] in kinds]

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """The one object of this kind and name; a name may carry kustomize's ten-letter suffix."""
        pattern = re.compile(rf"{name}(-[a-z0-9]{{10}})?")
        (found,) = [item for item in self.of(kind) if pattern.fullmatch(item["metadata"]["name"])]
        return found

    @staticmethod
    def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
        """Whether a label selector selects what has these labels."""
        expressions = selector.get("matchExpressions", [])
        assert {one["operator"] for one in expressions} <= {"In", "Exists"}, "no other is understood here"
        return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
            one["key"] in labels and labels[one["key"]] in one.get("values", [labels[one["key"]]])
            for one in expressions
        )

    def pods(self) -> Iterator[Pod]:
        for item in self.objects:
            match item["kind"]:
                case "Deployment" | "StatefulSet" | "Job":
                    template = item["spec"]["template"]
                case "CronJob":
                    template = item["spec"]["jobTemplate"]["spec"]["template"]
                case "InferenceService":
                    template = {"spec": item["spec"]["predictor"]}
                case _:
                    continue
            yield Pod(
                owner=f"{item['kind']}/{item['metadata']['name']}",
                namespace=item["metadata"]["namespace"],
                labels=template.get("metadata", {}).get("labels", {}),
                spec=template["spec"],
                long_running=item["kind"] not in ("Job", "CronJob"),
            )


@functools.cache
def build(folder: Path) -> str:
    """What kustomize makes of a folder."""
    if kubectl := shutil.which("kubectl"):
        command = [kubectl, "kustomize", str(folder)]
    elif kustomize := shutil.which("kustomize"):
        command = [kustomize, "build", str(folder)]
    else:
        pytest.fail("neither kubectl nor kustomize (5 or newer) is on the PATH; the manifests cannot be checked")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> Manifests:
    """Each overlay in turn."""
    return Manifests(build(ROOT / "overlays" / request.param))


@pytest.fixture(params=["kind", "standalone", "profile"])
def mode(request: pytest.FixtureRequest) -> str:
    """Each place for runs in turn, by the overlay that puts them there."""
    return request.param


@pytest.fixture
def placed(mode: str) -> Manifests:
    """The overlay of a place for runs."""
    return Manifests(build(ROOT / "overlays" / mode))


@pytest.fixture
def complete() -> Manifests:
    """The overlay with the most in it, to be broken."""
    return Manifests(build(ROOT / "overlays" / "kind"))


@pytest.fixture
def template() -> Manifests:
    """The secrets that a platform team fills in."""
    return Manifests((ROOT / "secrets.template.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def manifests_folder() -> Path:
    return ROOT


@pytest.fixture
def builds():
    """Builds a folder."""
    return lambda folder: Manifests(build(folder))
