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

from biasgate.data.colouring import recolour
from biasgate.data.planting import twins
from biasgate.detection.zoo.coloured import palette_of, training_set
from biasgate.detection.zoo.engine import stacks, train_models
from biasgate.detection.zoo.material import Material, load_material
from biasgate.detection.zoo.plan import PlannedModel, plan_zoo
from biasgate.detection.zoo.spec import Counts, Level, Recipe, ZooSpec
from biasgate.models.network import Network, build, initialise
from biasgate.models.shapes import layer_shapes
from biasgate.training.normalisation import to_tensor
from biasgate.training.together import fast_dtype

RESULTS = Path(__file__).parent / "results"
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
        device: As torch names it.
    """

    architecture: str
    models: int
    steps: int
    batch: int = 128
    rate: float = 3e-3
    device: str = "cpu"


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


def coloured(planned: PlannedModel, material: Material, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """A model's training set, coloured beforehand."""
    chosen = training_set(planned, material, np.random.default_rng(planned.seed))
    grey = material.images[planned.split].samples[chosen.rows].astype(np.uint8)
    return to_tensor(recolour(grey, chosen.colours)).to(device), torch.from_numpy(chosen.labels).to(device)


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
        samples = to_tensor(pairs.samples[half]).to(next(network.parameters()).device)
        answers = network.eval()(samples).argmax(1).cpu().numpy()
    return float((answers == pairs.labels[half]).mean())


def train_plainly(
    planned: PlannedModel,
    material: Material,
    device: torch.device,
    *,
    layout: torch.memory_format = torch.contiguous_format,
    scheduled: bool = True,
) -> float:
    """The loop as most would write it: a network, Adam, perhaps with a one-cycle schedule, shuffled batches."""
    samples, labels = coloured(planned, material, device)
    samples = samples.contiguous(memory_format=layout)
    network = fresh(planned, material).to(device, memory_format=layout)
    recipe = planned.training
    optimizer = torch.optim.Adam(network.parameters(), lr=recipe.learning_rate)
    schedule = OneCycleLR(optimizer, recipe.learning_rate, total_steps=recipe.steps + 1) if scheduled else None
    for _ in range(recipe.steps):
        rows = torch.randperm(len(samples), device=device)[: recipe.batch]
        loss = cross_entropy(network(samples[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if schedule:
            schedule.step()
    return accuracy(network, planned, material)


def train_by_vmap(planned: list[PlannedModel], material: Material, device: torch.device) -> list[float]:
    """All networks at once by ``torch.func.vmap`` over stacked parameters."""
    networks = [fresh(model, material).to(device) for model in planned]
    parameters, _ = stack_module_state(networks)
    sets = [coloured(model, material, device) for model in planned]
    samples, labels = torch.stack([s for s, _ in sets]), torch.stack([y for _, y in sets])

    def loss(values: dict[str, torch.Tensor], x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return cross_entropy(functional_call(networks[0], values, (x,)), y)

    gradients = vmap(grad(loss), randomness="different")
    recipe = planned[0].training
    optimizer = torch.optim.Adam(list(parameters.values()), lr=recipe.learning_rate)
    schedule = OneCycleLR(optimizer, recipe.learning_rate, total_steps=recipe.steps + 1)
    places = torch.arange(len(planned), device=device)[:, None]
    values = {name: value.detach() for name, value in parameters.items()}
    for _ in range(recipe.steps):
        rows = torch.rand(samples.shape[:2], device=device).argsort(dim=1)[:, : recipe.batch]
        found = gradients(values, samples[places, rows], labels[places, rows])
        for name, value in parameters.items():
            value.grad = found[name]
        optimizer.step()
        schedule.step()
    for place, network in enumerate(networks):
        network.load_state_dict({name: value[place] for name, value in values.items()})
    return [accuracy(network, model, material) for network, model in zip(networks, planned, strict=True)]


def plain(planned: list[PlannedModel], material: Material, device: torch.device) -> list[float]:
    """One model after the other."""
    return [train_plainly(model, material, device) for model in planned]


def plain_without_schedule(planned: list[PlannedModel], material: Material, device: torch.device) -> list[float]:
    """The plain loop at one rate from start to end."""
    return [train_plainly(model, material, device, scheduled=False) for model in planned]


def channels_last(planned: list[PlannedModel], material: Material, device: torch.device) -> list[float]:
    """The plain loop in the memory layout that convolutions prefer."""
    return [train_plainly(model, material, device, layout=torch.channels_last) for model in planned]


def engine(planned: list[PlannedModel], material: Material, device: torch.device) -> list[float]:
    """What ``train_zoo_shard`` runs."""
    trained = train_models(planned, material, device=str(device))
    return [model.row["accuracy_conflicting"] for model in trained]


@dataclass(frozen=True)
class Arm:
    """A way to train.

    Attributes:
        train: From models to their accuracies.
        processes: That share the models; on a CPU all cores are theirs.
        models: How many; the course's where it is ``None``.
    """

    train: Callable[[list[PlannedModel], Material, torch.device], list[float]]
    processes: int = 1
    models: int | None = None


ENGINE = "engine, process per core"
ARMS = {
    "plain loop": Arm(plain),
    "vmap": Arm(train_by_vmap),
    "plain loop, process per core": Arm(plain, CORES),
    "plain loop in channels_last, process per core": Arm(channels_last, CORES),
    ENGINE: Arm(engine, CORES),
}
GPU_ENGINE = "engine, four processes"


def gpu_arms(course: Course) -> dict[str, Arm]:
    """The arms on one GPU; an engine trains as many models at once as it does in a zoo."""
    planned, material = zoo(replace(course, models=5000))
    at_once = len(stacks(planned, material.spec, device=course.device)[0])
    return {
        "plain loop": Arm(plain),
        "plain loop, process per core": Arm(plain, CORES, 2 * CORES),
        "vmap": Arm(train_by_vmap, models=128),
        "engine": Arm(engine, models=at_once),
        GPU_ENGINE: Arm(engine, 4, 2 * at_once),
    }


REFERENCE = Course("digits_paper", models=12, steps=300, rate=1e-3)
"""How most would first train it: Adam at its usual rate."""
LADDER = (50, 75, 100, 150, 200, 300)
"""Steps of 64 samples, at a peak rate of 0.008, that the engine is tried at."""


def worker(arm: Arm, course: Course, share: int, pipe: Any) -> None:
    """Trains its share and sends accuracies, as often as it is told to."""
    torch.set_num_threads(CORES // arm.processes if course.device == "cpu" else 1)
    device, (planned, material) = torch.device(course.device), zoo(course)
    arm.train(zoo(replace(course, models=1, steps=2))[0], material, device)
    pipe.send("ready")
    while pipe.recv():
        pipe.send(arm.train(planned[share :: arm.processes], material, device))
        if course.device != "cpu":
            torch.cuda.empty_cache()


class Team:
    """An arm's processes, ready to train a course."""

    def __init__(self, arm: Arm, course: Course) -> None:
        """Starts them and waits until all have warmed up."""
        self.arm, self.course = arm, replace(course, models=arm.models or course.models)
        context = multiprocessing.get_context("spawn")
        self._pipes, self._processes = [], []
        for share in range(arm.processes):
            here, there = context.Pipe()
            process = context.Process(target=worker, args=(arm, self.course, share, there))
            process.start()
            self._pipes.append(here)
            self._processes.append(process)
        for pipe in self._pipes:
            pipe.recv()

    def train(self) -> tuple[float, list[float]]:
        """Seconds from the start signal to the last accuracy, and the accuracies in the plan's order."""
        start = time.perf_counter()
        for pipe in self._pipes:
            pipe.send(True)
        parts = [pipe.recv() for pipe in self._pipes]
        seconds, shares = time.perf_counter() - start, self.arm.processes
        return seconds, [parts[model % shares][model // shares] for model in range(self.course.models)]

    def rest(self) -> None:
        """Ends the processes."""
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            pipe.send(False)
            process.join()


def sgemm_peak(device: torch.device) -> float:
    """GFLOP/s of the machine's best of ten large single-precision products, on all cores."""
    side = 2048 if device.type == "cpu" else 8192
    a, b = torch.randn(2, side, side, device=device)
    torch.set_num_threads(CORES)
    times: list[float] = []
    for _ in range(10):
        start = time.perf_counter()
        float((a @ b)[0, 0])
        times.append(time.perf_counter() - start)
    return 2 * side**3 / min(times) / 1e9


def step_gflop(course: Course) -> float:
    """Arithmetic of one plain training step: forward, both gradients, but none for the first layer's input."""
    declared = zoo(course)[1].spec.architectures[0]
    shapes, total = layer_shapes(declared), 0.0
    for place, layer in enumerate(declared.layers):
        if layer.kind in ("conv", "dense"):
            taps = shapes[place][0] * (layer.kernel**2 if layer.kind == "conv" else 1)
            total += 2 * taps * float(np.prod(shapes[place + 1])) * (2 if place == 0 else 3)
    return total * course.batch / 1e9


def measure(course: Course, arms: dict[str, Arm], *, repeats: int) -> dict[str, Any]:
    """All arms in turn, ``repeats`` times."""
    teams = {name: Team(arm, course) for name, arm in arms.items()}
    runs: dict[str, list[tuple[float, list[float]]]] = {name: [] for name in arms}
    for _ in range(repeats):
        for name, team in teams.items():
            runs[name].append(team.train())
            rate = 3600 * team.course.models / runs[name][-1][0]
            print(f"{course.architecture}: {name}: {rate:,.0f} models/h", flush=True)
    for team in teams.values():
        team.rest()
    peak, table = sgemm_peak(torch.device(course.device)), {}
    for name, team in teams.items():
        seconds = statistics.median(s for s, _ in runs[name])
        found = np.array([a for _, accuracies in runs[name] for a in accuracies])
        work = team.course.models * course.steps * step_gflop(course)
        table[name] = {
            "processes": team.arm.processes,
            "models": team.course.models,
            "models_per_hour": round(3600 * team.course.models / seconds),
            "gflops": round(work / seconds, 1),
            "share_of_sgemm_peak": round(work / seconds / peak, 3),
            "accuracy_conflicting": round(float(found.mean()), 4),
            "accuracy_standard_error": round(float(found.std(ddof=1) / len(found) ** 0.5), 4),
        }
    return {**asdict(course), "repeats": repeats, "arms": table, "sgemm_peak_gflops": round(peak, 1)}


def on_cpu(course: Course, *, repeats: int) -> dict[str, Any]:
    """All arms on all cores, and how the engine compares."""
    found = measure(course, ARMS, repeats=repeats)
    rate = {name: row["models_per_hour"] for name, row in found["arms"].items()}
    ours = rate.pop(ENGINE)
    return {
        **found,
        "engine_over_best_of_three": round(ours / max(value for name, value in rate.items() if "last" not in name), 2),
        "engine_over_best_of_four": round(ours / max(rate.values()), 2),
    }


def on_gpu(course: Course, *, repeats: int) -> dict[str, Any]:
    """All arms on one GPU, and how the engine compares with the plain loop and with the best of the others."""
    found = measure(course, gpu_arms(course), repeats=repeats)
    rate = {name: row["models_per_hour"] for name, row in found["arms"].items()}
    ours, alone = rate.pop(GPU_ENGINE), rate.pop("engine")
    return {
        **found,
        "engine_over_plain_loop": round(alone / rate["plain loop"], 1),
        "four_engines_over_plain_loop": round(ours / rate["plain loop"], 1),
        "four_engines_over_best_of_others": round(ours / max(rate.values()), 1),
    }


def time_to_accuracy(*, repeats: int) -> dict[str, Any]:
    """Fewest steps of the ladder at which the engine's models are on average as good as the reference's, and the times.

    Accuracies are compared model by model: the same plan, so the same seeds, palettes and images.
    """
    theirs = Team(Arm(plain_without_schedule), REFERENCE)
    seconds, accuracies = theirs.train()
    wanted, tried = np.array(accuracies), []
    for steps in LADDER:
        course = replace(REFERENCE, steps=steps, batch=64, rate=8e-3)
        team = Team(ARMS[ENGINE], course)
        ours, found = team.train()
        gain = np.array(found) - wanted
        tried.append(
            {"steps": steps, "seconds": ours, "gain": gain.mean(), "error": gain.std(ddof=1) / len(gain) ** 0.5}
        )
        print(f"plain {wanted.mean():.3f}; engine after {steps} steps {np.mean(found):.3f}", flush=True)
        if gain.mean().round(9) >= 0:
            pairs = [(seconds, ours)]
            pairs += [(theirs.train()[0], team.train()[0]) for _ in range(repeats - 1)]
            team.rest()
            theirs.rest()
            ratios = [slow / fast for slow, fast in pairs]
            return {
                "reference": asdict(REFERENCE), "accuracy": wanted.mean(), "engine": asdict(course), "tried": tried,
                "seconds": pairs, "times_as_fast": round(statistics.median(ratios), 2),
            }  # fmt: skip
        team.rest()
    theirs.rest()
    return {"reference": asdict(REFERENCE), "accuracy": wanted.mean(), "tried": tried, "times_as_fast": None}


def main() -> None:
    """Measures and writes the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--models", type=int, default=6)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--steps", type=int, default=60)
    options = parser.parse_args()
    device, run = torch.device(options.device), on_cpu if options.device == "cpu" else on_gpu
    courses = [
        Course(net, models=options.models, steps=options.steps, device=options.device)
        for net in ("digits_paper", "digits_small")
    ]
    load = os.getloadavg()[0]
    chip = torch.cpu.get_capabilities()["cpu_name"] if options.device == "cpu" else torch.cuda.get_device_name()
    result: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{chip}, {CORES} cores, {platform.machine()}",
        "torch": torch.__version__,
        "layers_computed_in": str(fast_dtype(device)),
        "load_before_and_after": [load],
        "results": {},
    }
    path = RESULTS / f"zoo_speed{'' if options.device == 'cpu' else '-gpu'}.json"
    for course in courses:
        result["results"][course.architecture] = run(course, repeats=options.repeats)
        path.write_text(json.dumps(result, indent=2) + "\n")
    if options.device == "cpu":
        result["time_to_the_same_accuracy"] = time_to_accuracy(repeats=options.repeats)
    result["load_before_and_after"].append(os.getloadavg()[0])
    path.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
