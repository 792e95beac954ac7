"""What it takes to judge a model of photographs: JPEG files of 224 pixels through a ResNet, by `biasgate evaluate`.

    python benchmarks/photographs.py            # writes benchmarks/results/photographs.json
    python benchmarks/photographs.py --quick    # a tenth of the photographs, nothing is written
    python benchmarks/photographs.py --device cuda --count 20000 --network resnet50    # not yet run: under five minutes

Photographs are drawn and weights are random: neither changes what running takes. All pictures stay in their files, as
those of a set of over 512 MiB of pixels do. Processor time and peak memory are of biasgate and of the model's process
apart; of 50,000 photographs they are extrapolated from those that were run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

NETWORKS = {
    "resnet18": {"layer_type": "basic", "hidden_sizes": [64, 128, 256, 512], "depths": [2, 2, 2, 2]},
    "resnet50": {},
}
COUNTS = {"resnet18": 2_000, "resnet50": 200}
SIDE, MANY = 224, 50_000
POLICY = """
name: photographs
evaluation: {metrics: [accuracy], attributes: [place]}
weight_scan: {flag_levels: [high], on_flag: ignore, on_abstain: ignore}
rules: [{id: gap, kind: gap, attribute: place, max: 0.05}]
looks: 1
"""


def write_photographs(folder: Path, count: int) -> None:
    """So many JPEG files of smooth noise, a table, a data source and a policy."""
    from PIL import Image

    rng = np.random.default_rng(0)
    (folder / "images").mkdir()
    for place in range(count):
        small = Image.fromarray(rng.integers(0, 256, (28, 28, 3), dtype=np.uint8))
        small.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(folder / "images" / f"{place}.jpg", quality=85)
    rows = [
        f"{place}.jpg,{'cat' if place % 2 else 'dog'},{'north' if place % 3 else 'south'}" for place in range(count)
    ]
    (folder / "table.csv").write_text("\n".join(["file,kind,place", *rows]))
    kept = f"label: kind, classes: [cat, dog], attributes: [place], size: [{SIDE}, {SIDE}]"
    where = f"folder: {folder}/images, table: {{uri: {folder}/table.csv}}"
    (folder / "data.yaml").write_text(f"name: photographs\ndata: {{kind: folder, {where}, {kept}}}\n")
    (folder / "policy.yaml").write_text(POLICY)


def write_model(folder: Path, network: str) -> None:
    """A network with random weights as a candidate."""
    import torch
    from transformers import ResNetConfig, ResNetForImageClassification

    class Logits(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = ResNetForImageClassification(ResNetConfig(num_labels=2, **NETWORKS[network]))

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return self.network(pixels).logits

    torch.manual_seed(0)
    (folder / "model").mkdir()
    graph, names = folder / "model" / "model.onnx", {"input_names": ["pixels"], "output_names": ["logits"]}
    axes = {"pixels": {0: "batch"}, "logits": {0: "batch"}}
    torch.onnx.export(
        Logits().eval(), (torch.zeros(2, 3, SIDE, SIDE),), graph, dynamo=False, dynamic_axes=axes, **names
    )
    contract = {"shape": [3, SIDE, SIDE], "layout": "NCHW", "scale": 1 / 255, "mean": [0.5], "std": [0.25]}
    card = {"name": "photographs", "classes": ["cat", "dog"], "input": contract}
    (folder / "model" / "card.json").write_text(json.dumps({**card, "training_data": "unknown", "submitter": "a"}))


def judge(folder: Path, device: str) -> None:
    """Runs the command in this process, and tells what it took."""
    from biasgate.cli.app import app
    from biasgate.data import stored

    stored.KEPT = 0
    given = ["evaluate", str(folder / "model"), "--data", str(folder / "data.yaml")]
    limits = ["--seconds", "3600", "--device", device]
    started = time.perf_counter()
    app([*given, "--policy", str(folder / "policy.yaml"), *limits, "--json"], standalone_mode=False)
    own, model = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    told = {
        name: {"cpu_s": round(used.ru_utime + used.ru_stime, 1), "peak_mb": round(used.ru_maxrss / 1024)}
        for name, used in (("biasgate", own), ("model", model))
    }
    (folder / "took.json").write_text(json.dumps({"wall_s": round(time.perf_counter() - started, 1), **told}))


def measured(network: str, count: int, device: str) -> dict[str, object]:
    """One network, in a fresh process."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_photographs(folder, count)
        write_model(folder, network)
        environment = {**os.environ, "BIASGATE_EVENTS": str(folder / "events")}
        command = [sys.executable, __file__, "--judge", name, "--device", device]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        found = json.loads((folder / "took.json").read_text())
        told = sum(1 for line in (folder / "events").read_text().splitlines() if '"running photographs"' in line)
    cpu = found["biasgate"]["cpu_s"] + found["model"]["cpu_s"]
    each = {"photographs": count, "cpu_s_each": round(cpu / count, 4), "per_wall_s": round(count / found["wall_s"], 1)}
    return {
        **each,
        **found,
        "progress_told": told,
        "extrapolated_cpu_hours_of_50000": round(MANY * cpu / count / 3600, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the photographs")
    parser.add_argument("--json", action="store_true", help="print one JSON object of headline figures last")
    parser.add_argument("--network", choices=list(NETWORKS), help="this one alone")
    parser.add_argument("--count", type=int, help="so many photographs")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--judge", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "photographs.json")
    options = parser.parse_args()
    if options.judge:
        judge(options.judge, options.device)
        return
    load, share = os.getloadavg()[0], 10 if options.quick else 1
    networks = [options.network] if options.network else list(NETWORKS)
    cases = {name: measured(name, options.count or COUNTS[name] // share, options.device) for name in networks}
    found = {
        "command": f"python benchmarks/photographs.py{' --quick' if options.quick else ''}",
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, load average {load:.1f} at the start",
        "device": options.device,
        "cases": cases,
    }
    if not (options.quick or options.count or options.network):
        options.out.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    if options.json:
        print(json.dumps({f"{name}_cpu_s_each": case["cpu_s_each"] for name, case in cases.items()}))


if __name__ == "__main__":
    main()
