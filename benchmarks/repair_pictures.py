"""Pictures of docs/concepts/repair.md: counterfactuals by radius, and the training samples that raise the bias most.

One seed of two worlds, digits and faces. ``counterfactuals.png`` and ``harmful.png`` go to docs/figures/.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
from repair_worlds import WORLDS, World
from threadpoolctl import threadpool_limits
from torch import Tensor

from biasgate.repair.adversary.attack import Family, attack
from biasgate.repair.adversary.attribute_reader import fit_reader
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData, read_data
from biasgate.repair.heads.influence import influence_on_bias
from biasgate.repair.heads.last_layer import head_of, read_features
from biasgate.repair.heads.refit import refit
from biasgate.repair.methods.unlearning import Unlearning
from biasgate.repair.pairs import given_pairs

FIGURES = Path(__file__).parents[1] / "docs" / "figures"
SEED, SHOWN = 0, ("digits 0.02", "faces hair")
RADII: dict[Family, tuple[float, ...]] = {"mixing": (0.1, 0.2, 0.4, 0.6, 1.0), "pixels": (0.03, 0.06, 0.1, 0.2, 0.4)}
MEANING: dict[Family, str] = {"mixing": "one colour map an image", "pixels": "every pixel"}
ROWS, TOP = 3, 12
"""Samples attacked a block; training samples shown on either end of the ranking."""
FLIPPED, CHANGED = "#0b6e4f", "#b3261e"
TILE = 0.85
"""Inches a picture, its caption included."""


@dataclass(frozen=True, eq=False)
class Attacked:
    """Samples at one radius.

    Attributes:
        pixels: ``[n, channels, height, width]``.
        flipped: Whether the attribute reader reads the value that the attack aimed at ``[n]``.
        share: Of all aligned repair samples, how many flipped at this radius.
        decisions: The candidate's ``[n]``.
    """

    pixels: Tensor
    flipped: Tensor
    share: float
    decisions: Tensor


def attacked(world: World, family: Family) -> list[Attacked]:
    """Some aligned samples, untouched and then at every radius."""
    data = read_data(world.repair, attribute=world.attribute)
    classifier, originals = PixelClassifier(world.network, world.contract), data.take(data.aligned)
    reader, targets = fit_reader(classifier, data), (originals.values + 1) % data.kinds
    rows = torch.linspace(0, len(originals) - 1, ROWS).long()
    found: list[Attacked] = []
    for radius in (0.0, *RADII[family]):
        pixels = attack(reader, originals.samples, targets, family=family, radius=radius)
        with torch.no_grad():
            flipped, decisions = reader(pixels).argmax(dim=1) == targets, classifier(pixels[rows]).argmax(dim=1)
        found.append(Attacked(pixels[rows], flipped[rows], float(flipped.double().mean()), decisions))
    return found


def draw_counterfactuals(worlds: dict[str, World], path: Path) -> None:
    """A block of pictures a world and family: a row a sample, a column a radius."""
    import matplotlib.pyplot as plt

    blocks = [(name, family) for name in worlds for family in RADII]
    figure = plt.figure(figsize=(TILE * 12.6, 2 * (TILE * 1.15 * ROWS + 0.55) + 0.25))
    *parts, _, footer = figure.subfigures(3, 2, wspace=0.02, height_ratios=(1, 1, 0.07)).flat
    for part, (name, family) in zip(parts, blocks, strict=True):
        world, steps = worlds[name], attacked(worlds[name], family)
        axes = part.subplots(ROWS, len(steps), gridspec_kw={"wspace": 0.12, "hspace": 0.3})
        part.subplots_adjust(left=0.02, right=0.98, bottom=0.07, top=0.83)
        part.suptitle(f"{name}: {MEANING[family]}", fontsize=9, y=0.985)
        for column, (radius, step) in enumerate(zip((0.0, *RADII[family]), steps, strict=True)):
            title = f"ε = {radius:g}\n{step.share:.0%} flipped" if radius else "original"
            axes[0, column].set_title(title, fontsize=7)
            for row in range(ROWS):
                changed = bool(step.decisions[row] != steps[0].decisions[row])
                said = world.repair.classes[int(step.decisions[row])]
                frame = FLIPPED if step.flipped[row] else None
                show(axes[row, column], step.pixels[row], said, frame=frame, colour=CHANGED if changed else "black")
    explained = (
        "Green frame: the attribute reader reads the value that was aimed at. Below: the candidate's decision, "
        "red where it changed. Flipped: share of all aligned repair samples."
    )
    footer.text(0, 0.5, explained, ha="center", fontsize=7.5)
    save(figure, path)


def show(axis: Any, pixels: Tensor, caption: str, *, frame: str | None = None, colour: str = "black") -> None:
    """One picture with its caption below and, where asked for, a frame."""
    axis.imshow(pixels.permute(1, 2, 0).numpy(), interpolation="nearest", vmin=0, vmax=1)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.set_xlabel(caption, fontsize=7, color=colour, labelpad=2)
    for spine in axis.spines.values():
        spine.set(visible=frame is not None, color=frame, linewidth=2.5)


@dataclass(frozen=True, eq=False)
class Ranked:
    """Training samples by influence on bias, from the most harmful.

    Attributes:
        samples: What training saw.
        influence: I(z, B) of each ``[n]``.
        order: Rows, the most harmful first.
    """

    samples: RepairData
    influence: np.ndarray
    order: np.ndarray


def ranked(world: World) -> Ranked:
    """The training samples' influence on the bias of the refitted head over the repair data's pairs."""
    classifier = PixelClassifier(world.network, world.contract)
    seen = read_data(world.training, attribute=world.attribute).take(torch.from_numpy(world.seen))
    data = read_data(world.repair, attribute=world.attribute)
    samples, damping = read_features(classifier, seen), Unlearning.grid()[0].damping
    head = refit(samples, classes=len(head_of(world.network).bias), damping=damping)
    influence = influence_on_bias(head, samples, given_pairs(read_features(classifier, data), data), damping=damping)
    return Ranked(seen, influence, np.argsort(-influence, kind="stable"))


def draw_harmful(worlds: dict[str, World], path: Path) -> None:
    """Both ends of the ranking in each world, with the influence of each sample."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(TILE * TOP, TILE * 1.7 * 2 * len(worlds) + 0.2))
    parts = figure.subfigures(2 * len(worlds), 1)
    for place, (name, world) in enumerate(worlds.items()):
        found = ranked(world)
        ends = {"raise": found.order[:TOP], "lower": found.order[::-1][:TOP]}
        for part, (verb, rows) in zip(parts[2 * place :], ends.items(), strict=False):
            conflicting = int((~found.samples.aligned[rows.copy()]).sum())
            of_all = int((~found.samples.aligned).sum())
            part.suptitle(
                f"{name}: the {TOP} training samples that {verb} the bias most; {conflicting} of them conflict "
                f"(of all {len(found.samples):,}: {of_all})",
                fontsize=8,
            )
            axes = part.subplots(1, TOP, gridspec_kw={"wspace": 0.1})
            part.subplots_adjust(left=0.01, right=0.99, bottom=0.24, top=0.8)
            for axis, row in zip(axes, rows, strict=True):
                label = world.repair.classes[int(found.samples.labels[row])]
                frame = None if found.samples.aligned[row] else CHANGED
                show(axis, found.samples.samples[row], f"{label}\nI = {found.influence[row]:+.2f}", frame=frame)
    figure.text(0.5, 0.004, "Below: label and influence I(z, B). Red frame: conflicting.", ha="center", fontsize=7.5)
    save(figure, path)


def save(figure: Any, path: Path) -> None:
    """As a PNG of few colours."""
    from io import BytesIO

    from PIL import Image

    drawn = BytesIO()
    figure.savefig(drawn, dpi=110)
    Image.open(drawn).convert("RGB").quantize(255, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> None:
    """Draws both."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    threadpool_limits(1)
    mpl.use("agg")
    worlds = {name: WORLDS[name](seed=SEED) for name in SHOWN}
    draw_counterfactuals(worlds, FIGURES / "counterfactuals.png")
    draw_harmful(worlds, FIGURES / "harmful.png")


if __name__ == "__main__":
    main()
