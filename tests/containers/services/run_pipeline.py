"""Run a pipeline with KFP's DockerRunner, each task in a restricted container: python run_pipeline.py REQUEST (JSON).

A process of its own, because KFP's local runner replaces ``print`` and log handlers. Each task gets what its compiled
spec names and no more: secrets and config maps as environment variables, and the folder of trusted keys.
"""

import json
import sys
from pathlib import Path

from docker_runner import run_to_its_end
from google.protobuf.json_format import MessageToDict
from kfp import local
from kfp.local import docker_task_handler

from biasgate.kubeflow.catalogue import load_pipeline

RESTRICTED = {
    "user": "10001:10001",
    "read_only": True,
    "tmpfs": {"/tmp": "size=1g"},
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "mem_limit": "2g",
    "memswap_limit": "2g",
    "pids_limit": 256,
}


def main(request: dict) -> None:
    pipeline = load_pipeline(request["pipeline"])
    platform = MessageToDict(pipeline.platform_spec)["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    folder = Path(request["folder"])

    def run(client, image: str, command: list[str], volumes: dict, **_: object) -> int:
        """In place of KFP's own: a restricted container, with what its task's spec names."""
        function = command[command.index("--function_to_execute") + 1]
        spec = platform[f"exec-{function.replace('_', '-')}"]
        for volume in spec.get("configMapAsVolume", []):
            keys = request["config_maps"][volume["configMapName"]]
            volumes = {**volumes, keys: {"bind": volume["mountPath"], "mode": "ro"}}
        given = {**RESTRICTED, **request["limits"].get(function, {})}
        code = run_to_its_end(
            client,
            image,
            command,
            volumes,
            killed=function in request["killed"],
            environment=environment(spec, request),
            network_mode=f"container:{request['beside']}",
            **given,
        )
        sys.stdout.write(f"{function} ended with {code}\n")
        return code

    docker_task_handler.run_docker_container = run
    local.init(runner=local.DockerRunner(), pipeline_root=str(folder))
    pipeline(**request["arguments"])


def environment(spec: dict, request: dict) -> dict[str, str]:
    """Variables of the secrets, config maps and fields of its pod that a task names; an optional one may be absent."""
    secrets = [
        (key["envVar"], request["secrets"].get(secret["secretName"], {}).get(key["secretKey"]))
        for secret in spec["secretAsEnv"]
        for key in secret["keyToEnv"]
    ]
    plain = [
        (key["envVar"], request["environment"].get(named["configMapName"], {}).get(key["configMapKey"]))
        for named in spec.get("configMapAsEnv", [])
        for key in named["keyToEnv"]
    ]
    fields = [(field["name"], request["fields"][field["fieldPath"]]) for field in spec["fieldPathAsEnv"]]
    return {name: value for name, value in (*secrets, *plain, *fields) if value is not None}


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
