"""What the shipped meta-classifier reads in weights before and after repair, beside the bias that is measured.

Candidates of the digit network that it knows are trained with 2 % conflicting colours and repaired; repair never sees
the scan. Networks are kept under build/repair_scan, for they depend on no reader: a second run, with another reader,
only scans. The table goes to benchmarks/report/repair.md, the scans to benchmarks/results/repair_scan.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from repair_results import markdown
from repair_tables import PAGE, filled
from safetensors.torch import load_file, save_file
from scipy.stats import t
from threadpoolctl import threadpool_limits

from biasgate.data.dataset import Dataset
from biasgate.data.palette import PAPER_PALETTE
from biasgate.data.planting import plant_share, twins
from biasgate.data.sources.digits import digits
from biasgate.data.splits import role
from biasgate.detection.reader.meta_classifier import bundled_meta_classifier
from biasgate.models.card import InputContract
from biasgate.models.network import Network, build, initialise
from biasgate.models.preprocess import preprocess
from biasgate.models.presets import preset
from biasgate.models.reading import read_weights
from biasgate.progress import track
from biasgate.repair.budget import Budget
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import read_data, validation_rows
from biasgate.repair.registry import read_method
from biasgate.repair.trials import accuracies, best_of
from biasgate.training.loop import train
from biasgate.training.recipe import TrainingRecipe

ROOT = Path(__file__).parents[1]
KEPT, RESULT = ROOT / "build" / "repair_scan", ROOT / "benchmarks" / "results" / "repair_scan.json"
SHARE = 0.02
CONTRACT = InputContract(shape=(3, 28, 28), layout="NCHW", scale=1 / 255)
HEAD: dict[str, tuple[str, int]] = {"unlearning": ("unlearning", 60)}
TRAINED: dict[str, tuple[str, int]] = {"combined": ("combined", 1), "full fine-tuning": ("fine_tuning", 1)}
"""Method and seconds by name. A budget of one second ends a method after the first setting of its grid, half a minute
each."""


def coloured(part: str, *, seed: int) -> Dataset:
    """Digits of a role that no model of the zoo has seen; the seed draws the colours."""
    rng = np.random.default_rng([seed, len(part)])
    if part == "candidate":
        return plant_share(role(digits(), part), palette=PAPER_PALETTE, conflicting=SHARE, rng=rng)
    return twins(role(digits(), part), palette=PAPER_PALETTE, rng=rng)  # pyright: ignore[reportArgumentType]


def candidate(seed: int) -> Network:
    """Trained as the zoo's models are."""
    data, generator = coloured("candidate", seed=seed), torch.Generator().manual_seed(seed)
    network = build(preset("digits_paper"))
    initialise(network, init="kaiming_uniform", generator=generator)
    samples = torch.from_numpy(preprocess(data.samples, CONTRACT))
    train(network, samples, torch.from_numpy(data.labels), recipe=TrainingRecipe(steps=300), generator=generator)
    return network.eval()


def repaired(original: Network, method: str, seconds: int, *, seed: int) -> Network:
    """What the method makes of it with 400 digits, each aligned and conflicting."""
    dataset = coloured("repair", seed=seed)
    classifier, data = PixelClassifier(original, CONTRACT), read_data(dataset, attribute="colour")
    validation = validation_rows(dataset, data, seed=seed)
    found = best_of(read_method(method), classifier, data, validation=validation, budget=Budget(seconds), seed=seed)
    return found.network.eval()


def kept(path: Path, make: Callable[[], Network]) -> Network:
    """The network in the file, made and put there first where it is missing."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(make().state_dict(), path.with_suffix(".part"))
        path.with_suffix(".part").rename(path)
    network = build(preset("digits_paper"))
    network.load_state_dict(load_file(path))
    return network.eval()


def entries(seed: int, methods: dict[str, tuple[str, int]]) -> list[dict[str, Any]]:
    """The candidate and its repairs: measured, then scanned."""
    network = kept(KEPT / f"{seed}-original.safetensors", partial(candidate, seed))
    makers = {name: partial(repaired, network, *method, seed=seed) for name, method in methods.items()}
    found = [entry("original", network, seed=seed)]
    return found + [
        entry(name, kept(KEPT / f"{seed}-{name.replace(' ', '-')}.safetensors", make), seed=seed)
        for name, make in makers.items()
    ]


def entry(name: str, network: Network, *, seed: int) -> dict[str, Any]:
    """One model; bias is accuracy on aligned minus conflicting test digits, as the meta-classifier predicts it."""
    aligned, conflicting = accuracies(
        PixelClassifier(network, CONTRACT), read_data(coloured("gate", seed=seed), attribute="colour")
    )
    scan = reader().scan(read_weights(KEPT / f"{seed}-{name.replace(' ', '-')}.safetensors"))
    measured = {"aligned": aligned, "conflicting": conflicting, "bias": aligned - conflicting}
    return {"method": name, "seed": seed, **measured, "scan": scan.model_dump(mode="json", by_alias=True)}


@cache
def reader() -> Any:
    """The shipped meta-classifier."""
    return bundled_meta_classifier()


def row(name: str, found: list[dict[str, Any]]) -> list[str]:
    """Of one method."""
    read = [entry for entry in found if not entry["scan"]["abstained"]]
    levels = Counter(entry["scan"]["level"] for entry in read)
    biases = [entry["scan"]["measured_bias"] for entry in read]
    inside = sum(b["low"] <= entry["bias"] <= b["high"] for entry, b in zip(read, biases, strict=True))
    strong = [sum(entry["scan"]["probabilities"].get(level, 0) for level in ("high", "very_high")) for entry in read]
    return [
        name,
        str(len(found)),
        interval([entry["bias"] for entry in found]),
        str(len(found) - len(read)),
        ", ".join(f"{level} {count}" for level, count in levels.most_common()) or "–",
        interval(strong),
        interval([bias["value"] for bias in biases]),
        f"{inside} of {len(read)}" if read else "–",
    ]


def interval(values: Sequence[float]) -> str:
    """Mean and 95 % t interval."""
    if len(values) < 2:
        return f"{values[0]:.2f}" if values else "–"
    half = t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return f"{np.mean(values):.2f} ± {half:.2f}"


def table(found: list[dict[str, Any]]) -> str:
    """A row a method."""
    header = [
        "network", "n", "bias measured", "abstained", "level read", "probability of high or very high", "bias read",
        "its interval holds the measured",
    ]  # fmt: skip
    names = ("original", *HEAD, *TRAINED)
    rows = [row(name, [entry for entry in found if entry["method"] == name]) for name in names]
    return markdown([header, *rows])


def main() -> None:
    """Makes what is missing, scans all, writes result and table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=10)
    parser.add_argument("--trained", type=int, default=3, help="of them, how many have the whole network repaired too")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    threadpool_limits(1)
    seeds = track(range(options.candidates), "candidates", total=options.candidates, unit="candidates")
    found = [entry for seed in seeds for entry in entries(seed, HEAD | (TRAINED if seed < options.trained else {}))]
    document = {
        "command": f"python benchmarks/repair_scan.py --candidates {options.candidates} --trained {options.trained}",
        "on": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, shared",
        "meta_classifier": reader().digest,
        "models": found,
    }
    RESULT.write_text(json.dumps(document, indent=1) + "\n")
    said = f"*`{document['command']}`, {document['on']}, {document['machine']}.*"
    PAGE.write_text(filled(PAGE.read_text(), "scan", f"{table(found)}\n\n{said}"))


if __name__ == "__main__":
    main()
