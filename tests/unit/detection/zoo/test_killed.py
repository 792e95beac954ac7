from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from biasgate.detection.zoo.index import ShardIndex
from biasgate.detection.zoo.plan import ZooPlan, plan_zoo
from biasgate.detection.zoo.shard import GROUP, train_shard
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.storage.plans import shard_uri
from biasgate.storage.shards import read_file, read_index

pytestmark = pytest.mark.slow

WORKER = """
import sys
from pathlib import Path
from biasgate.detection.zoo import shard
from biasgate.detection.zoo.plan import ZooPlan
shard.GROUP["cpu"] = 2
plan = ZooPlan.parse(Path(sys.argv[1]).read_bytes(), where="plan")
shard.train_shard(plan, 0, sys.argv[2])
"""


@pytest.fixture
def plan(spec: ZooSpec) -> ZooPlan:
    return plan_zoo(spec, shards=1)


def start(plan: ZooPlan, root: Path) -> subprocess.Popen[bytes]:
    document = root / "plan.json"
    document.write_bytes(plan.to_json())
    return subprocess.Popen([sys.executable, "-c", WORKER, str(document), str(root)])


def digests(index: ShardIndex) -> list[str]:
    return [file.sha256 for file in (*index.weights, *index.tables)]


def groups_done(plan: ZooPlan, root: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in Path(shard_uri(plan, 0, root=str(root))).glob("*.parquet")}


def test_a_worker_killed_at_any_moment_repeats_no_group_that_was_done(
    plan: ZooPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(GROUP, "cpu", 2)
    untouched = train_shard(plan, 0, str(tmp_path / "untouched"))
    root = tmp_path / "killed"
    root.mkdir()
    worker = start(plan, root)
    while not groups_done(plan, root) and worker.poll() is None:
        time.sleep(0.05)
    time.sleep(float(np.random.default_rng(0).uniform(0, 0.05)))
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    done = groups_done(plan, root)
    finished = train_shard(plan, 0, str(root))
    assert digests(finished) == digests(untouched)
    assert done.items() <= groups_done(plan, root).items()


def test_two_workers_on_one_shard_leave_one_shard(plan: ZooPlan, tmp_path: Path) -> None:
    workers = [start(plan, tmp_path) for _ in range(2)]
    assert [worker.wait() for worker in workers] == [0, 0]
    index = read_index(ShardIndex, shard_uri(plan, 0, root=str(tmp_path)))
    for file in (*index.weights, *index.tables):
        assert read_file(index, file)
