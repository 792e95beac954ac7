"""A first draft of a card: what the graph and the data tell of a model; its owner corrects the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from biasgate.errors import CandidateError
from biasgate.models.answers import answer
from biasgate.models.card import CandidateCard, InputContract

if TYPE_CHECKING:
    import onnx

    from biasgate.models.onnx.ports import Port

PROBABLE = {"Softmax", "Sigmoid", "ZipMap", "LinearClassifier", "TreeEnsembleClassifier", "SVMClassifier", "Normalizer"}
"""Operators that give probabilities."""
SAME = {"Identity", "Cast", "Flatten", "Squeeze", "Reshape", "Concat"}
"""Operators that leave what numbers mean as it is."""
CHANNELS = (1, 3, 4)
UNKNOWN = "unknown"
"""Written for the digest of training data that nobody recorded."""


@dataclass(frozen=True)
class Known:
    """What is known of a model beside its graph.

    Attributes:
        name: Of the model in the registry.
        submitter: Who answers for it.
        classes: Names in the order of the outputs; none where nobody knows.
        of_data: Class names of the data, by index.
        output: What the outputs are, where they were seen.
        stored: Shape of one sample as the data stores it.
        training_data: Digest of what it was trained on.
        description: One paragraph.
    """

    name: str
    submitter: str
    classes: tuple[str, ...] = ()
    of_data: tuple[str, ...] = ()
    output: Literal["logits", "probabilities"] | None = None
    stored: tuple[int, ...] | None = None
    training_data: str = UNKNOWN
    description: str = ""


def draft_card(path: Path, known: Known) -> tuple[CandidateCard, tuple[str, ...]]:
    """The card that fits a graph, and what was taken for granted, one sentence each.

    Raises:
        CandidateError: The graph leaves open what a sample is, or which output is its answer.
        InputError: A value is none that a card can hold.
    """
    from biasgate.models.onnx.file import load_onnx_files
    from biasgate.models.onnx.ports import inputs_of, outputs_of

    model, _ = load_onnx_files(path)
    inputs, outputs = inputs_of(model), outputs_of(model)
    output = known.output or _output(model)
    classes, assumed = _classes(model, outputs, known)
    contract = _contract(inputs, known.stored, where=str(path))
    card = CandidateCard.build(
        {
            "name": known.name,
            "classes": classes,
            "output": output,
            "input": contract.model_dump(),
            "training_data": known.training_data,
            "submitter": known.submitter,
            "description": known.description,
        },
        where="the drafted card",
    )
    answer(outputs, card)
    notes = [*assumed]
    if len(contract.shape) == 3:
        notes.append("pixels are given as they are stored, 0 to 255: if it was trained on others, say scale, mean, std")
    if known.training_data == UNKNOWN:
        notes.append("nobody recorded what it was trained on")
    return card, tuple(notes)


def _output(model: onnx.ModelProto) -> Literal["logits", "probabilities"]:
    """What the last operator that changes the meaning of numbers gives."""
    makers = {name: node for node in model.graph.node for name in node.output}
    for value in model.graph.output:
        node = makers.get(value.name)
        while node is not None and node.op_type in SAME:
            node = makers.get(node.input[-1])
        if node is not None and node.op_type in PROBABLE:
            return "probabilities"
    return "logits"


def _classes(model: onnx.ModelProto, outputs: Sequence[Port], known: Known) -> tuple[tuple[str, ...], list[str]]:
    """Names in the order of the outputs, and what was assumed for them."""
    found = known.classes or _labels(model)
    counted = tuple(map(str, range(len(found) or _count(outputs) or len(known.of_data) or 2)))
    named = found or counted
    if set(named) == set(known.of_data) or not known.of_data:
        return named, [] if found else [f"the classes have no names: they are {', '.join(counted)}"]
    if named == counted and len(known.of_data) == len(counted):
        pairs = ", ".join(f"{number} is {name}" for number, name in zip(counted, known.of_data, strict=True))
        return known.of_data, [f"the model numbers its classes, and the data source names them: {pairs}"]
    raise CandidateError(
        f"the model's classes are {list(named)}, the data's {list(known.of_data)}",
        where=known.name,
        fix="correct the classes of the data source, or the model's",
    )


def _labels(model: onnx.ModelProto) -> tuple[str, ...]:
    """Names of classes that the graph's classifier holds."""
    for node in reversed(model.graph.node):
        for held in node.attribute:
            if held.name == "classlabels_strings" and held.strings:
                return tuple(name.decode(errors="replace") for name in held.strings)
            if held.name in ("classlabels_ints", "classlabels_int64s") and held.ints:
                return tuple(map(str, held.ints))
    return ()


def _count(outputs: Sequence[Port]) -> int | None:
    """How many classes the shape of the answer tells; one number is that of the second of two."""
    shapes = [port.shape for port in outputs if port.kind.startswith("float") and port.shape is not None]
    columns = [shape[1] if len(shape) == 2 else 1 for shape in shapes if len(shape) < 3]
    return max(columns[0] or 0, 2) if columns and columns[0] else None


def _contract(inputs: Sequence[Port], stored: tuple[int, ...] | None, *, where: str) -> InputContract:
    if len(inputs) != 1:
        width = stored[0] if stored and len(stored) == 1 else max(1, len(inputs))
        return InputContract(shape=(width,), layout="rows")
    (port,) = inputs
    axes = port.shape[1:] if port.shape else None
    if axes is not None and len(axes) == 3:
        return _image(port, axes, stored, where=where)
    shape = stored if stored and len(stored) == 1 else axes if axes is not None else None
    if shape is None or len(shape) > 1 or None in shape:
        raise CandidateError(
            f"its input {port} leaves open what a sample is", where=where, fix="give --data, or write card.json"
        )
    return InputContract(shape=tuple(filter(None, shape)) or (1,), layout="rows")


def _image(port: Port, axes: tuple[int | None, ...], stored: tuple[int, ...] | None, *, where: str) -> InputContract:
    """Channels first or last, whichever the axes say."""
    if stored and len(stored) == 3:
        turned = {"NCHW": (stored[2], *stored[:2]), "NHWC": stored}
        fitting = {
            layout: shape
            for layout, shape in turned.items()
            if all(axis in (None, size) for axis, size in zip(axes, shape, strict=True))
        }
    else:
        first, last = axes[0] in CHANNELS, axes[2] in CHANNELS
        fitting = {"NCHW": axes} if first and not last else {"NHWC": axes} if last and not first else {}
    if len(fitting) != 1 or None in (shape := next(iter(fitting.values()))):
        what = "fits channels first and last" if len(fitting) > 1 else "does not tell size and channels"
        fix = "write layout and shape into card.json" if len(fitting) > 1 else "give --data, or write card.json"
        raise CandidateError(f"its input {port} {what}", where=where, fix=fix)
    (layout,) = fitting
    return InputContract.build({"shape": shape, "layout": layout}, where=where)
