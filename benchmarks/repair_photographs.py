"""What `biasgate repair` takes as a user types it: a ResNet-18 as an ONNX file, and faces of 112 pixels in a folder.

    python benchmarks/repair_photographs.py            # writes results/repair_photographs.json
    python benchmarks/repair_photographs.py --quick    # a tenth of the persons, nothing is written

Faces are drawn, each person once with either hair; in training hair nearly gives gender away. Convolutions keep their
random weights and the last layer is fitted to the biased faces: what a repair of it takes does not depend on how the
convolutions were trained, what it reaches does. Seconds are of the whole command, the start of Python included.
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
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml
from PIL import Image
from repair_results import markdown
from repair_tables import filled
from repair_wide import packed
from repair_wide_tables import PAGE
from repair_wide_world import Wide, features_of, new_network
from repair_worlds import face_pairs

from biasgate.data.dataset import Dataset
from biasgate.models.package import CandidatePackage, open_package
from biasgate.models.sandbox.runner import run
from biasgate.repair.heads.linear import Samples
from biasgate.repair.heads.refit import refit

RESULT = Path(__file__).parent / "results" / "repair_photographs.json"
SIDE, PEOPLE, HAIR = 112, 200, ("blond", "black")
CONFLICTING, DAMPING = 0.02, 0.001


def people(count: int, *, seed: int) -> Dataset:
    """So many persons, each with the hair that goes with their gender and with the other."""
    return face_pairs(count, "hair", HAIR, seed=[seed, 0], side=SIDE)


def biased(count: int) -> Wide:
    """Random convolutions, and a head that learned gender where hair nearly gives it away."""
    network, faces = new_network(0, classes=2).eval(), people(count, seed=0)
    worn = np.random.default_rng(0).random(count) < CONFLICTING
    seen = faces.take(np.arange(count) + count * worn)
    head = refit(Samples(features_of(network, seen), seen.labels), classes=2, damping=DAMPING)
    layer = network.network.classifier[-1]
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(head.weight))
        layer.bias.copy_(torch.from_numpy(head.bias))
    return network


def written(faces: Dataset, folder: Path) -> Path:
    """PNG files, a table and the data source that says what its columns are."""
    images = folder / "faces"
    images.mkdir()
    for place, pixels in enumerate(faces.array):
        Image.fromarray(pixels).save(images / f"{place}.png", compress_level=1)
    table = pd.DataFrame({"file": [f"{place}.png" for place in range(len(faces))], "hair": faces.attribute("hair")})
    table["gender"], table["person"] = np.array(faces.classes)[faces.labels], faces.clusters
    table.to_csv(folder / "faces.csv", index=False)
    held = {"kind": "folder", "folder": str(images), "table": {"uri": str(folder / "faces.csv")}, "label": "gender"}
    held |= {"classes": list(faces.classes), "attributes": ["hair"], "cluster": "person", "size": [SIDE, SIDE]}
    source = folder / "faces.yaml"
    source.write_text(yaml.safe_dump({"schema": "biasgate/data-source/v1", "name": "faces", "data": held}))
    return source


def accuracies(package: CandidatePackage, faces: Dataset) -> dict[str, float]:
    """On faces with the hair that goes with their gender, and with the other."""
    right = run(package, faces.samples).logits.argmax(axis=1) == faces.labels
    first, second = (round(float(part.mean()), 3) for part in np.split(right, 2))
    return {"aligned": first, "conflicting": second}


def timed(folder: Path, source: Path) -> dict[str, Any]:
    """The command in its own process: what it said, seconds, memory, and how often it told its progress."""
    given = ["repair", str(folder / "package"), "--data", str(source), "--into", str(folder / "repaired")]
    given += ["--report", str(folder / "repair.html")]
    command = [str(Path(sys.executable).parent / "biasgate"), *given]
    environment, before = {**os.environ, "BIASGATE_EVENTS": str(folder / "events")}, used()
    started = time.perf_counter()
    said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    wall, cpu = time.perf_counter() - started, used() - before
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    told = (folder / "events").read_text().splitlines() if (folder / "events").exists() else []
    size = (folder / "repair.html").stat().st_size
    measured = {"cpu_s": round(cpu, 1), "wall_s": round(wall, 1), "peak_mb": round(peak), "page_kb": round(size / 1024)}
    return {"said": said.splitlines()[:4], **measured, "progress_told": len(told)}


def used() -> float:
    """Processor seconds of the processes that ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the persons, nothing is written")
    options = parser.parse_args()
    count, load = PEOPLE // (10 if options.quick else 1), os.getloadavg()[0]
    torch.set_num_threads(1)
    with TemporaryDirectory() as name:
        folder, test = Path(name), people(count, seed=2)
        before = packed(biased(count), folder, classes=test.classes, side=SIDE)
        source = written(people(count, seed=1), folder)
        took = timed(folder, source)
        reached = {"before": accuracies(before, test), "after": accuracies(open_package(folder / "repaired"), test)}
    found = {
        "command": f"python benchmarks/repair_photographs.py{' --quick' if options.quick else ''}",
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, load average {load:.1f} at the start",
        "images": 2 * count,
        "side": SIDE,
        **took,
        **reached,
    }
    if not options.quick:
        RESULT.write_text(json.dumps(found, indent=1) + "\n")
        PAGE.write_text(filled(PAGE.read_text(), "photographs", told(found)))
    print(json.dumps(found, indent=1))


def told(found: dict[str, Any]) -> str:
    """The result as a table."""
    lines = [["images", "processor seconds", "peak memory", "events of progress", "page", "aligned", "conflicting"]]
    sides = [f"{found['before'][side]:.2f} to {found['after'][side]:.2f}" for side in ("aligned", "conflicting")]
    took = [str(found["cpu_s"]), f"{found['peak_mb']} MiB", str(found["progress_told"]), f"{found['page_kb']} kB"]
    return f"{markdown([*lines, [str(found['images']), *took, *sides]])}\n\n*{found['machine']}, {found['date']}.*"


if __name__ == "__main__":
    main()
