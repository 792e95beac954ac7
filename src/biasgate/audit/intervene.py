"""The do-operator on declared architectures, and the control arms beside it."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

from biasgate.audit.spec import AuditSpec, Control, Intervention
from biasgate.documents import Document
from biasgate.errors import InputError
from biasgate.models.architecture import Architecture
from biasgate.models.layer import Layer

Value: TypeAlias = int | float | str
Change: TypeAlias = Callable[[Any], Layer]
WIDEST = 4096


class Arm(Document):
    """One architecture of the experiment.

    Attributes:
        name: For people.
        role: The intervention itself, or the control that stands beside it.
        value: Of the intervention that it is, or is compared with.
        architecture: What is trained.
        parameters: Trainable numbers of it.
    """

    name: str
    role: Literal["do"] | Control
    value: Value
    architecture: Architecture
    parameters: int


def arms(spec: AuditSpec) -> tuple[Arm, ...]:
    """All arms of an experiment: one a value, then the controls of every value but the reference.

    Raises:
        InputError: A value cannot be set, or has no such control.
    """
    base, intervention = spec.architecture, spec.intervention
    others = [value for value in intervention.values if value != intervention.reference]
    made = [_arm("do", value, do(base, intervention, value), intervention) for value in intervention.values]
    for control in spec.controls:
        change = spread if control == "receptive_field" else widen
        made += [_arm(control, value, change(base, intervention, value), intervention) for value in others]
    return tuple(made)


def do(architecture: Architecture, intervention: Intervention, value: Value) -> Architecture:
    """The architecture with the intervention's field set to ``value``.

    Where a convolution's reach changes, its padding follows so that its output keeps its size: all later layers are
    then the same in every arm.

    Raises:
        InputError: There is no such layer or field, the value is not allowed, or no padding keeps the size.
    """
    return _changed(architecture, intervention, lambda layer: _set(layer, **{intervention.field: value}))


def spread(architecture: Architecture, intervention: Intervention, value: Value) -> Architecture:
    """The reference kernel, dilated to the receptive field of a kernel of ``value``.

    Raises:
        InputError: No whole dilation gives this reach.
    """
    reference = int(intervention.reference)
    dilation, rest = divmod(int(value) - 1, max(reference - 1, 1))
    if rest or reference == 1 or dilation < 1:
        raise InputError(f"no dilation spreads a kernel of {reference} over {value} pixels", where="controls")
    return _changed(architecture, intervention, lambda layer: _set(layer, kernel=reference, dilation=dilation))


def widen(architecture: Architecture, intervention: Intervention, value: Value) -> Architecture:
    """The reference kernel, in layers of so many more filters that the parameters come nearest those of ``value``."""
    narrow = do(architecture, intervention, intervention.reference)
    wanted = count(do(architecture, intervention, value))
    widest = max(layer.out for layer in _alike(narrow, intervention))

    def wider(out: int) -> Architecture:
        return _changed(narrow, intervention, lambda layer: _set(layer, out=max(1, round(layer.out * out / widest))))

    above = bisect_left(range(1, WIDEST), wanted, key=lambda out: count(wider(out))) + 1
    return min((wider(out) for out in (max(above - 1, 1), above)), key=lambda made: abs(count(made) - wanted))


def count(architecture: Architecture) -> int:
    """Trainable numbers of an architecture.

    Raises:
        InputError: Its layers do not fit one another.
    """
    import torch

    from biasgate.models.network import build, parameter_count

    with torch.device("meta"):
        return parameter_count(build(architecture))


def _arm(role: Literal["do"] | Control, value: Value, architecture: Architecture, intervention: Intervention) -> Arm:
    names = {
        "do": f"{intervention.field} {value}",
        "receptive_field": f"{intervention.reference} dilated to {value}",
        "parameters": f"{intervention.reference} as wide as {value}",
    }
    return Arm(name=names[role], role=role, value=value, architecture=architecture, parameters=count(architecture))


def _set(layer: Layer, **fields: Value) -> Layer:
    return layer.with_settings(where=f"intervention, {layer.kind}", **fields)


def _changed(architecture: Architecture, intervention: Intervention, change: Change) -> Architecture:
    """The architecture with the intervention's layers changed."""
    chosen, places = set(_places(architecture, intervention)), itertools.count()

    def changed(part: Layer) -> Layer:
        return change(part) if part.kind == intervention.layer and next(places) in chosen else part

    layers = tuple(layer.with_parts([changed(part) for part in layer.parts]) for layer in architecture.layers)
    return architecture.model_copy(update={"layers": layers})


def _places(architecture: Architecture, intervention: Intervention) -> Sequence[int]:
    """The layers that the intervention is on, counted among those of its kind."""
    alike = len(_alike(architecture, intervention))
    match intervention.which:
        case "first":
            places: Sequence[int] = (0,)
        case "all":
            places = range(max(alike, 1))
        case places:
            pass
    if missing := [place for place in places if not 0 <= place < alike]:
        fix = f"{architecture.name} has {alike} layers of the kind {intervention.layer}, counted from 0"
        raise InputError(f"there is no {intervention.layer} layer {missing[0]}", where="intervention", fix=fix)
    return places


def _alike(architecture: Architecture, intervention: Intervention) -> list[Any]:
    """The layers of the intervention's kind, those inside residual blocks too, in the order of the forward pass."""
    parts = itertools.chain.from_iterable(layer.parts for layer in architecture.layers)
    return [part for part in parts if part.kind == intervention.layer]
