"""Run a pipeline with KFP's DockerRunner, each task in a restricted container: python run_pipeline.py REQUEST (JSON).

A process of its own, because KFP's local runner replaces ``print`` and log handlers. Each task gets what its compiled
spec names and no more: secrets as environment variables, and the folder of trusted keys.
"""

import json
import sys
from pathlib import Path

from google.protobuf.json_format import MessageToDict
from kfp import local
from kfp.local import docker_task_handler

from biasgate.pipelines.compile import load_pipeline

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
        """In place of KFP's own, which lets the engine remove a container before it has asked how it ended."""
        function = command[command.index("--function_to_execute") + 1]
        spec = platform[f"exec-{function.replace('_', '-')}"]
        for volume in spec["configMapAsVolume"]:
            keys = request["config_maps"][volume["configMapName"]]
            volumes = {**volumes, keys: {"bind": volume["mountPath"], "mode": "ro"}}
        given = {**RESTRICTED, **request["limits"].get(function, {})}
        container = client.containers.run(
            image,
            entrypoint=command[:1],
            command=command[1:],
            volumes=volumes,
            environment=environment(spec, request["secrets"]),
            network_mode=f"container:{request['beside']}",
            detach=True,
            **given,
        )
        try:
            if function in request["killed"]:
                container.kill()
            for line in container.logs(stream=True):
                sys.stdout.write(line.decode())
            code = container.wait()["StatusCode"]
            sys.stdout.write(f"{function} ended with {code}\n")
            return code
        finally:
            container.remove(force=True)

    docker_task_handler.run_docker_container = run
    local.init(runner=local.DockerRunner(), pipeline_root=str(folder))
    pipeline(**request["arguments"])


def environment(spec: dict, secrets: dict[str, dict[str, str]]) -> dict[str, str]:
    """Variables of the secrets that a task names; as on Kubernetes, an optional secret may be absent."""
    return {
        key["envVar"]: secrets[secret["secretName"]][key["secretKey"]]
        for secret in spec["secretAsEnv"]
        for key in secret["keyToEnv"]
        if key["secretKey"] in secrets.get(secret["secretName"], {})
    }


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
