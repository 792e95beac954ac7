"""Which of a graph's outputs is its answer, and what that answer is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from biasgate.errors import CandidateError
from biasgate.models.card import CandidateCard
from biasgate.models.onnx.ports import Port, listed

_NAMES = {"logits": ("logit",), "probabilities": ("prob",)}
"""What the names of an output that gives these have in them."""
_SUM = 1e-3
_ROWS = 8
"""Fewest samples from whose outputs it is told what they are."""


def answer(ports: Sequence[Port], card: CandidateCard) -> Port:
    """The output that gives one number a class: the only one that can, or the one that is named like what it gives.

    Raises:
        CandidateError: None can, or several do; names all outputs.
    """
    fitting = [port for port in ports if _fits(port, card)]
    if len(fitting) > 1:
        fitting = [port for port in fitting if any(sign in port.name.lower() for sign in _NAMES[card.output])]
    if len(fitting) != 1:
        what = "several outputs" if fitting else "no output"
        raise CandidateError(
            f"it gives {listed(ports)}; {what} can be {card.output} of {len(card.classes)} classes",
            where=card.name,
            fix=f"export one float output [batch, {len(card.classes)}], or name it {card.output!r}",
        )
    return fitting[0]


def _fits(port: Port, card: CandidateCard) -> bool:
    """Numbers, one a class; for two classes one number, that of the second, will do."""
    if port.kind == "maps":
        return card.output == "probabilities"
    if port.kind not in ("float32", "float64", "float16"):
        return False
    columns = (None, 1, len(card.classes)) if one_is_enough(card) else (None, len(card.classes))
    if port.shape is None:
        return True
    return (len(port.shape) == 2 and port.shape[1] in columns) or (len(port.shape) < 2 and one_is_enough(card))


def one_is_enough(card: CandidateCard) -> bool:
    """Whether a model may give the second class's number alone."""
    return len(card.classes) == 2 and card.task != "multilabel"


def one_a_class(outputs: NDArray[np.float32], card: CandidateCard) -> NDArray[np.float32]:
    """Outputs ``[n, classes]``; a single column is the second class's, the first has what is left.

    For probabilities that is 1 − p, for logits 0, since σ(z) = softmax(0, z).
    """
    if outputs.shape[1] == len(card.classes):
        return outputs
    other = 1 - outputs if card.output == "probabilities" else np.zeros_like(outputs)
    return np.concatenate([other, outputs], axis=1)


def check_kind(outputs: NDArray[np.float32], card: CandidateCard) -> None:
    """Refuses probabilities that are none, and logits that are probabilities.

    Args:
        outputs: Of samples, ``[n, classes]``, or ``[n, 1]`` for the second of two classes.
        card: What they are said to be.

    Raises:
        CandidateError: They are the other kind.
    """
    one_by_one = outputs.shape[1] == 1 or card.task == "multilabel"
    in_range = bool(((outputs >= -_SUM) & (outputs <= 1 + _SUM)).all())
    if card.output == "probabilities" and not (in_range and (one_by_one or _add_up(outputs))):
        low, high = float(outputs.min()), float(outputs.max())
        what = "do not add up to one" if in_range else f"reach from {low:.3g} to {high:.3g}"
        raise CandidateError(
            f"the card says probabilities, and its outputs {what}", where=card.name, fix="say output: logits"
        )
    sigmoids = one_by_one and bool(((outputs > 0) & (outputs < 1)).all())
    if card.output == "logits" and len(outputs) >= _ROWS and (sigmoids or (in_range and _add_up(outputs))):
        raise CandidateError(
            "the card says logits, and its outputs look like probabilities: all lie between 0 and 1"
            + ("" if one_by_one else " and add up to one"),
            where=card.name,
            fix="say output: probabilities",
        )


def _add_up(outputs: NDArray[np.float32]) -> bool:
    return bool(np.allclose(outputs.sum(axis=1), 1, atol=_SUM))
