"""Tasks of a local run are forks: a task ends as it ended, also where KFP starts it from a thread, as in a loop."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from biasgate.kubeflow.forks import run_forked

TASK = """
import os, signal, sys

def work():
    {work}
"""


def run(folder: Path, work: str) -> int:
    """The exit code of a component that does some work."""
    request = json.dumps({"inputs": {}, "outputs": {"outputFile": str(folder / "executor.json")}})
    source = TASK.format(work=work)
    return run_forked(["sh", "-c", "", source, "--executor_input", request, "--function_to_execute", "work"])


@pytest.mark.parametrize(
    ("work", "code"),
    [
        ("pass", 0),
        ("from biasgate.errors import InputError; raise InputError('no such thing')", 3),
        ("raise ValueError('a bug')", 1),
        ("sys.exit('it cannot go on')", 1),
        ("os.kill(os.getpid(), signal.SIGKILL)", -9),
    ],
    ids=["well", "a user's mistake", "a bug", "a word", "killed"],
)
def test_a_task_in_a_thread_of_a_loop_ends_with_its_own_exit_code(tmp_path, work, code):
    with ThreadPoolExecutor(2) as threads:
        ended = [threads.submit(run, tmp_path, work) for _ in range(2)]
    assert [one.result() for one in ended] == [code, code]


def test_what_a_task_changes_stays_in_its_fork(tmp_path, monkeypatch):
    monkeypatch.delenv("LEFT_BY_A_TASK", raising=False)
    assert run(tmp_path, "os.environ['LEFT_BY_A_TASK'] = 'yes'") == 0
    assert "LEFT_BY_A_TASK" not in os.environ
