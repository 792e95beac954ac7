import pytest

READING = {"get", "list", "watch"}
HARMLESS_WRITES = {("argoproj.io", "workflowtaskresults")}
STARTS_RUNS = {("pipelines.kubeflow.org", "runs"), ("pipelines.kubeflow.org", "experiments")}
"""What the receiver of webhooks may make, and look at, but not change."""


def excess(manifests) -> list[str]:
    """Rights beyond reading by name, looking at pods, and reporting task results."""
    problems: list[str] = []
    for item in manifests.of("Role", "ClusterRole"):
        for rule in item["rules"]:
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    problems += [f"{item['metadata']['name']}: {problem}" for problem in _excess(rule, group, resource)]
    return problems


def _excess(rule, group: str, resource: str):
    if "*" in (group, resource) or "*" in rule["verbs"]:
        yield "a wildcard"
    elif (group, resource) in STARTS_RUNS and set(rule["verbs"]) <= {*READING, "create"}:
        return
    elif not set(rule["verbs"]) <= READING and (group, resource) not in HARMLESS_WRITES:
        yield f"may {', '.join(rule['verbs'])} {resource}"
    elif resource in ("secrets", "configmaps") and not (rule.get("resourceNames") and rule["verbs"] == ["get"]):
        yield f"may read {resource} that are not named"


def test_accounts_have_no_more_than_they_need(overlay):
    assert excess(overlay) == []
    assert overlay.of("ClusterRole", "ClusterRoleBinding") == []


def test_only_runs_and_who_starts_them_have_any_right_in_kubernetes(overlay):
    bound = {(item["roleRef"]["name"], one["name"]) for item in overlay.of("RoleBinding") for one in item["subjects"]}
    assert bound <= {("biasgate-runner", "biasgate-runner"), ("biasgate-receiver", "receiver")}


@pytest.mark.parametrize(
    "rule",
    [
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["biasgate-s3"], "verbs": ["get", "list"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]},
        {"apiGroups": ["*"], "resources": ["pods"], "verbs": ["get"]},
        {"apiGroups": ["argoproj.io"], "resources": ["workflows"], "verbs": ["create"]},
        {"apiGroups": ["pipelines.kubeflow.org"], "resources": ["runs"], "verbs": ["create", "terminate"]},
    ],
)
def test_a_right_too_many_is_caught(complete, rule):
    complete.get("Role", "biasgate-runner")["rules"].append(rule)
    assert len(excess(complete)) == 1


def test_the_side_that_runs_foreign_models_shares_no_namespace_with_the_promoter(complete):
    homes = {item["metadata"]["name"]: item["metadata"]["namespace"] for item in complete.of("ServiceAccount")}
    assert homes["biasgate-runner"] != homes["promoter"]


def test_who_only_checks_holds_no_key_and_moves_nothing(complete):
    job = complete.get("CronJob", "reconcile")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert [volume["name"] for volume in job["volumes"]] == ["tmp", "trusted", "sinks"]
    assert not {"--fix", "--revert"} & set(job["containers"][0]["args"])


def test_who_starts_runs_holds_no_account_in_mlflow_no_key_and_a_token_for_kubeflow_alone(builds, manifests_folder):
    placed = builds(manifests_folder / "overlays" / "webhook")
    spec = placed.get("Deployment", "receiver")["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert [next(iter(source)) for source in container["envFrom"]] == ["configMapRef"]
    assert {volume["name"] for volume in spec["volumes"]} == {"tmp", "secret", "token"}
    (token,) = [volume["projected"] for volume in spec["volumes"] if volume["name"] == "token"]
    assert token["sources"][0]["serviceAccountToken"]["audience"] == "pipelines.kubeflow.org"
    (role,) = [item for item in placed.of("Role") if item["metadata"]["name"] == "biasgate-receiver"]
    assert {group for rule in role["rules"] for group in rule["apiGroups"]} == {"pipelines.kubeflow.org"}
    assert not {"delete", "*", "update"} & {verb for rule in role["rules"] for verb in rule["verbs"]}


def test_the_promoter_carries_out_only_policies_that_it_was_given(complete, template):
    job = complete.get("CronJob", "promoter")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = job["containers"]
    folder = {variable["name"]: variable["value"] for variable in container["env"]}["BIASGATE_POLICIES"]
    (volume,) = [mount["name"] for mount in container["volumeMounts"] if mount["mountPath"] == folder]
    (source,) = [one["configMap"]["name"] for one in job["volumes"] if one["name"] == volume]
    assert template.get("ConfigMap", source)["metadata"]["namespace"] == "biasgate"
