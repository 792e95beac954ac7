"""Pipelines in containers are run with KFP's DockerRunner, which races with the engine: we must see every failure."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("fail_often.py")
SUPPORT = Path(__file__).parents[1] / "support"


def test_of_twenty_tasks_that_fail_at_once_every_one_is_reported(docker, base_image):
    command = [sys.executable, str(SCRIPT), base_image, "20"]
    environment = {**docker.environment, "PYTHONPATH": str(SUPPORT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-1] == "seen 20"
