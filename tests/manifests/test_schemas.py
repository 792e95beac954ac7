import jsonschema
import kubernetes_validate
import pytest

KUBERNETES = ["1.31", "1.34", "1.37"]
SPEC = {"properties": {"description": {"type": "string"}, "displayName": {"type": "string"}}}
CUSTOM = {
    "Pipeline": {**SPEC, "additionalProperties": False},
    "PipelineVersion": {
        "properties": {
            **SPEC["properties"],
            **{name: {"type": "string"} for name in ("pipelineName", "pipelineSpecURI", "codeSourceURL")},
            "pipelineSpec": {"type": "object"},
            "platformSpec": {"type": "object"},
        },
        "required": ["pipelineSpec", "pipelineName"],
        "additionalProperties": False,
    },
}
PREDICTOR = {"minReplicas", "maxReplicas", "timeout", "canaryTrafficPercent"}


def violations(manifests, version: str) -> list[str]:
    """What the Kubernetes API, or the custom resource's definition, would refuse."""
    problems: list[str] = []
    for item in manifests.objects:
        try:
            validate(item, version)
        except jsonschema.ValidationError as error:
            problems.append(f"{item['kind']}/{item['metadata']['name']}: {error.message}")
    return problems


def validate(item, version: str) -> None:
    kind = item["kind"]
    if kind in CUSTOM:
        jsonschema.validate(item["spec"], CUSTOM[kind])
    elif kind == "InferenceService":
        spec = {name: value for name, value in item["spec"]["predictor"].items() if name not in PREDICTOR}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": item["metadata"], "spec": spec}
        kubernetes_validate.validate(pod, version, strict=True)
    else:
        kubernetes_validate.validate(item, version, strict=True)


@pytest.mark.parametrize("version", KUBERNETES)
def test_every_object_is_valid_on_three_versions_of_kubernetes(overlay, version):
    assert violations(overlay, version) == []


@pytest.mark.parametrize("version", KUBERNETES)
def test_the_secrets_template_is_valid(template, version):
    assert violations(template, version) == []


@pytest.mark.parametrize(
    ("kind", "name", "field", "value"),
    [
        ("Deployment", "mlflow", "replicaz", 1),
        ("Deployment", "mlflow", "replicas", "one"),
        ("CronJob", "promoter", "concurrency", "Forbid"),
        ("NetworkPolicy", "deny-all", "podSelector", None),
    ],
)
def test_an_unknown_field_or_a_wrong_type_is_caught(complete, kind, name, field, value):
    (item, *_) = [found for found in complete.of(kind) if found["metadata"]["name"] == name]
    item["spec"][field] = value
    if value is None:
        item["spec"][field] = "everything"
    assert len(violations(complete, KUBERNETES[0])) == 1


@pytest.mark.parametrize(("name", "field"), [("gate", "spec"), ("gate-", "pipelineSpecs")])
def test_a_custom_resource_with_an_unknown_field_is_caught(builds, manifests_folder, name, field):
    manifests = builds(manifests_folder / "overlays" / "kfp-native-api")
    (item, *_) = [found for found in manifests.objects if found["metadata"]["name"].startswith(name)]
    item["spec"][field] = {}
    assert len(violations(manifests, KUBERNETES[0])) == 1
