"""Models an hour: the zoo engine against a plain loop, the same loop in a process per core, and vmap; in one run.

Every arm trains the same networks by the same recipe on the same coloured digits; repetitions take turns, so that what
else the machine does falls on all arms alike. Then the time to the same accuracy: the plain loop as most would first
write it, at Adam's own rate, against the engine with a one-cycle schedule at a high rate and small batches.
Run: ``python benchmarks/zoo_speed.py [--models 6] [--repeats 3]``
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.func import functional_call, grad, stack_module_state, vmap
from torch.nn.functional import cross_entropy
from torch.optim.lr_scheduler import OneCycleLR

from biasgate.data.planting import recolour, twins
from biasgate.models.network import Network, build, initialise
from biasgate.models.shapes import layer_shapes
from biasgate.training.normalisation import to_tensor
from biasgate.training.together import fast_dtype
from biasgate.zoo.coloured import palette_of, training_set
from biasgate.zoo.engine import train_models
from biasgate.zoo.material import Material, load_material
from biasgate.zoo.plan import PlannedModel, plan_zoo
from biasgate.zoo.spec import Counts, Level, Recipe, ZooSpec

RESULT = Path(__file__).parent / "results" / "zoo_speed.json"
CORES = os.cpu_count() or 1


@dataclass(frozen=True)
class Course:
    """What all arms of a comparison train.

    Attributes:
        architecture: Name of a preset.
        models: How many.
        steps: Optimiser steps of each.
        batch: Samples a step.
        rate: Adam's learning rate; the peak where there is a schedule.
    """

    architecture: str
    models: int
    steps: int
    batch: int = 128
    rate: float = 3e-3


def zoo(course: Course) -> tuple[list[PlannedModel], Material]:
    """A zoo of one recipe: Adam, one size of batch, no augmentation, as a plain loop would have it."""
    spec = ZooSpec.model_validate(
        {
            "name": "speed",
            "dataset": "builtin:digits",
            "architectures": [course.architecture],
            "planting": "share",
            "levels": [Level(name="none", strength=0.9), Level(name="high", strength=0.1)],
            "counts": Counts(train=course.models, validation=1, test=1),
            "recipe": Recipe(
                learning_rate=(course.rate, course.rate), batch=(course.batch,), steps=(course.steps,),
                optimizer=("adam",), samples=(1000, 1000),
                init=("kaiming_uniform",), normalisation=("unit",), augmentation=("none",), weight_decay=(0.0,),
            ),
            "seed": 0,
        }
    )  # fmt: skip
    return list(plan_zoo(spec, shards=1).models[: course.models]), load_material(spec)


def coloured(planned: PlannedModel, material: Material) -> tuple[torch.Tensor, torch.Tensor]:
    """A model's training set, coloured beforehand."""
    chosen = training_set(planned, material, np.random.default_rng(planned.seed))
    grey = material.images[planned.split].samples[chosen.rows].astype(np.uint8)
    return to_tensor(recolour(grey, chosen.colours)), torch.from_numpy(chosen.labels)


def fresh(planned: PlannedModel, material: Material) -> Network:
    """The model before its first step."""
    network = build(material.spec.architectures[planned.architecture])
    initialise(network, init=planned.init, generator=torch.Generator().manual_seed(planned.seed))
    return network


def accuracy(network: Network, planned: PlannedModel, material: Material) -> float:
    """On digits in a colour that is not their label's."""
    pairs = twins(material.measure, palette=palette_of(planned, material), rng=np.random.default_rng(0))
    half = slice(len(pairs) // 2, None)
    with torch.inference_mode():
        answers = network.eval()(to_tensor(pairs.samples[half])).argmax(1).numpy()
    return float((answers == pairs.labels[half]).mean())


def train_plainly(
    planned: PlannedModel, material: Material, *, layout: torch.memory_format, scheduled: bool = True
) -> float:
    """The loop as most would write it: a network, Adam, perhaps with a one-cycle schedule, shuffled batches."""
    samples, labels = coloured(planned, material)
    network, samples = fresh(planned, material).to(memory_format=layout), samples.contiguous(memory_format=layout)
    recipe = planned.training
    optimizer = torch.optim.Adam(network.parameters(), lr=recipe.learning_rate)
    schedule = OneCycleLR(optimizer, recipe.learning_rate, total_steps=recipe.steps + 1) if scheduled else None
    for _ in range(recipe.steps):
        rows = torch.randperm(len(samples))[: recipe.batch]
        loss = cross_entropy(network(samples[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if schedule:
            schedule.step()
    return accuracy(network, planned, material)


def train_by_vmap(planned: list[PlannedModel], material: Material) -> list[float]:
    """All networks at once by ``torch.func.vmap`` over stacked parameters."""
    networks = [fresh(model, material) for model in planned]
    parameters, _ = stack_module_state(networks)
    sets = [coloured(model, material) for model in planned]
    samples, labels = torch.stack([s for s, _ in sets]), torch.stack([y for _, y in sets])

    def loss(values: dict[str, torch.Tensor], x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return cross_entropy(functional_call(networks[0], values, (x,)), y)

    gradients = vmap(grad(loss), randomness="different")
    recipe = planned[0].training
    optimizer = torch.optim.Adam(list(parameters.values()), lr=recipe.learning_rate)
    schedule = OneCycleLR(optimizer, recipe.learning_rate, total_steps=recipe.steps + 1)
    places = torch.arange(len(planned))[:, None]
    values = {name: value.detach() for name, value in parameters.items()}
    for _ in range(recipe.steps):
        rows = torch.rand(samples.shape[:2]).argsort(dim=1)[:, : recipe.batch]
        found = gradients(values, samples[places, rows], labels[places, rows])
        for name, value in parameters.items():
            value.grad = found[name]
        optimizer.step()
        schedule.step()
    for place, network in enumerate(networks):
        network.load_state_dict({name: value[place] for name, value in values.items()})
    return [accuracy(network, model, material) for network, model in zip(networks, planned, strict=True)]


def plain(planned: list[PlannedModel], material: Material) -> list[float]:
    """One model after the other, on all cores."""
    torch.set_num_threads(CORES)
    return [train_plainly(model, material, layout=torch.contiguous_format) for model in planned]


def plain_without_schedule(planned: list[PlannedModel], material: Material) -> list[float]:
    """The plain loop at one rate from start to end, on all cores."""
    torch.set_num_threads(CORES)
    return [train_plainly(model, material, layout=torch.contiguous_format, scheduled=False) for model in planned]


def channels_last(planned: list[PlannedModel], material: Material) -> list[float]:
    """The plain loop in the memory layout that convolutions prefer, a single thread."""
    return [train_plainly(model, material, layout=torch.channels_last) for model in planned]


def one_thread(planned: list[PlannedModel], material: Material) -> list[float]:
    """The plain loop, a single thread."""
    return [train_plainly(model, material, layout=torch.contiguous_format) for model in planned]


def engine(planned: list[PlannedModel], material: Material) -> list[float]:
    """What ``train_zoo_shard`` runs, a single thread."""
    return [model.row["accuracy_conflicting"] for model in train_models(planned, material)]


def by_vmap(planned: list[PlannedModel], material: Material) -> list[float]:
    """vmap on all cores."""
    torch.set_num_threads(CORES)
    return train_by_vmap(planned, material)


Arm = Callable[[list[PlannedModel], Material], list[float]]
ALONE: dict[str, Arm] = {"plain loop": plain, "vmap": by_vmap}
PER_CORE: dict[str, Arm] = {
    "plain loop, process per core": one_thread,
    "plain loop in channels_last, process per core": channels_last,
    "engine, process per core": engine,
}
REFERENCE = Course("digits_paper", models=12, steps=300, rate=1e-3)
"""How most would first train it: Adam at its usual rate."""
LADDER = (50, 75, 100, 150, 200, 300)
"""Steps of 64 samples, at a peak rate of 0.008, that the engine is tried at."""


def worker(arm: Arm, course: Course, share: int, shares: int, pipe: Any) -> None:
    """Waits for the start, trains its share, and sends accuracies."""
    torch.set_num_threads(1)
    planned, material = zoo(course)
    warm, _ = zoo(replace(course, models=1, steps=2))
    arm(warm, material)
    pipe.send("ready")
    pipe.recv()
    pipe.send(arm(planned[share::shares], material))


def timed(arm: Arm, course: Course) -> tuple[float, list[float]]:
    """Seconds from the start signal to the last accuracy, start-up left out, and the accuracies in the plan's order."""
    shares = CORES if arm in PER_CORE.values() else 1
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for share in range(shares):
        here, there = context.Pipe()
        process = context.Process(target=worker, args=(arm, course, share, shares, there))
        process.start()
        pipes.append(here)
        processes.append(process)
    for pipe in pipes:
        pipe.recv()
    start = time.perf_counter()
    for pipe in pipes:
        pipe.send("go")
    parts = [pipe.recv() for pipe in pipes]
    seconds = time.perf_counter() - start
    accuracies = [parts[model % shares][model // shares] for model in range(course.models)]
    for process in processes:
        process.join()
    return seconds, accuracies


def sgemm_peak() -> float:
    """GFLOP/s of the machine's best of ten large single-precision products, on all cores."""
    a, b = torch.randn(2, 2048, 2048)
    torch.set_num_threads(CORES)
    times: list[float] = []
    for _ in range(10):
        start = time.perf_counter()
        a @ b
        times.append(time.perf_counter() - start)
    return 2 * 2048**3 / min(times) / 1e9


def step_gflop(course: Course) -> float:
    """Arithmetic of one plain training step: forward, both gradients, but none for the first layer's input."""
    declared = zoo(course)[1].spec.architectures[0]
    shapes, total = layer_shapes(declared), 0.0
    for place, layer in enumerate(declared.layers):
        if layer.kind in ("conv", "dense"):
            taps = shapes[place][0] * (layer.kernel**2 if layer.kind == "conv" else 1)
            total += 2 * taps * float(np.prod(shapes[place + 1])) * (2 if place == 0 else 3)
    return total * course.batch / 1e9


def measure(course: Course, *, repeats: int) -> dict[str, Any]:
    """All arms in turn, ``repeats`` times."""
    arms = {**ALONE, **PER_CORE}
    runs: dict[str, list[tuple[float, list[float]]]] = {name: [] for name in arms}
    for _ in range(repeats):
        for name, arm in arms.items():
            runs[name].append(timed(arm, course))
            print(
                f"{course.architecture}: {name}: {3600 * course.models / runs[name][-1][0]:,.0f} models/h", flush=True
            )
    peak, work = sgemm_peak(), course.models * course.steps * step_gflop(course)
    table = {}
    for name in arms:
        seconds = statistics.median(s for s, _ in runs[name])
        found = np.array([a for _, accuracies in runs[name] for a in accuracies])
        table[name] = {
            "models_per_hour": round(3600 * course.models / seconds),
            "gflops": round(work / seconds, 1),
            "share_of_sgemm_peak": round(work / seconds / peak, 3),
            "accuracy_conflicting": round(float(found.mean()), 4),
            "accuracy_standard_error": round(float(found.std(ddof=1) / len(found) ** 0.5), 4),
        }
    rate = {name: row["models_per_hour"] for name, row in table.items()}
    ours = rate.pop("engine, process per core")
    return {
        **asdict(course), "repeats": repeats, "arms": table, "sgemm_peak_gflops": round(peak, 1),
        "engine_over_best_of_three": round(ours / max(value for name, value in rate.items() if "last" not in name), 2),
        "engine_over_best_of_four": round(ours / max(rate.values()), 2),
    }  # fmt: skip


def time_to_accuracy(*, repeats: int) -> dict[str, Any]:
    """Fewest steps of the ladder at which the engine's models are on average as good as the reference's, and the times.

    Accuracies are compared model by model: the same plan, so the same seeds, palettes and images.
    """
    seconds, accuracies = timed(plain_without_schedule, REFERENCE)
    wanted, tried = np.array(accuracies), []
    for steps in LADDER:
        course = replace(REFERENCE, steps=steps, batch=64, rate=8e-3)
        ours, found = timed(engine, course)
        gain = np.array(found) - wanted
        tried.append(
            {"steps": steps, "seconds": ours, "gain": gain.mean(), "error": gain.std(ddof=1) / len(gain) ** 0.5}
        )
        print(f"plain {wanted.mean():.3f}; engine after {steps} steps {np.mean(found):.3f}", flush=True)
        if gain.mean().round(9) >= 0:
            pairs = [(seconds, ours)]
            pairs += [
                (timed(plain_without_schedule, REFERENCE)[0], timed(engine, course)[0]) for _ in range(repeats - 1)
            ]
            ratios = [theirs / mine for theirs, mine in pairs]
            return {
                "reference": asdict(REFERENCE), "accuracy": wanted.mean(), "engine": asdict(course), "tried": tried,
                "seconds": pairs, "times_as_fast": round(statistics.median(ratios), 2),
            }  # fmt: skip
    return {"reference": asdict(REFERENCE), "accuracy": wanted.mean(), "tried": tried, "times_as_fast": None}


def main() -> None:
    """Measures and writes the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=6)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--steps", type=int, default=60)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    nets = ("digits_paper", "digits_small")
    result = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{torch.cpu.get_capabilities()['cpu_name']}, {CORES} cores, {platform.machine()}",
        "torch": torch.__version__,
        "layers_computed_in": str(fast_dtype(torch.device("cpu"))),
        "load_before_and_after": [load],
        "results": {
            net: measure(Course(net, models=options.models, steps=options.steps), repeats=options.repeats)
            for net in nets
        },
        "time_to_the_same_accuracy": time_to_accuracy(repeats=options.repeats),
    }
    result["load_before_and_after"].append(os.getloadavg()[0])
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
