"""A shard of a zoo on the real S3 server, behind a proxy that breaks requests: at most one group is trained twice."""

import math
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from faulty_proxy import Exchange, FaultyProxy, cut, refused, slow, torn, unanswered

from biasgate.detection.zoo.index import ShardIndex
from biasgate.detection.zoo.plan import ZooPlan, plan_zoo
from biasgate.detection.zoo.shard import train_shard
from biasgate.detection.zoo.spec import Counts, Level, Recipe, ZooSpec
from biasgate.models.presets import preset
from biasgate.storage import store
from biasgate.storage.plans import shard_uri, write_plan
from biasgate.storage.shards import read_file, read_index

FILES = [f"group-{number:04}.{kind}" for number in range(3) for kind in ("safetensors", "parquet")]
FIRST_GROUP = FILES[:2]


@pytest.fixture(scope="module")
def plan() -> ZooPlan:
    """One shard of three groups."""
    spec = ZooSpec(
        name="tiny",
        dataset="builtin:digits",
        architectures=(preset("digits_small"),),
        planting="share",
        levels=(Level(name="none", strength=0.9), Level(name="much", strength=0.01)),
        counts=Counts(train=40, validation=20, test=20),
        recipe=Recipe(steps=(3,), batch=(8,), samples=(40, 40)),
        seed=5,
    )
    return plan_zoo(spec, shards=1)


@pytest.fixture(scope="module")
def untouched(plan: ZooPlan, tmp_path_factory: pytest.TempPathFactory) -> ShardIndex:
    """The shard when nothing goes wrong."""
    return train_shard(plan, 0, str(tmp_path_factory.mktemp("untouched")))


@pytest.fixture
def root(s3, request: pytest.FixtureRequest) -> str:
    """A prefix of the test's own."""
    return f"s3://{s3.bucket}/{request.node.name}"


def command(plan: ZooPlan, root: str) -> list[str]:
    """The arguments that train the shard."""
    return ["zoo", "train", write_plan(plan, root=root), "--root", root, "--shard", "0"]


def assert_whole(plan: ZooPlan, root: str, untouched: ShardIndex) -> None:
    """What lies in S3, each file read, are the bytes of the shard that nothing happened to."""
    index = read_index(ShardIndex, shard_uri(plan, 0, root=root))
    for file in (*index.weights, *index.tables):
        read_file(index, file)
    assert (index.weights, index.tables) == (untouched.weights, untouched.tables)


def stored(proxy: FaultyProxy) -> Counter[str]:
    """How often each file of a group reached the server."""
    names = [one.split("?")[0].rsplit("/", 1)[-1] for one in proxy.forwarded if one.startswith("PUT")]
    return Counter(name for name in names if name in FILES)


@pytest.mark.parametrize(
    "fault",
    [cut, unanswered, torn, refused(503, "SlowDown"), refused(500, "InternalError"), slow(0.2)],
    ids=["cut", "unanswered", "torn", "slow down", "internal error", "slow"],
)
def test_short_trouble_is_waited_out_and_the_bytes_are_the_same(plan, untouched, root, faulty_s3, fault):
    for name in FIRST_GROUP:
        data = store.read_bytes(f"{untouched.uri}/{name}")
        store.write_bytes(f"{shard_uri(plan, 0, root=root)}/{name}", data)
    for method in ("HEAD", "GET", "PUT"):
        faulty_s3.inject(fault, method=method)
    train_shard(plan, 0, root)
    assert faulty_s3.broken == 3
    assert_whole(plan, root, untouched)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (cut, "S3 did not answer"),
        (refused(503, "SlowDown"), "S3 refused with 503 SlowDown"),
        (refused(400, "ExpiredToken"), "renew the credentials"),
        (refused(403, "InvalidAccessKeyId"), "S3 refused with 403 InvalidAccessKeyId"),
    ],
    ids=["no network", "storm", "expired", "revoked"],
)
def test_long_trouble_ends_a_shard_with_a_reason_and_its_retry_repeats_one_group(
    plan, untouched, root, faulty_s3, biasgate, fault, said
):
    faulty_s3.inject(fault, times=math.inf, method="PUT", path=FILES[2])
    interrupted = biasgate(*command(plan, root))
    assert interrupted.code == 6
    assert said in interrupted.err
    assert stored(faulty_s3) == Counter(FIRST_GROUP)

    faulty_s3.heal()
    assert biasgate(*command(plan, root)).code == 0
    assert stored(faulty_s3) == Counter(FILES)
    assert_whole(plan, root, untouched)


@pytest.mark.parametrize("last", [FILES[1], FILES[2]], ids=["while it trains", "between weights and table"])
def test_an_evicted_shard_goes_on_where_it_was(plan, untouched, root, faulty_s3, biasgate, last):
    def evict(exchange: Exchange) -> None:
        exchange.forward()
        evicted.send_signal(signal.SIGKILL)

    faulty_s3.inject(evict, method="PUT", path=last)
    program = str(Path(sys.executable).with_name("biasgate"))
    evicted = subprocess.Popen([program, *command(plan, root)], stderr=subprocess.DEVNULL)
    assert evicted.wait() == -signal.SIGKILL
    assert set(stored(faulty_s3)) == set(FILES[: FILES.index(last) + 1])

    assert biasgate(*command(plan, root)).code == 0
    assert stored(faulty_s3) == Counter(FILES) + Counter({last} - {*FIRST_GROUP})
    assert_whole(plan, root, untouched)
