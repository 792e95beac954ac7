"""What a zoo costs a model: seconds of one core to train and to featurize, bytes to keep: python benchmarks/scale.py

CPU time is taken, not wall time, so that what else runs on the machine does not count. Writes results/scale.json and
prints what docs/scale.md makes of it for 84,000 models.
"""

import json
import platform
import resource
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from biasgate.weights.table import feature_table
from biasgate.zoo.files import read_spec
from biasgate.zoo.plan import plan_zoo
from biasgate.zoo.shard import train_shard
from biasgate.zoo.spec import Counts

MODELS = 96
PAPER_ZOO = 84_000
RESULT = Path(__file__).with_name("results") / "scale.json"


def measure() -> dict:
    """Trains and featurizes one shard of the demo's zoo with one thread."""
    spec = read_spec("digits_demo")
    spec = spec.model_copy(update={"counts": Counts(train=MODELS // 2, validation=MODELS // 4, test=MODELS // 4)})
    plan = plan_zoo(spec, shards=1)
    with TemporaryDirectory() as root:
        start = time.process_time()
        index = train_shard(plan, 0, root)
        trained = time.process_time()
        table = feature_table(index)
        featurized = time.process_time()
        parquet = Path(root) / "features.parquet"
        table.to_parquet(parquet)
        kept = sum(path.stat().st_size for path in Path(root).rglob("group-*"))
        features = parquet.stat().st_size
    return {
        "zoo": spec.name,
        "architecture": spec.architectures[0].name,
        "models": MODELS,
        "train_seconds": round((trained - start) / MODELS, 4),
        "featurize_seconds": round((featurized - trained) / MODELS, 4),
        "bytes_kept": round(kept / MODELS),
        "bytes_features": round(features / MODELS),
        "peak_megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "machine": cpu(),
        "on": f"{datetime.now(UTC):%Y-%m-%d}",
    }


def cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if platform.system() == "Linux" else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def at_scale(measured: dict, *, shards: int) -> dict:
    """The same for 84,000 models, by proportion."""
    hours = PAPER_ZOO * (measured["train_seconds"] + measured["featurize_seconds"]) / 3600
    return {
        "shards": shards,
        "models_a_shard": round(PAPER_ZOO / shards),
        "core_hours": round(hours, 1),
        "minutes_with_a_core_a_shard": round(60 * hours / shards, 1),
        "gigabytes_kept": round(PAPER_ZOO * measured["bytes_kept"] / 1e9, 1),
        "megabytes_of_features": round(PAPER_ZOO * measured["bytes_features"] / 1e6),
    }


if __name__ == "__main__":
    measured = measure()
    RESULT.write_text(json.dumps(measured, indent=2) + "\n")
    print(
        json.dumps({"measured": measured, "84,000 models": [at_scale(measured, shards=n) for n in (64, 128)]}, indent=2)
    )
