"""Every repair method and baseline on the same models, repair data, split and grid size; see ``--help``.

A seed draws its own split, planting, initial weights and twins. Results are JSON lines, one an arm and seed, appended
as they come, cheap arms first; ``--resume`` runs what is missing. The table goes to docs/repair.md.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from debias_worlds import STEPS, World, make_world
from scipy.stats import t, wilcoxon
from threadpoolctl import threadpool_limits

from biasgate.debias.adversarial import GRID, repair_adversarially
from biasgate.debias.baselines import fine_tune, fine_tune_head, groups_of, reweight, robust, train_twice
from biasgate.debias.classifier import PixelClassifier
from biasgate.debias.combined import repair_features_then_head
from biasgate.debias.counterfactual_bias import read_bias
from biasgate.debias.head import LinearHead
from biasgate.debias.head_baselines import deep_feature_reweighting, gradient_step, refit_head
from biasgate.debias.last_layer import head_of, read_features, repair_head
from biasgate.debias.material import Material, material
from biasgate.debias.newton import unlearn, unlearn_training
from biasgate.debias.pairs import generated_pairs, twin_pairs, twin_rows
from biasgate.debias.repair import movement, validation_rows
from biasgate.debias.repaired import Repaired
from biasgate.debias.unlearning import GRID as DAMPINGS
from biasgate.debias.unlearning import Damping, repair_by_unlearning
from biasgate.models.network import Network
from biasgate.progress import track

ROOT = Path(__file__).parents[1]
RESULTS, DOCS = ROOT / "benchmarks" / "results", ROOT / "docs" / "repair.md"
BUDGET = 600
HARMFUL = 0.5
Method = Callable[..., Repaired]
Seeds = dict[int, dict[str, Any]]
"""Results of one arm by seed."""


def control(**changes: Any) -> Method:
    """The curriculum's own grid with one thing changed."""
    return partial(repair_adversarially, grid=[replace(settings, **changes) for settings in GRID])


def unlearn_generated(
    network: Network, contract: Any, data: Material, validation: torch.Tensor, *, seconds: float, seed: int
) -> Repaired:
    """Unlearning on pairs that the attack made, the given twins unseen as such."""

    def edit(settings: Damping, classifier: PixelClassifier, training: Material) -> LinearHead:
        samples, pairs = read_features(classifier, training), generated_pairs(classifier, training, seed=seed)
        return unlearn(samples, pairs, classes=len(head_of(network).bias), damping=settings.damping)

    return repair_head(network, contract, data, validation, grid=DAMPINGS, edit=edit, seconds=seconds)


def unlearn_with_training_data(world: World) -> Method:
    """The training samples that harm most replaced by their twins; bias read on the repair data's pairs."""

    def method(
        network: Network, contract: Any, data: Material, validation: torch.Tensor, *, seconds: float, **_: Any
    ) -> Repaired:
        both = read_features(PixelClassifier(network, contract), material(world.training, attribute=world.attribute))
        seen, twins = both.take(world.seen), both.take((world.seen + len(world.seen)) % len(both))
        count = int(HARMFUL * len(seen))

        def edit(settings: Damping, classifier: PixelClassifier, training: Material) -> LinearHead:
            pairs, classes = twin_pairs(read_features(classifier, training), training), len(head_of(network).bias)
            return unlearn_training(seen, twins, pairs, classes=classes, damping=settings.damping, count=count)

        return repair_head(network, contract, data, validation, grid=DAMPINGS, edit=edit, seconds=seconds)

    return method


def retrained(world: World) -> Method:
    """Training from scratch on the training data and its twins: an upper reference, not a repair."""

    return lambda *_, **__: Repaired(world.train(world.training), (), planned=0, refitted=False)


HEAD_BASELINES: dict[str, Method] = {
    "head refit": refit_head,
    "gradient step without H⁻¹": gradient_step,
    "DFR": deep_feature_reweighting,
}
TRAINED_BASELINES: dict[str, Method] = {
    "full fine-tuning": fine_tune,
    "last-layer fine-tuning": fine_tune_head,
    "group reweighting": reweight,
    "GroupDRO": robust,
    "JTT": train_twice,
}
CURRICULA: dict[str, Method] = {
    "**adversarial curriculum**": repair_adversarially,
    "its control: no curriculum": control(staged=False),
    "its control: noise of equal size": control(against="noise"),
    "its control: target attack": control(against="decision"),
    "**combined**: curriculum, then unlearning": repair_features_then_head,
}


def arms(world: World) -> dict[str, Method]:
    """All arms, the cheap before the dear."""
    return {
        "original": lambda network, *_, **__: Repaired(network, (), planned=0, refitted=False),
        "retrained with all twins": retrained(world),
        **HEAD_BASELINES,
        "unlearning, training data": unlearn_with_training_data(world),
        "unlearning, generated pairs": unlearn_generated,
        "**unlearning**": repair_by_unlearning,
        **TRAINED_BASELINES,
        **CURRICULA,
    }


def measure(network: Network, world: World) -> dict[str, float]:
    """On test twins: accuracies, worst group, share of decisions that the attribute swaps, bias."""
    data, classifier = material(world.test, attribute=world.attribute), PixelClassifier(network, world.contract)
    with torch.no_grad():
        decisions = classifier(data.samples).argmax(dim=1)
    correct, groups = (decisions == data.labels).double(), groups_of(data)
    by_group = [float(correct[groups == group].mean()) for group in groups.unique()]
    first, second = twin_rows(data)
    reading = read_bias(head_of(network), twin_pairs(read_features(classifier, data), data))
    return {
        "aligned": float(correct[data.aligned].mean()),
        "conflicting": float(correct[~data.aligned].mean()),
        "worst_group": min(by_group),
        "swap_rate": float((decisions[first] != decisions[second]).double().mean()),
        "bias": reading.signed.value,
        "absolute_bias": reading.absolute.value,
    }


def run_arm(name: str, method: Method, world: World, seed: int) -> dict[str, Any]:
    """One arm on one world: repaired, timed on the processor's clock, measured."""
    data = material(world.repair, attribute=world.attribute)
    validation = torch.from_numpy(validation_rows(world.repair, attribute=world.attribute, seed=seed))
    begun = time.process_time()
    found = method(world.network, world.contract, data, validation, seconds=BUDGET, seed=seed)
    seconds = time.process_time() - begun
    moved, distance = movement(world.network, found.network)
    chosen = [trial.settings for trial in found.trials if trial.chosen]
    cost = {"seconds": seconds, "samples": len(data), "moved": moved, "distance": distance, "settings": chosen}
    return {"arm": name, **measure(found.network, world), **cost, "training_seconds": world.seconds}


def run(dataset: str, share: float, seeds: range, path: Path) -> None:
    """Appends what ``path`` lacks, arm by arm, so that a table of some arms is complete early."""
    done = {(row["seed"], row["arm"]) for row in rows_of(path)}
    world = cache(partial(make_world, dataset, share=share))
    missing = [(seed, arm) for arm in arms(world(seed=0)) for seed in seeds if (seed, arm) not in done]
    for seed, arm in track(missing, f"{dataset} {share:g}", total=len(missing), unit="arms"):
        found = run_arm(arm, arms(world(seed=seed))[arm], world(seed=seed), seed)
        with path.open("a") as file:
            file.write(json.dumps({"dataset": dataset, "share": share, "seed": seed, **found}) + "\n")


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """Results so far."""
    yield from map(json.loads, path.read_text().splitlines()) if path.exists() else ()


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown, one row an arm: means over seeds with 95 % t intervals, and Wilcoxon against two baselines.

    These are DFR, the cheap one to beat, and whichever has the highest mean worst-group accuracy.
    """
    found = defaultdict[str, dict[int, dict[str, Any]]](dict)
    for row in rows:
        found[row["arm"]][row["seed"]] = row
    complete = max(map(len, found.values()))
    baselines = [arm for arm in (*HEAD_BASELINES, *TRAINED_BASELINES) if len(found[arm]) == complete]
    best = max(baselines, key=lambda arm: np.mean([row["worst_group"] for row in found[arm].values()]))
    header = ["method", "seeds", "aligned", "conflicting", "worst group", "− DFR (p)", f"− {best} (p)"]
    lines = [[*header, "swapped", "B", "\\|B\\|", "CPU seconds", "moved"], ["---"] * (len(header) + 5)]
    lines += [line(arm, of_arm, found["DFR"], found[best]) for arm, of_arm in found.items() if of_arm]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def line(arm: str, found: Seeds, dfr: Seeds, best: Seeds) -> list[str]:
    """The cells of one arm."""
    rows = list(found.values())
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0] if isinstance(rows[0][name], float)}
    rates = [interval(columns[name]) for name in ("aligned", "conflicting", "worst_group")]
    means = [f"{columns[name].mean():.2f}" for name in ("swap_rate", "bias", "absolute_bias")]
    cost = [f"{np.median(columns['seconds']):.1f}", f"{100 * columns['moved'].mean():.1f} %"]
    return [arm, str(len(rows)), *rates, comparison(found, dfr), comparison(found, best), *means, *cost]


def interval(values: np.ndarray) -> str:
    """Mean ± half-width."""
    if len(values) < 2:
        return f"{values.mean():.3f}"
    return f"{values.mean():.3f} ± {t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)):.3f}"


def comparison(ours: Seeds, theirs: Seeds) -> str:
    """Mean paired difference of worst-group accuracy, in points, with the two-sided p of Wilcoxon's signed ranks."""
    shared = sorted(ours.keys() & theirs.keys())
    differences = np.array([ours[seed]["worst_group"] - theirs[seed]["worst_group"] for seed in shared])
    return f"{100 * differences.mean():+.1f} ({wilcoxon(differences).pvalue:.3f})" if differences.any() else "–"


def write_table(name: str, text: str) -> None:
    """Between the document's markers for it, if it has them."""
    page = DOCS.read_text()
    block = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    DOCS.write_text(block.sub(lambda match: f"{match[1]}{text}\n{match[2]}", page))


def main() -> None:
    """Runs, then prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", choices=STEPS, default="digits")
    parser.add_argument("--share", type=float, default=0.02, help="of conflicting samples in training")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--resume", action="store_true", help="keep earlier results and run what is missing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    threadpool_limits(1)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"debias-{options.dataset}-{options.share:g}.jsonl"
    if not options.resume:
        path.unlink(missing_ok=True)
    run(options.dataset, options.share, range(options.seeds), path)
    text = table([row for row in rows_of(path) if row["seed"] < options.seeds])
    write_table(f"{options.dataset} {options.share:g}", text)
    print(text)


if __name__ == "__main__":
    main()
