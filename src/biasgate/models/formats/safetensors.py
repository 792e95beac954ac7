"""Weights out of named tensors: a safetensors file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from biasgate.errors import CandidateError
from biasgate.models.files import check_file
from biasgate.models.order import in_order
from biasgate.models.weights import LayerWeights, as_float32, fold, layer

NORM_EPSILON = 1e-5
"""ε of batch normalisation, which tensors alone do not tell: torch's and ONNX's default."""

Tensors = Mapping[str, NDArray[np.float32]]


def read_safetensors(path: Path) -> tuple[LayerWeights, ...]:
    """The layers of a safetensors file, in the order of the forward pass as names and shapes tell it.

    Raises:
        CandidateError: The file is broken, or its tensors are no dense layers and 2-D convolutions in that order.
    """
    return layers_of(read_tensors(path, where=str(path)), where=str(path))


def read_tensors(path: Path, *, where: str) -> Tensors:
    """The float tensors of a safetensors file, by name; counters of batch normalisation are left out.

    Args:
        path: The file.
        where: Named in errors.

    Raises:
        CandidateError: The file is broken, or holds tensors of another type.
    """
    from safetensors import SafetensorError, safe_open

    found: dict[str, NDArray[np.float32]] = {}
    try:
        with safe_open(check_file(path), framework="numpy") as file:
            for name in file.keys():  # noqa: SIM118
                if name.endswith("num_batches_tracked"):
                    continue
                if (kind := file.get_slice(name).get_dtype()) not in ("F16", "F32", "F64"):
                    raise CandidateError(f"tensor {name!r} is {kind}; weights are read as F16, F32 or F64", where=where)
                found[name] = as_float32(name, file.get_tensor(name), where=where)
    except (SafetensorError, OSError, ValueError) as error:
        raise CandidateError(f"not a safetensors file: {error}", where=where, fix="save it again") from error
    return found


def layers_of(tensors: Tensors, *, where: str) -> tuple[LayerWeights, ...]:
    """Layers as names and shapes order them (see ``in_order``), batch normalisation folded into the convolution before.

    Raises:
        CandidateError: A tensor is no weight, bias or batch statistic, or the layers cannot follow one another.
    """
    layers: list[LayerWeights] = []
    previous = ""
    for module, parts in _modules(tensors).items():
        if "running_mean" in parts:
            if not layers or not _adjacent(previous, module):
                raise _fault(f"batch normalisation {module!r} does not follow a convolution", where)
            layers[-1] = _fold(layers[-1], module, parts, where=where)
        elif "weight" in parts and parts.keys() <= {"weight", "bias"}:
            layers.append(layer(module, parts["weight"], parts.get("bias"), where=where))
        else:
            raise _fault(f"tensors {sorted(parts)[:5]} of {module!r} are no layer that is read here", where)
        previous = module
    if not layers:
        raise CandidateError("the file has no weights", where=where)
    return in_order(layers, where=where)


def _modules(tensors: Tensors) -> dict[str, dict[str, NDArray[np.float32]]]:
    """Tensors by module, ``{"conv1": {"weight": …, "bias": …}}``, in natural order: ``2`` before ``10``."""
    modules: dict[str, dict[str, NDArray[np.float32]]] = {}
    for name in sorted(tensors, key=_natural):
        module, _, part = name.rpartition(".")
        modules.setdefault(module, {})[part] = tensors[name]
    return modules


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d{1,9})", name)]


def _adjacent(before: str, after: str) -> bool:
    """False when numbered names show that something without weights lies between two modules."""
    (parent, _, first), (other, _, second) = before.rpartition("."), after.rpartition(".")
    numbered = parent == other and first.isdecimal() and second.isdecimal()
    return not numbered or int(second) == int(first) + 1


def _fold(conv: LayerWeights, module: str, parts: Tensors, *, where: str) -> LayerWeights:
    if set(parts) != {"weight", "bias", "running_mean", "running_var"}:
        raise _fault(f"batch normalisation {module!r} lacks tensors", where)
    return fold(
        conv,
        scale=parts["weight"],
        shift=parts["bias"],
        mean=parts["running_mean"],
        variance=parts["running_var"],
        epsilon=NORM_EPSILON,
        where=where,
    )


def _fault(what: str, where: str) -> CandidateError:
    return CandidateError(what, where=where, fix="give the model as ONNX, whose graph says what follows what")
