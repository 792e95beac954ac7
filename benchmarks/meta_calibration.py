"""Which recipe makes networks behave as the published zoo's: mean accuracy on colours independent of the label.

    python benchmarks/meta_calibration.py --root ROOT [--setting NUMBER]

One network or a few a level and setting, on the digits of the first half, read at some steps on the way where the rate
is constant. Results are kept in ``results/meta_calibration.jsonl``; `meta_classifier.py` makes the table of them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from meta_predictions import Document
from meta_published import AUTHORS, Digits, accuracy, pictures

from biasgate.data.dataset import Dataset
from biasgate.models.network import drawn
from biasgate.models.presets import preset
from biasgate.training.feed import Sight
from biasgate.training.normalisation import Normalisation
from biasgate.training.pool import ImagePool
from biasgate.training.recipe import Schedule, TrainingRecipe
from biasgate.training.together import Learner, train_together

RESULT = Path(__file__).with_name("results") / "meta_calibration.jsonl"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What was tried; the last of ``steps`` is how long it trains, the others are looks on the way."""

    steps: tuple[int, ...]
    rate: float
    batch: int
    colours: int
    digits: int = 3400
    schedule: Schedule = "constant"
    normalisation: Normalisation = "unit"
    seeds: int = 1
    variances: tuple[str, ...] = tuple(AUTHORS)
    together: int = 8

    @property
    def recipe(self) -> TrainingRecipe:
        """As the engine takes it."""
        return TrainingRecipe(learning_rate=self.rate, batch=self.batch, steps=self.steps[-1], schedule=self.schedule)


ENDS = ("0.02", "0.05")
SETTINGS = (
    Setting(steps=(600,), rate=0.006, batch=32, colours=4, schedule="one_cycle", together=2),
    Setting(steps=(600,), rate=0.006, batch=32, colours=1, schedule="one_cycle", together=2),
    Setting(steps=(300, 600, 1200), rate=0.003, batch=32, colours=4, variances=ENDS),
    Setting(steps=(600,), rate=0.01, batch=32, colours=4, schedule="cosine", variances=ENDS),
    Setting(steps=(1200,), rate=0.006, batch=16, colours=4, schedule="one_cycle", variances=ENDS),
    Setting(
        steps=(600,), rate=0.006, batch=32, colours=4, schedule="one_cycle", normalisation="centred", variances=ENDS
    ),
    Setting(steps=(600, 1200, 1800, 2400), rate=0.003, batch=16, colours=4),
    Setting(steps=(600, 1200, 1800, 2400), rate=0.003, batch=16, colours=4, normalisation="centred"),
    Setting(steps=(1200,), rate=0.004, batch=32, colours=4, schedule="cosine", seeds=2, variances=ENDS),
    Setting(steps=(300, 600, 1200), rate=0.003, batch=32, colours=1, digits=2000, seeds=2, variances=ENDS),
    Setting(steps=(300, 600, 900, 1200, 1500), rate=0.003, batch=64, colours=8, variances=ENDS),
    Setting(steps=(200, 300, 400, 500), rate=0.004, batch=128, colours=16, variances=ENDS),
    Setting(steps=(600,), rate=0.005, batch=64, colours=12, schedule="cosine", seeds=2, variances=ENDS),
    Setting(steps=(600, 1200, 2500, 5000), rate=0.001, batch=64, colours=8, together=2),
    Setting(steps=(600, 1200, 2500, 5000), rate=0.003, batch=64, colours=8, together=2),
)


@dataclass(frozen=True)
class Job:
    """One network of a setting."""

    seed: int
    variance: str

    @property
    def level(self) -> int:
        """Of σ², in hundredths."""
        return round(100 * float(self.variance))


def tried(setting: Setting, digits: Digits) -> Iterator[Document]:
    """Trains a setting's networks and gives mean accuracies by σ² after each of its steps."""
    found: dict[int, dict[str, list[float]]] = {step: {v: [] for v in setting.variances} for step in setting.steps}
    pool = ImagePool(digits.halves[0].array.astype(np.uint8, copy=False))
    jobs = [Job(seed, variance) for seed in range(setting.seeds) for variance in setting.variances]
    for start in range(0, len(jobs), setting.together):
        some = jobs[start : start + setting.together]
        learners = [_learner(setting, job, digits.halves[0]) for job in some]

        def look(step: int, some: list[Job] = some, learners: list[Learner] = learners) -> None:
            for job, one in zip(some, learners, strict=True):
                rng = np.random.default_rng(5)
                seen = accuracy(one.network.eval(), digits.measure, float(job.variance), setting.normalisation, rng)
                found[step][job.variance].append(seen)

        train_together(learners, pool, after={step: partial(look, step) for step in setting.steps})
    for step, by_variance in found.items():
        means = {variance: round(float(np.mean(some)), 3) for variance, some in by_variance.items()}
        yield {**asdict(setting), "steps": step, "mean": means}


def _learner(setting: Setting, job: Job, learned: Dataset) -> Learner:
    return Learner(
        network=drawn(preset("digits_paper"), init="glorot_uniform", seed=1000 * job.seed + job.level),
        sight=_sight(setting, job, learned),
        recipe=setting.recipe,
        generator=torch.Generator().manual_seed(100 * job.seed + job.level),
    )


def _sight(setting: Setting, job: Job, learned: Dataset) -> Sight:
    rng = np.random.default_rng([job.seed, job.level])
    rows, worn = pictures(learned, setting.digits, setting.colours, float(job.variance), rng)
    of_8_bits = (np.round(255 * worn) / 255).astype(np.float32)
    return Sight(rows, learned.labels[rows], of_8_bits, setting.normalisation)


def kept() -> list[Document]:
    """What was found so far, a line a setting and step."""
    return [json.loads(line) for line in RESULT.read_text().splitlines()] if RESULT.exists() else []


def calibration_scores() -> Document:
    """The same as a document, with what was aimed at."""
    return {"tried": kept(), "authors": AUTHORS}


def main() -> None:
    """Tries each setting, or one, and replaces its lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder with data/digits.npz")
    parser.add_argument("--setting", type=int, help="number of the one to try, from 0; all without")
    options = parser.parse_args()
    torch.set_num_threads(1)
    digits = Digits.read(options.root)
    for number, setting in enumerate(SETTINGS):
        if options.setting in (None, number):
            others = [line for line in kept() if line["setting"] != number]
            made = [{"setting": number, **line} for line in tried(setting, digits)]
            ordered = sorted([*others, *made], key=lambda line: line["setting"])
            RESULT.write_text("".join(json.dumps(line) + "\n" for line in ordered))


if __name__ == "__main__":
    main()
