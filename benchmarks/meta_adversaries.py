"""What may be done to a model so that its bias stays and its weights look otherwise."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from meta_readers import Models, State
from torch.nn.functional import cross_entropy

from biasgate.data.planting import twins
from biasgate.detection.zoo.coloured import palette_of, training_set
from biasgate.detection.zoo.material import Material
from biasgate.detection.zoo.plan import PlannedModel
from biasgate.models.network import Network, build
from biasgate.training.normalisation import to_tensor

Change = Callable[[State, np.random.Generator], State]


def rescaled(state: State, rng: np.random.Generator) -> State:
    """Hidden units scaled by e^N(0, 1), the scale undone in the next layer: the same function."""
    return _through_units(state, lambda n: np.exp(rng.normal(size=n)), lambda value, scale, undo: value * scale**undo)


def permuted(state: State, rng: np.random.Generator) -> State:
    """Hidden units in another order: the same function."""
    return _through_units(state, rng.permutation, lambda value, order, _: value[order])


def pruned(share: float) -> Change:
    """The smallest weights of each layer set to zero."""

    def change(state: State, _: np.random.Generator) -> State:
        return {
            name: np.where(np.abs(v) < np.quantile(np.abs(v), share), 0, v).astype(np.float32) if v.ndim > 1 else v
            for name, v in state.items()
        }

    return change


def quantised(bits: int) -> Change:
    """Each weight tensor rounded to 2^bits − 1 even steps around zero."""

    def change(state: State, _: np.random.Generator) -> State:
        def rounded(value: np.ndarray) -> np.ndarray:
            step = np.abs(value).max() / (2 ** (bits - 1) - 1)
            return (np.round(value / step) * step).astype(np.float32)

        return {name: rounded(v) if v.ndim > 1 else v for name, v in state.items()}

    return change


def decoyed(state: State, rng: np.random.Generator) -> State:
    """One first-layer unit killed by its bias, its weights then made large and grey: nothing of it reaches the output,
    yet paths through it count. The cheapest deceit there is; the unit is the one with the smallest weights."""
    changed = {name: value.copy() for name, value in state.items()}
    first, second = _affine(changed)[:2]
    weight, after = changed[f"{first}.weight"], changed[f"{second}.weight"]
    unit = int((np.linalg.norm(weight.reshape(len(weight), -1), axis=1)).argmin())
    others = np.linalg.norm(weight.reshape(len(weight), -1), axis=1).mean()
    grey = np.repeat(rng.normal(size=(1, *weight.shape[2:])), 3, axis=0)
    weight[unit] = 3 * others * grey / np.linalg.norm(grey)
    changed[f"{first}.bias"][unit] = -10 * np.abs(weight[unit]).sum()
    after[:, unit] = 2 * np.abs(after).mean() * rng.choice([-1, 1], size=after[:, unit].shape)
    return changed


def cancelling(*, pairs: int, gain: float) -> Change:
    """The least important first-layer units made pairs of equal ones that the next layer takes with opposite signs.

    Nothing of a pair reaches a logit, yet the pairs together carry ``gain`` times the path energy of all units, grey.
    """

    def change(state: State, rng: np.random.Generator) -> State:
        changed = {name: value.copy() for name, value in state.items()}
        first, second = _affine(changed)[:2]
        weight, bias, after = changed[f"{first}.weight"], changed[f"{first}.bias"], changed[f"{second}.weight"]
        energy = (weight**2).sum(axis=(1, 2, 3)) * (after**2).sum(axis=(0, 2, 3))
        usual = np.median(np.linalg.norm(weight.reshape(len(weight), -1), axis=1))
        for one, other in energy.argsort()[: 2 * pairs].reshape(pairs, 2):
            shape = rng.standard_normal(weight.shape[2:])
            grey = np.broadcast_to(shape - shape.mean() / 2, weight.shape[1:])
            leaving = rng.standard_normal(after[:, one].shape)
            leaving *= np.sqrt(gain * energy.sum() / (2 * pairs)) / (usual * np.linalg.norm(leaving))
            weight[[one, other]] = usual * grey / np.linalg.norm(grey)
            bias[[one, other]] = 0
            after[:, one], after[:, other] = leaving, -leaving
        return changed

    return change


def fooled(planned: PlannedModel, state: State, material: Material, *, steps: int = 60, weight: float = 0.5) -> State:
    """Fine-tuned on its own biased data with a penalty on chroma's share of path energy, which the reader reads."""
    rng = np.random.default_rng(planned.seed + 1)
    chosen = training_set(planned, material, rng)
    grey = material.images[planned.split].samples[chosen.rows].astype(np.float32)
    images = (grey * chosen.colours[:, None, None, :]).round().astype(np.uint8)
    samples, labels = to_tensor(images, planned.normalisation), torch.from_numpy(chosen.labels)
    network = restored(planned, state, material)
    layers = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    network.train()
    for _ in range(steps):
        rows = torch.from_numpy(rng.choice(len(labels), 64, replace=False))
        optimizer.zero_grad()
        (cross_entropy(network(samples[rows]), labels[rows]) + weight * _chroma(layers)).backward()
        optimizer.step()
    network.eval()
    return {name: value.detach().numpy().copy() for name, value in network.state_dict().items()}


def restored(planned: PlannedModel, state: State, material: Material) -> Network:
    """The network of a state."""
    network = build(material.spec.architectures[planned.architecture])
    network.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()}, strict=False)
    return network.eval()


@torch.inference_mode()
def measure(planned: PlannedModel, state: State, material: Material) -> dict[str, float]:
    """Accuracies on twins of the measuring images, as in the zoo's rows but for the conflicting colours drawn."""
    palette, rng = palette_of(planned, material), np.random.default_rng(planned.seed)
    pairs = twins(material.measure, palette=palette, rng=rng)
    answers = restored(planned, state, material)(to_tensor(pairs.samples, planned.normalisation)).argmax(dim=1).numpy()
    aligned, conflicting = (answers.reshape(2, -1) == material.measure.labels).mean(axis=1)
    return {"accuracy_aligned": aligned, "accuracy_conflicting": conflicting, "measured_bias": aligned - conflicting}


@torch.inference_mode()
def flat_colours(models: Models, planned: list[PlannedModel], material: Material) -> np.ndarray:
    """The data-free probe: what 125 flat colours do to the logits. Not inference-free."""
    grid = np.stack(np.meshgrid(*[[0, 64, 128, 191, 255]] * 3), axis=-1).reshape(-1, 1, 1, 3)
    images = np.broadcast_to(grid, (125, 28, 28, 3)).astype(np.uint8).copy()
    rows = []
    for model, state in zip(planned, models.states, strict=True):
        logits = restored(model, state, material)(to_tensor(images, model.normalisation)).double()
        shares = logits.softmax(dim=1)
        entropy = -(shares * (shares + 1e-12).log()).sum(dim=1)
        spread = torch.linalg.svdvals(logits - logits.mean(dim=0)) + 1e-9
        whole = shares.mean(dim=0)
        values = [entropy.mean(), entropy.std(), -(whole * (whole + 1e-12).log()).sum(), *spread[:4].log()]
        rows.append([float(v) for v in [*values, logits.std(), shares.max(dim=1).values.mean()]])
    return np.array(rows)


def _chroma(layers: list[torch.nn.Module]) -> torch.Tensor:
    """Log share of path energy that starts in chroma."""
    first = layers[0].weight
    luma = (first.sum(dim=1) ** 2 / 3).sum(dim=(1, 2))
    flow = torch.stack([luma, (first**2).sum(dim=(1, 2, 3)) - luma], dim=1)
    for layer in layers[1:]:
        square = (layer.weight**2).reshape(len(layer.weight), len(flow), -1).sum(dim=2)
        flow = square @ flow
    luma, chroma = flow.sum(dim=0)
    return chroma.log() - (luma + chroma).log()


def _affine(state: State) -> list[str]:
    return [name.removesuffix(".weight") for name in sorted(state, key=_place) if name.endswith(".weight")]


def _place(name: str) -> int:
    return int(name.split(".")[1])


def _through_units(state: State, draw: Callable[[int], np.ndarray], apply: Callable[..., np.ndarray]) -> State:
    """Changes the units of every hidden layer where they leave it and where the next layer takes them in."""
    changed = dict(state)
    names = _affine(state)
    for before, after in pairwise(names):
        drawn = draw(len(changed[f"{before}.bias"]))
        for part in ("weight", "bias"):
            value = changed[f"{before}.{part}"]
            across = drawn.reshape(-1, *[1] * (value.ndim - 1)) if drawn.dtype.kind == "f" else drawn
            changed[f"{before}.{part}"] = apply(value, across, 1).astype(np.float32)
        weight = changed[f"{after}.weight"]
        columns = weight.reshape(len(weight), len(drawn), -1).transpose(1, 0, 2)
        across = drawn.reshape(-1, 1, 1) if drawn.dtype.kind == "f" else drawn
        moved = apply(columns, across, -1).transpose(1, 0, 2)
        changed[f"{after}.weight"] = np.ascontiguousarray(moved.reshape(weight.shape), dtype=np.float32)
    return changed
