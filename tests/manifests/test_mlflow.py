from urllib.parse import urlsplit


def server_settings(manifests) -> dict[str, str]:
    return manifests.get("ConfigMap", "mlflow")["data"]


def test_the_server_answers_to_the_name_that_its_clients_call_it_by(complete):
    allowed = server_settings(complete)["MLFLOW_SERVER_ALLOWED_HOSTS"].split(",")
    called = urlsplit(complete.get("ConfigMap", "biasgate")["data"]["MLFLOW_TRACKING_URI"]).netloc
    assert called in allowed
    assert not [host for host in allowed if "*" in host]


def test_pages_may_be_opened_under_every_name_that_the_server_answers_to(overlay):
    if not overlay.of("Deployment"):
        return
    settings = server_settings(overlay)
    origins = settings["MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"].split(",")
    hosts = settings["MLFLOW_SERVER_ALLOWED_HOSTS"].split(",")
    assert {urlsplit(origin).netloc for origin in origins} == {host for host in hosts if ":" in host}


def test_the_server_runs_no_jobs_and_asks_who_is_there(complete):
    assert server_settings(complete)["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    command = complete.get("Deployment", "mlflow")["spec"]["template"]["spec"]["containers"][0]["command"]
    assert command[command.index("--app-name") + 1] == "basic-auth"
