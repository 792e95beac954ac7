"""What fine-tuning changed: features of the difference between a model and the pretrained one that it started from.

Units correspond, so that nothing here has to be invariant to permuting or rescaling them; only the chroma plane is
still turned at will, since every model has a palette of its own. Groups, by prefix:

| group | reads |
|---|---|
| ``size`` | how far each layer's weights and biases moved, against what they were |
| ``first`` | of each first-layer unit: its change and its growth in luma and in chroma, by frequency band |
| ``unit`` | of each later unit: how far what enters it, what leaves it and its bias moved |
| ``path`` | the change of the linear path from colours to logits, whole and as each layer's change makes it by itself |
| ``class`` | of each class: the change of its chroma, of its flat luma, of its bias and of its template |
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain as joined

import numpy as np

from biasgate.detection.features.chain import Array, Link, chain
from biasgate.detection.features.class_template import class_template
from biasgate.detection.features.colour import BANDS, colour_bands, transform
from biasgate.detection.features.named import TINY
from biasgate.detection.features.signed_paths import onwards, signed_maps
from biasgate.models.weights import Weights

CHANGE_GROUPS = ("size", "first", "unit", "path", "class")
Named = Iterator[tuple[str, float]]


def change_features(tuned: Weights, pretrained: Weights) -> dict[str, float]:
    """All features of a change by name, ``<group>.<what>``; layers, units and classes count from 0."""
    new, old = chain(tuned), chain(pretrained)
    return dict(
        joined(
            _size(new, old),
            _first(new[0], old[0]),
            _unit(new, old),
            _path(new, old),
            _class(new, old),
            _template(class_template(tuned), class_template(pretrained), classes=len(old[-1].bias)),
        )
    )


def _size(new: tuple[Link, ...], old: tuple[Link, ...]) -> Named:
    for place, (after, before) in enumerate(zip(new, old, strict=True)):
        yield f"size.{place}.weight", _log(_power(after.weight - before.weight) / _power(before.weight))
        yield f"size.{place}.bias", _log(_power(after.bias - before.bias) / (_power(before.bias) + TINY))
        yield f"size.{place}.growth", _log(_power(after.weight) / _power(before.weight))


def _first(new: Link, old: Link) -> Named:
    after, before = (transform(link.weight, link.kernel) for link in (new, old))
    moved = colour_bands((after - before) ** 2, new.kernel)
    grown = _logs(colour_bands(after**2, new.kernel)) - _logs(colour_bands(before**2, new.kernel))
    for name, table in (("moved", _logs(moved)), ("grown", grown)):
        yield from _by_colour(f"first.{name}", table)
    yield from _by_colour("first.all", _logs(moved.sum(axis=0) / moved.sum())[None])


def _unit(new: tuple[Link, ...], old: tuple[Link, ...]) -> Named:
    for place, (after, before) in enumerate(zip(new, old, strict=True)):
        moved = ((after.weight - before.weight) ** 2).sum(axis=2)
        kinds = {"enters": moved.sum(axis=1), "leaves": moved.sum(axis=0), "bias": (after.bias - before.bias) ** 2}
        for kind, values in kinds.items():
            for unit, value in enumerate(_logs(values).tolist()):
                yield f"unit.{place}.{kind}.{unit}", value


def _path(new: tuple[Link, ...], old: tuple[Link, ...]) -> Named:
    before = _centred(signed_maps(old)[-1])
    parts = {"whole": _centred(signed_maps(new)[-1]) - before}
    parts |= {str(place): _centred(part) for place, part in enumerate(_by_layer(new, old))}
    scale = _power(before)
    for name, part in parts.items():
        table = colour_bands((part**2).sum(axis=0), old[0].kernel)
        yield from _by_colour(f"path.{name}", _logs(table / scale)[None])
        yield from _by_colour(f"path.{name}.share", _logs(table / table.sum())[None])
        axes = np.linalg.svd(part[:, 1:, 0], compute_uv=False)
        yield f"path.{name}.chroma_rank", _log(axes[1] / axes[0])
    yield "path.grown", _log(_power(before + parts["whole"]) / scale)


def _by_layer(new: tuple[Link, ...], old: tuple[Link, ...]) -> Iterator[Array]:
    """To first order, what each layer's change by itself does to the path ``[classes, 3, frequencies]``."""
    maps, onward = signed_maps(old), onwards(old)
    yield np.tensordot(onward[0], transform(new[0].weight - old[0].weight, old[0].kernel), axes=1)
    for place in range(1, len(old)):
        moved = np.tensordot(new[place].summed - old[place].summed, maps[place - 1], axes=1)
        yield np.tensordot(onward[place], moved, axes=1)


def _class(new: tuple[Link, ...], old: tuple[Link, ...]) -> Named:
    moved = _centred(signed_maps(new)[-1]) - _centred(signed_maps(old)[-1])
    kinds = {
        "chroma": (moved[:, 1:, 0] ** 2).sum(axis=1),
        "luma": moved[:, 0, 0] ** 2,
        "shape": (moved[:, 0, 1:] ** 2).sum(axis=1),
        "bias": (new[-1].bias - old[-1].bias) ** 2,
    }
    for kind, values in kinds.items():
        logs = np.sort(_logs(values))
        for rank, value in enumerate(logs.tolist()):
            yield f"class.{kind}.{rank}", value


def _template(new: dict[str, float], old: dict[str, float], *, classes: int) -> Named:
    """Cosines between the class templates, class by class, from the least alike, and of the whole."""
    after, before = (np.array(list(template.values())).reshape(classes, -1) for template in (new, old))
    alike = (after * before).sum(axis=1) / (np.linalg.norm(after, axis=1) * np.linalg.norm(before, axis=1) + TINY)
    for rank, value in enumerate(np.sort(alike).tolist()):
        yield f"class.template.{rank}", value
    yield "class.template", float((after * before).sum())


def _by_colour(name: str, tables: Array) -> Named:
    """Of ``[units, 2 (luma, chroma), 3 (bands)]``."""
    for (unit, colour, band), value in np.ndenumerate(tables):
        yield f"{name}.{unit}.{('luma', 'chroma')[colour]}_{BANDS[band]}", float(value)


def _centred(signed: Array) -> Array:
    return signed - signed.mean(axis=0)


def _power(values: Array) -> float:
    return float((values**2).sum())


def _log(ratio: float) -> float:
    return float(np.log(ratio + 1e-8))


def _logs(values: Array) -> Array:
    return np.log(values + 1e-8)
