"""How fast ``biasgate scan`` reads: digit models a second, and a file of the size of a ResNet-50 in time and memory.

Each run is a process of its own, as a user starts it. Models a second are those after start-up: the difference between
a folder of many and a folder of one. Run: ``python benchmarks/scan_speed.py``; writes results/scan_speed.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from safetensors.numpy import save_file

from biasgate.models.export import export_onnx
from biasgate.models.network import build, initialise
from biasgate.models.presets import preset

RESULT = Path(__file__).with_name("results") / "scan_speed.json"
SCAN = [str(Path(sys.executable).with_name("biasgate")), "scan", "--json"]
GOALS = {"models_a_second": 50, "seconds": 3.0, "memory_in_sizes": 2.0}
FORMATS = ("onnx", "safetensors", "pt")


def resnet50() -> dict[str, tuple[int, ...]]:
    """Weight shapes of a ResNet-50 whose batch normalisation is folded: 25.5 million values, 102 MB."""
    shapes: dict[str, tuple[int, ...]] = {"conv1": (64, 3, 7, 7)}
    inputs = 64
    for stage, (blocks, width) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512)), start=1):
        for block in range(blocks):
            name = f"layer{stage}.{block}"
            shapes[f"{name}.conv1"] = (width, inputs, 1, 1)
            shapes[f"{name}.conv2"] = (width, width, 3, 3)
            shapes[f"{name}.conv3"] = (4 * width, width, 1, 1)
            if block == 0:
                shapes[f"{name}.downsample"] = (4 * width, inputs, 1, 1)
            inputs = 4 * width
    return {**shapes, "fc": (1000, 2048)}


def large_files(folder: Path) -> dict[str, Path]:
    """The same large network as safetensors and as ONNX (its layers in a row: nothing is run)."""
    rng = np.random.default_rng(0)
    tensors = {f"{name}.weight": rng.standard_normal(shape, dtype=np.float32) for name, shape in resnet50().items()}
    paths = {"safetensors": folder / "resnet50.safetensors", "onnx": folder / "resnet50.onnx"}
    save_file(tensors, paths["safetensors"])
    nodes, value = [], "input"
    for name, array in tensors.items():
        operator = "Conv" if array.ndim == 4 else "Gemm"
        nodes.append(helper.make_node(operator, [value, name], [f"{name}.out"], name=name))
        value = f"{name}.out"
    ends = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, None) for n in ("input", value)]
    graph = helper.make_graph(
        nodes, "large", ends[:1], ends[1:], [numpy_helper.from_array(array, name) for name, array in tensors.items()]
    )
    paths["onnx"].write_bytes(helper.make_model(graph).SerializeToString())
    return paths


def digit_models(folder: Path, *, count: int) -> dict[str, Path]:
    """A folder a format, each with the same networks."""
    architecture = preset("digits_paper")
    folders = {kind: folder / kind for kind in FORMATS}
    for path in folders.values():
        path.mkdir()
    for place in range(count):
        network, name = build(architecture), f"m{place:04}"
        initialise(network, init="kaiming_uniform", generator=torch.Generator().manual_seed(place))
        export_onnx(network, path=folders["onnx"] / f"{name}.onnx")
        state = network.state_dict()
        save_file({key: value.numpy() for key, value in state.items()}, folders["safetensors"] / f"{name}.safetensors")
        torch.save(state, folders["pt"] / f"{name}.pt")
    return folders


LAUNCH = """
import os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=sys.stderr)
_, _, used = os.wait4(process.pid, 0)
print(time.perf_counter() - start, used.ru_maxrss * 1024)
"""
"""A child's peak memory begins with its parent's, so a small process starts and measures each scan."""


def scanned(path: Path) -> tuple[float, int, object]:
    """Seconds, bytes of peak memory, and what was printed."""
    ended = subprocess.run([sys.executable, "-c", LAUNCH, *SCAN, str(path)], capture_output=True, text=True, check=True)
    seconds, memory = ended.stdout.split()
    return float(seconds), int(memory), json.loads(ended.stderr)


def measure(*, models: int, repeats: int) -> dict[str, object]:
    """All figures; repetitions take turns over the formats."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        folders, large = digit_models(folder, count=models), large_files(folder)
        ones = {}
        for kind, many in folders.items():
            ones[kind] = folder / f"one-{kind}"
            ones[kind].mkdir()
            shutil.copy(many / f"m0000.{kind}", ones[kind])
        starts: dict[str, list[float]] = {kind: [] for kind in FORMATS}
        rates: dict[str, list[float]] = {kind: [] for kind in FORMATS}
        seconds: dict[str, list[float]] = {kind: [] for kind in large}
        sizes: dict[str, list[float]] = {kind: [] for kind in large}
        for _ in range(repeats):
            for kind in FORMATS:
                one, many = scanned(ones[kind])[0], scanned(folders[kind])[0]
                starts[kind].append(one)
                rates[kind].append((models - 1) / (many - one))
            for kind, path in large.items():
                taken, memory, entry = scanned(path)
                assert entry["abstained"], entry
                seconds[kind].append(taken)
                sizes[kind].append(memory / path.stat().st_size)
        return {
            "models": models,
            "repeats": repeats,
            "large_file_megabytes": round(large["onnx"].stat().st_size / 1e6, 1),
            "start_up_with_one_model_s": {kind: figure(values) for kind, values in starts.items()},
            "models_a_second": {kind: figure(values) for kind, values in rates.items()},
            "large_file_s": {kind: figure(values) for kind, values in seconds.items()},
            "large_file_peak_memory_in_sizes": {kind: figure(values) for kind, values in sizes.items()},
            "goals": GOALS,
        }


def figure(values: list[float]) -> dict[str, float]:
    """Median with range: too few repetitions for an interval."""
    names = {"median": statistics.median, "low": min, "high": max}
    return {name: round(summary(values), 3) for name, summary in names.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    load = [round(os.getloadavg()[0], 1)]
    found = measure(models=options.models, repeats=options.repeats)
    machine = f"{torch.cpu.get_capabilities()['cpu_name']}, {os.cpu_count()} cores, {platform.machine()}"
    result = {
        "command": f"python benchmarks/scan_speed.py --models {options.models} --repeats {options.repeats}",
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine,
        "load_before_and_after": [*load, round(os.getloadavg()[0], 1)],
        **found,
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
