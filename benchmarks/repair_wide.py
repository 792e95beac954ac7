"""Unlearning at the scale that its claim is about: a network of ResNet-18's width that trains for minutes; see --help.

Results are JSON lines, one an arm and seed, appended as they come; a run goes on where the last one stopped. Tables go
to report/repair_at_scale.md.
"""

from __future__ import annotations

import argparse
import json
import resource
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
import torch
from repair_wide_rivals import entangling, learning_from_failure, mask_tuned
from repair_wide_tables import write_tables
from repair_wide_world import WIDE, Wide, WideWorld, features_of, new_network, plainly_trained, tensors, wide_world
from threadpoolctl import threadpool_limits

from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.package import CandidatePackage, pack
from biasgate.progress import track
from biasgate.repair.budget import Budget
from biasgate.repair.data import read_data, validation_rows
from biasgate.repair.heads.bias import Pairs, read_bias
from biasgate.repair.heads.last_layer import head_of
from biasgate.repair.heads.linear import LinearHead, Samples
from biasgate.repair.method import Need
from biasgate.repair.registry import read_method
from biasgate.repair.subject import Subject, open_subject
from biasgate.repair.trials import best_of

RESULTS = Path(__file__).parent / "results" / "repair-wide.jsonl"
FASHION = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's dataset-fashion-mnist lies."""
HEADS = {"**unlearning**": "unlearning", "head refit": "head_refit", "AFR": "afr", "DFR": "dfr"}
TRAINED = ("MaskTune", "EnD", "LfF")
PLENTY = 3600
Row = dict[str, Any]
T = TypeVar("T")


def seconds_used() -> float:
    """Processor time of this process and of those it waited for, as the sandbox's are."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What it gives and the processor seconds that it takes."""
    begun = seconds_used()
    return work(), seconds_used() - begun


def candidate_of(world: WideWorld, *, seed: int, kept: Path) -> tuple[Wide, float]:
    """The trained network and its seconds, from the file that an earlier run kept if there is one."""
    network = new_network(seed)
    if not kept.exists():
        trained, seconds = timed(partial(plainly_trained, *tensors(world.training), seed=seed))
        torch.save({"network": trained.state_dict(), "seconds": seconds}, kept)
    found = torch.load(kept)
    network.load_state_dict(found["network"])
    return network.eval(), found["seconds"]


def packed(network: Wide, folder: Path, *, classes: tuple[str, ...], side: int) -> CandidatePackage:
    """As a user has it: an ONNX file and a card without an architecture."""
    contract = InputContract(shape=(3, side, side), layout="NCHW", scale=1 / 255)
    card = CandidateCard(name="wide", classes=classes, input=contract, training_data="planted", submitter="benchmark")
    graph, axes = folder / "wide.onnx", {"pixels": {0: "batch"}, "logits": {0: "batch"}}
    names = {"input_names": ["pixels"], "output_names": ["logits"], "dynamic_axes": axes}
    torch.onnx.export(network, (torch.zeros(2, 3, side, side),), graph, dynamo=False, **names)
    return pack(graph, card, folder / "package")


def opened(network: Wide, world: WideWorld) -> Subject:
    """The candidate's head with the features of all repair images cached: the one pass through the network."""
    with TemporaryDirectory() as folder:
        package = packed(network, Path(folder), classes=world.repair.classes, side=28)
        return open_subject(package, world.repair, needs={Need.LINEAR_HEAD})


def repaired_head(subject: Subject, world: WideWorld, *, method: str, seed: int) -> LinearHead:
    """By the better of the method's two settings on validation clusters."""
    data = read_data(world.repair, attribute="colour", features=subject.features)
    rows = validation_rows(world.repair, data, seed=seed)
    found = best_of(read_method(method), subject.classifier, data, validation=rows, budget=Budget(PLENTY), seed=seed)
    return head_of(found.network)


def measured(head: LinearHead, features: np.ndarray, world: WideWorld) -> Row:
    """Accuracies, those of label × side in two halves of the test images, and B."""
    n = len(features) // 2
    pairs = Pairs(*(Samples(side, world.test.labels[:n]) for side in (features[:n], features[n:])))
    right = [head.log_probabilities(side).argmax(axis=1) == side.labels for side in (pairs.aligned, pairs.conflicting)]
    half, labels, reading = np.arange(n) % 2, pairs.aligned.labels, read_bias(head, pairs)
    groups = [
        [float(side[(half == part) & (labels == label)].mean()) for side in right for label in np.unique(labels)]
        for part in (0, 1)
    ]
    return {
        "aligned": float(right[0].mean()),
        "conflicting": float(right[1].mean()),
        "groups": groups,
        "bias": reading.signed.value,
        "absolute_bias": reading.absolute.value,
    }


def own_head(network: Wide) -> LinearHead:
    """The network's last layer."""
    layer = network.network.classifier[-1]
    return LinearHead.of(layer.weight.detach().numpy(), layer.bias.detach().numpy())


def heads(name: str, seed: int, *, work: Path, fashion: Path, missing: set[str]) -> Iterator[Row]:
    """The candidate and every method that moves its last layer alone."""
    world = wide_world(name, seed=seed, fashion=fashion)
    network, training = candidate_of(world, seed=seed, kept=work / f"{name}-{seed}.pt")
    subject, once = timed(partial(opened, network, world))
    test = features_of(network, world.test)
    for arm, method in {"original": "", **HEADS}.items():
        if arm in missing:
            repair = partial(repaired_head, subject, world, method=method, seed=seed)
            head, seconds = timed(repair) if method else (own_head(network), 0.0)
            cost = {"seconds": seconds, "features_seconds": once if method else 0.0, "training_seconds": training}
            yield {"arm": arm, **measured(head, test, world), **cost}


def trained_rival(arm: str, name: str, seed: int, *, work: Path, fashion: Path) -> Row:
    """A rival that trains; its seconds are those beyond the candidate's own training, where it begins with that."""
    world = wide_world(name, seed=seed, fashion=fashion)
    candidate, training = candidate_of(world, seed=seed, kept=work / f"{name}-{seed}.pt")
    samples, labels = tensors(world.training)
    values = torch.from_numpy(world.training.attribute("colour").astype(np.int64))
    runs = {
        "LfF": partial(learning_from_failure, samples, labels, seed=seed),
        "EnD": partial(entangling, samples, labels, values, seed=seed),
        "MaskTune": partial(mask_tuned, candidate, samples, labels, seed=seed),
    }
    network, seconds = timed(runs[arm])
    cost = {"seconds": seconds, "features_seconds": 0.0, "training_seconds": training}
    return {"arm": arm, **measured(own_head(network), features_of(network, world.test), world), **cost}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", nargs="*", choices=WIDE, default=[], help="none: remake the tables")
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--trained", nargs="*", choices=TRAINED, default=[], help="rivals that train, as well")
    parser.add_argument("--work", type=Path, default=Path("build/repair-wide"), help="keeps trained networks")
    parser.add_argument("--fashion", type=Path, default=FASHION, help="folder of Fashion-MNIST's files")
    parser.add_argument("--out", type=Path, default=RESULTS, help="results so far, and where more go")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    threadpool_limits(1)
    options.work.mkdir(parents=True, exist_ok=True)
    jobs = [
        (seed, name) for seed in range(options.first_seed, options.first_seed + options.seeds) for name in options.world
    ]
    for seed, name in track(jobs, "seeds", total=len(jobs), unit="seeds"):
        done = {row["arm"] for row in rows_of(options.out) if (row["world"], row["seed"]) == (name, seed)}
        folders = {"work": options.work, "fashion": options.fashion}
        if missing := {"original", *HEADS} - done:
            append(options.out, name, seed, heads(name, seed, missing=missing, **folders))
        for arm in options.trained:
            if arm not in done:
                append(options.out, name, seed, [trained_rival(arm, name, seed, **folders)])
    write_tables(rows_of(options.out))


def rows_of(path: Path) -> list[Row]:
    """Results so far."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def append(path: Path, world: str, seed: int, rows: Iterable[Row]) -> None:
    """Adds results as they come."""
    for row in rows:
        with path.open("a") as file:
            file.write(json.dumps({"world": world, "seed": seed, **row}) + "\n")


if __name__ == "__main__":
    main()
