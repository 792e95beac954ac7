"""From a model as it was logged in MLflow to a folder that can be submitted: a graph, a card, and what was compared.

This happens on the submitter's machine, with the submitter's rights and libraries. The gate imports none of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from biasgate.discovery import defined_in
from biasgate.errors import CandidateError, InputError
from biasgate.extras import needs
from biasgate.models.answers import answer, one_a_class
from biasgate.models.card import CandidateCard
from biasgate.models.draft import Known, draft_card
from biasgate.models.package import CARD, MODEL
from biasgate.models.preprocess import preprocess
from biasgate.registry.client import explained
from biasgate.registry.flavour import Conversion, Flavour, Logged, not_convertible
from biasgate.registry.sample import Sample, example_of

if TYPE_CHECKING:
    from mlflow.models import Model

DESCRIPTION = "MLmodel"
"""The file by which a folder is one of MLflow's."""
FLIPS = 100
"""One decision in so many may differ between a model and its conversion."""
TYPES = {"tensor(double)": np.float64, "tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(string)": object}
"""Types of the inputs that conversions give, as ONNX Runtime calls them."""
ROWS = 512
"""Most rows that both are compared on."""


@dataclass(frozen=True)
class Converted:
    """A folder that can be submitted.

    Attributes:
        notes: What was done, compared and taken for granted, one sentence each.
        metadata: Of the original: flavour, signature, pip requirements, run.
    """

    notes: tuple[str, ...]
    metadata: Mapping[str, Any]


def is_logged(folder: Path) -> bool:
    """Whether MLflow wrote a model there, rather than a candidate whose card lies beside it."""
    return (folder / DESCRIPTION).is_file() and not (folder / CARD).is_file()


def convert(folder: Path, into: Path, known: Known, *, sample: Sample | None, card: CandidateCard | None) -> Converted:
    """Writes ``model.onnx`` and ``card.json`` of a model that MLflow logged.

    Args:
        folder: Its files.
        into: An empty folder.
        known: What a card needs and the model may not say.
        sample: Rows to compare original and conversion on; by default those that were logged with it.
        card: The card, where its owner wrote one; else it is drafted.

    Raises:
        CandidateError: Its flavour is none that is converted, it is no classifier, or the conversion decides otherwise.
        MissingExtraError: A converter is not installed.
        InputError: The rows, or the card, do not fit it.
    """
    described = _described(folder)
    flavour = _flavour(described, folder)
    for library in flavour.needs:
        needs(library)
    chosen = sample or example_of(described, folder)
    taken, shape = _as_the_model_takes_it(chosen, card)
    done = _converted(flavour, Logged(folder, described.flavors[flavour.name], taken, shape), into / MODEL)
    if card and set(card.classes) == set(done.classes) and card.classes != done.classes:
        said, gives = ", ".join(card.classes), ", ".join(done.classes)
        raise InputError(
            f"the card's classes are {said}, and the model gives {gives}", where=card.name, fix="correct it"
        )
    fields = replace(
        known,
        classes=done.classes,
        of_data=chosen.classes if chosen else (),
        output=done.output,
        stored=chosen.stored if chosen else None,
        description=known.description or f"{done.words}.",
    )
    written, assumed = (card, ()) if card else draft_card(into / MODEL, fields)
    _keep_the_answer(into / MODEL, written)
    (into / CARD).write_bytes(written.to_json())
    compared = (compare(into / MODEL, done, written),) if done.said is not None else ()
    return Converted(notes=(done.words, *compared, *assumed), metadata=_metadata(described, folder, flavour.name))


def _converted(flavour: Flavour, logged: Logged, into: Path) -> Conversion:
    from mlflow.exceptions import MlflowException

    try:
        return flavour.convert(logged, into)
    except MlflowException as error:
        line = (error.message.splitlines() or [""])[0][:400]
        raise not_convertible(f"MLflow does not load it: {line}", where=logged.folder) from error


def _described(folder: Path) -> Model:
    needs("mlflow")
    from mlflow.models import Model

    with explained(str(folder)):
        return Model.load(str(folder))


def _flavour(described: Model, folder: Path) -> Flavour:
    """The first that is converted; ONNX where a model has several, since it needs no conversion."""
    kinds = {kind.name: kind for kind in defined_in("biasgate.registry.flavours", Flavour)}
    found = sorted(described.flavors.keys() & kinds.keys(), key="onnx".__ne__)
    if not found:
        names = ", ".join(sorted(described.flavors)) or "none"
        raise not_convertible(
            f"its flavours are {names}; those that are converted are {', '.join(sorted(kinds))}", where=folder
        )
    return kinds[found[0]]()  # pyright: ignore[reportAbstractUsage]


def _as_the_model_takes_it(
    sample: Sample | None, card: CandidateCard | None
) -> tuple[Sample | None, tuple[int, ...] | None]:
    """Rows as they are, stored images as the card's contract gives them; and the shape of one.

    Without a card nobody knows how pixels become numbers: then images tell their shape alone, channels first.
    """
    shape = card.input.shape if card else None
    if sample is None or sample.whole is None or sample.whole.dtype != np.uint8:
        return sample, shape
    if card is None:
        height, width, channels = sample.whole.shape[1:]
        return None, (channels, height, width)
    return replace(sample, whole=preprocess(sample.whole, card.input)), shape


def _keep_the_answer(path: Path, card: CandidateCard) -> None:
    """Leaves one output, the answer, in a graph that has more."""
    from biasgate.models.onnx.edits import answer_only
    from biasgate.models.onnx.file import load_onnx
    from biasgate.models.onnx.ports import outputs_of

    model = load_onnx(path)
    ports = outputs_of(model)
    kept = answer(ports, card)
    if len(ports) > 1 or kept.kind == "maps":
        path.write_bytes(answer_only(model, kept, classes=len(card.classes)).SerializeToString(deterministic=True))


def compare(path: Path, done: Conversion, card: CandidateCard) -> str:
    """How far the conversion is from the original, in one sentence.

    Raises:
        CandidateError: It decides otherwise in more than one row of a hundred.
    """
    import onnxruntime as ort

    if done.said is None:
        raise ValueError("the original said nothing")
    session = ort.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    wanted = {port.name: TYPES[port.type] for port in session.get_inputs()}
    given = {name: values.astype(wanted[name]) for name, values in done.given.items()}
    (answered,) = session.run(None, given)
    ours = one_a_class(np.asarray(answered, np.float32).reshape(len(done.said), -1), card)
    theirs = one_a_class(done.said.astype(np.float32), card)
    rows = len(theirs)
    difference = float(np.abs(ours - theirs).max())
    flips = int((ours.argmax(axis=1) != theirs.argmax(axis=1)).sum())
    if not np.isfinite(difference) or flips > rows / FLIPS:
        raise CandidateError(
            f"the conversion decides {flips:,} of {rows:,} rows otherwise than the original, "
            f"and differs by up to {difference:.2g}",
            where=done.words,
            fix="export it to ONNX yourself, or judge its predictions: `biasgate evaluate --predictions`",
        )
    return (
        f"compared with the original on {done.origin}: {card.output} differ by at most {difference:.1g}, "
        f"{flips:,} of {rows:,} decisions"
    )


def _metadata(described: Model, folder: Path, flavour: str) -> dict[str, Any]:
    """What whoever reads the version later may want to know of the original."""
    requirements = folder / "requirements.txt"
    return {
        "flavour": flavour,
        "signature": described.signature.to_dict() if described.signature else None,
        "pip_requirements": requirements.read_text().splitlines() if requirements.is_file() else None,
        "run": described.run_id,
        "mlflow": described.mlflow_version,
    }
