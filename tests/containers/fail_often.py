"""Run a component that fails, time and again, with KFP's DockerRunner: python fail_often.py IMAGE TIMES [kfp].

Prints how often its failure was seen. ``kfp`` leaves KFP's own way with containers in place.
"""

import sys
from tempfile import TemporaryDirectory

from docker_runner import run_to_its_end
from kfp import dsl, local
from kfp.local import docker_task_handler

IMAGE, TIMES, *OWN = sys.argv[1:]


@dsl.container_component
def fails():
    """Ends with 3, at once."""
    return dsl.ContainerSpec(image=IMAGE, command=["sh", "-c", "exit 3"])


def main() -> None:
    if not OWN:
        docker_task_handler.run_docker_container = run_to_its_end
    seen = 0
    with TemporaryDirectory() as folder:
        local.init(runner=local.DockerRunner(network_mode="none"), pipeline_root=folder)
        for _ in range(int(TIMES)):
            try:
                fails()
            except RuntimeError:
                seen += 1
    sys.stdout.write(f"\nseen {seen}\n")


if __name__ == "__main__":
    main()
