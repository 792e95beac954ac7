import re

import pytest

BY_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
LOADED_BY_HAND = "biasgate:dev"
PLACEHOLDER = "0" * 64


def images_not_by_digest(manifests) -> list[str]:
    return [
        f"{pod.owner}: {container['image']}"
        for pod in manifests.pods()
        for container in pod.containers()
        if not BY_DIGEST.search(container["image"])
    ]


def test_every_image_is_named_by_digest(overlay):
    assert [problem for problem in images_not_by_digest(overlay) if not problem.endswith(LOADED_BY_HAND)] == []


def test_only_the_overlays_for_a_trial_run_an_image_loaded_by_hand(builds, manifests_folder):
    tagged = [path.name for path in (manifests_folder / "overlays").iterdir() if images_not_by_digest(builds(path))]
    assert set(tagged) == {"kind", "standalone"}


@pytest.mark.parametrize("image", ["biasgate", "biasgate:latest", "biasgate@sha256:abc"])
def test_an_image_without_a_digest_is_caught(complete, image):
    complete.get("Deployment", "mlflow")["spec"]["template"]["spec"]["containers"][0]["image"] = image
    assert f"Deployment/mlflow: {image}" in images_not_by_digest(complete)


@pytest.mark.parametrize("name", ["gpu", "kserve", "deployment"])
def test_ones_own_image_replaces_the_placeholder_everywhere(builds, manifests_folder, tmp_path, name):
    digest = "sha256:" + "ab" * 32
    base = tmp_path / "manifests"
    base.symlink_to(manifests_folder)
    ours = tmp_path / "ours"
    ours.mkdir()
    (ours / "kustomization.yaml").write_text(
        f"""
resources: [../manifests/overlays/{name}]
images:
  - {{name: biasgate, newName: registry.example/team/biasgate, digest: "{digest}"}}
  - {{name: biasgate-serving, newName: registry.example/team/biasgate-serving, digest: "{digest}"}}
  - {{name: onnx-server, newName: registry.example/team/onnx-server, digest: "{digest}"}}
"""
    )
    images = [container["image"] for pod in builds(ours).pods() for container in pod.containers()]
    assert f"registry.example/team/biasgate@{digest}" in images
    assert not [image for image in images if PLACEHOLDER in image]
