import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest


@cache
def options_of(*command: str) -> str | None:
    """The help of a biasgate command, or None when there is no such command."""
    biasgate = str(Path(sys.executable).with_name("biasgate"))
    done = subprocess.run([biasgate, *command, "--help"], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


GROUPS = {"log", "kfp"}
"""Commands whose first argument is a command."""


def unknown(manifests) -> set[str]:
    """Commands and options of biasgate that containers give and the command line does not know."""
    found: set[str] = set()
    for pod in manifests.pods():
        for container in pod.containers():
            if not container["image"].startswith("biasgate") or "command" in container:
                continue
            command, *arguments = container["args"]
            known = options_of(command, *arguments[:1]) if command in GROUPS else options_of(command)
            if known is None:
                found.add(command)
                continue
            found |= {one for one in arguments if one.startswith("--") and one not in known}
    return found


def test_containers_give_commands_that_exist(overlay):
    assert unknown(overlay) == set()


@pytest.mark.parametrize("arguments", [["promot"], ["promote", "--logs", "s3://biasgate/log"]])
def test_an_unknown_command_or_option_is_caught(complete, arguments):
    pod = complete.get("CronJob", "promoter")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    pod["containers"][0]["args"] = arguments
    assert len(unknown(complete)) == 1
