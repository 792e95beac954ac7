import re

import pytest

SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|ACCESS_KEY|SIGNING_KEY")
SECRET_VALUE = re.compile(r"AKIA[0-9A-Z]{12,}|PRIVATE KEY|://[^/\s:@]+:[^/\s@]+@")


def leaks(manifests) -> list[str]:
    """Secrets, or what looks like one, written into a build."""
    problems = [f"Secret/{item['metadata']['name']}" for item in manifests.of("Secret")]
    for pod in manifests.pods():
        problems += [
            f"{pod.owner}: {variable['name']}"
            for container in pod.containers()
            for variable in container.get("env", [])
            if SECRET_NAME.search(variable["name"]) and not variable.get("value", "/").startswith("/")
        ]
    problems += [f"{kind}: {found}" for kind, text in texts(manifests) for found in SECRET_VALUE.findall(text)]
    return problems


def texts(manifests):
    """Every string in every object."""

    def walk(value):
        if isinstance(value, dict):
            for one in value.values():
                yield from walk(one)
        elif isinstance(value, list):
            for one in value:
                yield from walk(one)
        elif isinstance(value, str):
            yield value

    for item in manifests.objects:
        for text in walk(item):
            yield f"{item['kind']}/{item['metadata']['name']}", text


def test_no_build_holds_a_secret(overlay):
    assert leaks(overlay) == []


def test_the_template_holds_names_and_no_value(template):
    values = [
        value for item in template.objects for value in {**item.get("data", {}), **item.get("stringData", {})}.values()
    ]
    assert set(values) == {""}


@pytest.mark.parametrize(
    "variable",
    [
        {"name": "MLFLOW_TRACKING_PASSWORD", "value": "hunter2"},
        {"name": "STORE", "value": "postgresql://mlflow:hunter2@postgres/mlflow"},
        {"name": "KEY", "value": "-----BEGIN PRIVATE KEY-----"},
    ],
)
def test_a_secret_in_a_variable_is_caught(complete, variable):
    complete.get("Deployment", "mlflow")["spec"]["template"]["spec"]["containers"][0]["env"].append(variable)
    assert len(leaks(complete)) == 1


def test_a_secret_object_in_a_build_is_caught(complete, template):
    complete.objects.append(template.get("Secret", "postgres"))
    assert leaks(complete) == ["Secret/postgres"]
