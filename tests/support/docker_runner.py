"""What KFP's DockerRunner should do with a container: wait for its end before it is removed.

KFP 2.17 has the engine remove a container as soon as it ends, and takes one that is gone before it was asked about for
a success (``kfp.local.docker_task_handler.run_docker_container``).
"""

import sys


def run_to_its_end(client, image: str, command: list[str], volumes: dict, *, killed: bool = False, **options) -> int:
    """Runs a container, passes its output on, and gives its exit code; ``killed`` ends it as it starts."""
    container = client.containers.run(
        image, entrypoint=command[:1], command=command[1:], volumes=volumes, detach=True, **options
    )
    try:
        if killed:
            container.kill()
        for line in container.logs(stream=True):
            sys.stdout.write(line.decode())
        return container.wait()["StatusCode"]
    finally:
        container.remove(force=True)
