"""What a zoo costs, by size: to train, to stream a full shard's features from S3, to fan 128 tables in.

Each part is a process of its own, so that its peak memory is its own. CPU time is taken where a figure scales with
models, so that what else runs on the machine does not count. Run: ``python benchmarks/scale.py``; writes
results/scale.json, and report/scale.md says what follows.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import HTTPError
from urllib.request import urlopen

import numpy as np
import pandas as pd

from biasgate.detection.features.table import feature_table
from biasgate.detection.zoo.engine import initial_network, parameters_of
from biasgate.detection.zoo.index import ShardIndex, ZooFile
from biasgate.detection.zoo.plan import plan_zoo
from biasgate.detection.zoo.shard import GROUP, train_shard
from biasgate.detection.zoo.spec import Counts, ZooSpec, read_spec
from biasgate.documents import sha256
from biasgate.models.network import build, initialise
from biasgate.storage import store
from biasgate.storage.plans import shard_uri
from biasgate.storage.shards import finish, read_index
from biasgate.training.versions import versions

MODELS = 96
PAPER_ZOO, SHARDS = 84_000, 128
SIZES = (100, 300, 1000)
STEPS = 20
RESULT = Path(__file__).with_name("results") / "scale.json"


def sized(spec: ZooSpec, models: int, **recipe: object) -> ZooSpec:
    """The same zoo with so many models, half of them for training."""
    counts = Counts(train=models - 2 * (models // 4), validation=models // 4, test=models // 4)
    return spec.model_copy(update={"counts": counts, "recipe": spec.recipe.model_copy(update=recipe)})


def one_model() -> dict[str, object]:
    """Trains and featurizes one shard of the demo's zoo with one thread."""
    spec = sized(read_spec("digits_demo"), MODELS)
    with TemporaryDirectory() as root:
        start = time.process_time()
        index = train_shard(plan_zoo(spec, shards=1), 0, root)
        trained = time.process_time()
        table = feature_table(index)
        featurized = time.process_time()
        parquet = Path(root) / "features.parquet"
        table.to_parquet(parquet)
        kept = sum(path.stat().st_size for path in Path(root).rglob("group-*"))
        return {
            "zoo": spec.name,
            "architecture": spec.architectures[0].name,
            "models": MODELS,
            "train_seconds": round((trained - start) / MODELS, 4),
            "featurize_seconds": round((featurized - trained) / MODELS, 4),
            "bytes_kept": round(kept / MODELS),
            "bytes_features": round(parquet.stat().st_size / MODELS),
        }


def flat() -> dict[str, object]:
    """Seconds of a core to train a model, in zoos of 100 to 1,000, each one shard; few steps, to show overhead."""
    spec, found = read_spec("digits_demo"), {}
    for models in SIZES:
        with TemporaryDirectory() as root:
            start = time.process_time()
            train_shard(plan_zoo(sized(spec, models, steps=(STEPS,)), shards=1), 0, root)
            found[models] = round((time.process_time() - start) / models, 4)
    return {"steps": STEPS, "train_seconds_a_model": found}


def s3_shard() -> dict[str, object]:
    """Features of one full shard of 84,000 models of 49,562 parameters, streamed from a real S3 server.

    The weights are random: what they say does not change what reading them takes.
    """
    plan = plan_zoo(sized(read_spec("digits_reader"), PAPER_ZOO), shards=SHARDS)
    with TemporaryDirectory() as folder, s3_server(Path(folder)) as bucket:
        child = subprocess.run(
            [sys.executable, __file__, "--part", "write_shard", "--root", bucket], check=True, stdout=subprocess.PIPE
        )
        uri, size = json.loads(child.stdout).values()
        before = peak_megabytes()
        start, cpu = time.perf_counter(), time.process_time()
        table = feature_table(read_index(ShardIndex, uri))
        return {
            "models": len(table),
            "parameters": 49_562,
            "megabytes_on_s3": round(size / 1e6, 1),
            "seconds": round(time.perf_counter() - start, 1),
            "cpu_seconds_a_model": round((time.process_time() - cpu) / len(table), 4),
            "peak_megabytes_before": before,
            "planned_models": len(plan.models),
        }


def write_shard(root: str) -> dict[str, object]:
    """Publishes shard 0 of the paper's zoo as ``train_shard`` would, with initial weights instead of trained ones."""
    from safetensors.numpy import save

    plan = plan_zoo(sized(read_spec("digits_reader"), PAPER_ZOO), shards=SHARDS)
    uri, name = shard_uri(plan, 0, root=root), plan.spec.architectures[0].name
    models = [model for model in plan.models if model.shard == 0]
    files: list[tuple[ZooFile, ZooFile]] = []
    for number, start in enumerate(range(0, len(models), GROUP["cpu"])):
        group = models[start : start + GROUP["cpu"]]
        states = [parameters_of(initial_network(model, plan.spec)) for model in group]
        stacks = {f"{name}/{part}": np.stack([state[part] for state in states]) for part in states[0]}
        rows = pd.DataFrame([{"id": model.id, "architecture": name, "split": model.split} for model in group])
        pair = []
        for suffix, content in (("safetensors", save(stacks)), ("parquet", rows.to_parquet(index=False))):
            file = ZooFile(name=f"group-{number:04}.{suffix}", sha256=sha256(content), models=len(group))
            store.write_bytes(store.join(uri, file.name), content)
            pair.append((file, len(content)))
        files.append(tuple(pair))
    index = ShardIndex(
        plan=plan, shard=0, uri=uri, models=len(models), weights=tuple(w for (w, _), _ in files),
        tables=tuple(t for _, (t, _) in files), versions=versions(threads=1),
    )  # fmt: skip
    finish(index)
    return {"uri": uri, "bytes": sum(size for pair in files for _, size in pair)}


def fan_in() -> dict[str, object]:
    """128 feature tables of real width and length into one meta-classifier: what the one task that joins them takes."""
    import torch

    from biasgate.detection.features.invariant import invariant_features
    from biasgate.detection.features.layout import layout
    from biasgate.detection.features.table import INITIAL, RAW, RAW_DIMENSIONS
    from biasgate.detection.reader.fit import fit_meta_classifier
    from biasgate.models.named_tensors import layers_of
    from biasgate.models.weights import Weights

    plan = plan_zoo(sized(read_spec("digits_reader"), PAPER_ZOO), shards=SHARDS)
    spec, rng = plan.spec, np.random.default_rng(0)
    network = build(spec.architectures[0])
    initialise(network, init="kaiming_uniform", generator=torch.Generator().manual_seed(0))
    weights = Weights(layers_of(parameters_of(network), where="one"), digest="")
    names, shape = list(invariant_features(weights)), layout(weights)
    with TemporaryDirectory() as folder:
        for shard in range(SHARDS):
            models = [model for model in plan.models if model.shard == shard]
            columns = [*names, *(INITIAL + n for n in names), *(f"{RAW}{n}" for n in range(RAW_DIMENSIONS))]
            values = pd.DataFrame(rng.standard_normal((len(models), len(columns))), columns=columns)
            lines = pd.DataFrame([{"split": m.split, "level": m.level, "strength": m.strength} for m in models])
            bias = {"layout": shape, "measured_bias": rng.random(len(models))}
            pd.concat([lines, values.assign(**bias)], axis=1).to_parquet(Path(folder, f"{shard:04}.parquet"))
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        before = peak_megabytes()
        start = time.perf_counter()
        table = pd.concat([pd.read_parquet(path) for path in sorted(Path(folder).iterdir())], ignore_index=True)
        read = time.perf_counter()
        fit_meta_classifier(table, spec=spec)
        return {
            "tables": SHARDS, "models": len(table), "columns": table.shape[1], "megabytes": round(size / 1e6),
            "read_seconds": round(read - start, 1), "fit_seconds": round(time.perf_counter() - read, 1),
            "peak_megabytes_before": before,
        }  # fmt: skip


@contextmanager
def s3_server(folder: Path) -> Iterator[str]:
    """A SeaweedFS server on this machine with one bucket; boto3's environment points at it."""
    import boto3

    ports = [free_port() for _ in range(8)]
    names = [f"{part}.port{grpc}" for part in ("master", "volume", "filer", "s3") for grpc in ("", ".grpc")]
    command = [
        str(Path(sys.executable).with_name("weed")), "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        "-volume.max=20", "-master.volumeSizeLimitMB=256", "-master.telemetry=false", "-filer", "-s3",
        "-s3.port.iceberg=0", "-s3.port.lance=0", *(f"-{n}={p}" for n, p in zip(names, ports, strict=True)),
    ]  # fmt: skip
    endpoint = f"http://127.0.0.1:{ports[6]}"
    os.environ |= {
        "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            answers(endpoint, seconds=60)
            boto3.client("s3").create_bucket(Bucket="scale")
            yield "s3://scale/zoo"
        finally:
            server.terminate()
            server.wait()


def answers(endpoint: str, *, seconds: float) -> None:
    """Waits until the server speaks HTTP."""
    until = time.monotonic() + seconds
    while True:
        try:
            urlopen(endpoint, timeout=5).close()
            return
        except HTTPError:
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as each:
        each.bind(("127.0.0.1", 0))
        return each.getsockname()[1]


def peak_megabytes() -> int:
    """Peak memory of this process so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def cpu() -> str:
    """The processor's name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if platform.system() == "Linux" else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


PARTS: dict[str, Callable[[], dict[str, object]]] = {
    "one_model": one_model, "flat": flat, "s3_shard": s3_shard, "fan_in": fan_in,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=[*PARTS, "write_shard"])
    parser.add_argument("--root", default="")
    options = parser.parse_args()
    if options.part == "write_shard":
        print(json.dumps(write_shard(options.root)))
        return
    if options.part:
        found = PARTS[options.part]()
        print(json.dumps({**found, "peak_megabytes": peak_megabytes()}))
        return
    result: dict[str, object] = {"command": "python benchmarks/scale.py", "machine": cpu()}
    for part in PARTS:
        child = subprocess.run([sys.executable, __file__, "--part", part], check=True, stdout=subprocess.PIPE)
        result[part] = json.loads(child.stdout)
        print(part, result[part], flush=True)
    RESULT.write_text(json.dumps({**result, "date": f"{datetime.now(UTC):%Y-%m-%d}"}, indent=2) + "\n")


if __name__ == "__main__":
    main()
