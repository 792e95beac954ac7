"""How stored samples reach a graph: which of its inputs takes what, and in which type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from biasgate.errors import CandidateError, InputError
from biasgate.models.card import InputContract
from biasgate.models.onnx.ports import Port, listed
from biasgate.models.preprocess import preprocess

Rows = slice | NDArray[np.int64]

TYPES = ("float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool", "string")
"""Types of values that a model may take."""
MAX_INPUTS = 1_000
"""Most inputs of a graph: one a column of a table."""


class Samples(Protocol):
    """Images ``[n, height, width, channels]`` or rows ``[n, features]``: an array, or what gives rows like one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """As an array has it."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Rows, /) -> NDArray[Any]: ...


@dataclass(frozen=True, eq=False)
class Feed:
    """What one input of a graph takes.

    Attributes:
        name: Of the input.
        dtype: Type of its values, as numpy spells it.
        shape: Of one sample.
        values: The samples of some rows ``[n, *shape]``.
        batch: Samples that it takes at once, where the graph fixes them.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    values: Callable[[Rows], NDArray[Any]]
    batch: int | None


def feeds(
    ports: Sequence[Port],
    contract: InputContract,
    samples: Samples,
    columns: Mapping[str, NDArray[Any]],
    *,
    where: str,
) -> list[Feed]:
    """One feed an input: the samples for a graph with one, columns of a table by their names for one with several.

    A column may hold numbers, text or truth ``[n]``, or numbers of equal length a row ``[n, length]`` (tokens).

    Args:
        ports: The graph's inputs.
        contract: The card's.
        samples: As stored.
        columns: Of a table, by name; none for images.
        where: The candidate, named in errors.

    Raises:
        InputError: The samples do not fit the contract.
        CandidateError: The inputs are not what the card and the data give; names what was found and expected.
    """
    if not 0 < len(ports) <= MAX_INPUTS:
        raise CandidateError(f"it takes {len(ports)} inputs; 1 to {MAX_INPUTS:,} can be given", where=where)
    if unread := [port for port in ports if port.kind not in TYPES]:
        raise CandidateError(f"inputs of a type that is not read: {listed(unread)}", where=where)
    if len(ports) == 1 and (ports[0].name not in columns or _takes_all(ports[0], contract)):
        return [_one(ports[0], contract, samples, where=where)]
    if (contract.scale, contract.mean, contract.std) != (1.0, (0.0,), (1.0,)):
        raise CandidateError(
            f"it takes {len(ports)} inputs, which scale, mean and std of the card do not tell apart",
            where=where,
            fix="leave them out, and let the graph scale its inputs",
        )
    if missing := [port for port in ports if port.name not in columns]:
        raise CandidateError(
            f"it takes {listed(ports)}; the data has no column for {listed(missing)}",
            where=where,
            fix=f"name the inputs as the data's columns ({', '.join(columns) or 'none'}), or export one input of all",
        )
    return [_column(port, columns[port.name], where=where) for port in ports]


def _one(port: Port, contract: InputContract, samples: Samples, *, where: str) -> Feed:
    """All of a sample in one tensor."""
    preprocess(samples[:1], contract)
    if port.kind == "string":
        raise CandidateError(f"it takes text, {port}, and the data gives numbers", where=where)
    if not _fits(port, contract.shape):
        raise CandidateError(
            f"it takes {port}; the card's input contract gives {contract.layout} {['batch', *contract.shape]}",
            where=where,
            fix=_advice(port, contract),
        )

    def values(rows: Rows) -> NDArray[Any]:
        return as_type(preprocess(samples[rows], contract), port, where=where)

    return Feed(port.name, port.kind, contract.shape, values, _batch(port))


def _takes_all(port: Port, contract: InputContract) -> bool:
    """Whether a graph's only input takes a whole row, though it is called like a column."""
    return port.kind != "string" and _fits(port, contract.shape)


def _column(port: Port, column: NDArray[Any], *, where: str) -> Feed:
    """A column of a table, as ``[n]`` or ``[n, 1]``, or rows of equal length."""
    shape = column.shape[1:]
    if not shape and (port.shape is None or len(port.shape) == 2):
        shape = (1,)
    if not _fits(port, shape):
        raise CandidateError(
            f"it takes {port}; the data's column gives {['batch', *shape]}", where=where, fix="export it for this data"
        )
    if (port.kind == "string") != (column.dtype.kind == "U"):
        kind = "text" if column.dtype.kind == "U" else "numbers"
        raise CandidateError(
            f"it takes {port}; the data's column holds {kind}",
            where=where,
            fix=f"declare {port.name!r} as {'categorical' if kind == 'numbers' else 'numeric'} in the data source",
        )

    def values(rows: Rows) -> NDArray[Any]:
        return as_type(column[rows].reshape(-1, *shape), port, where=where)

    return Feed(port.name, column.dtype.str if port.kind == "string" else port.kind, shape, values, _batch(port))


def as_type(values: NDArray[Any], port: Port, *, where: str) -> NDArray[Any]:
    """Values in the type that an input takes.

    Raises:
        InputError: The type would change a value: it is not whole, or out of range.
    """
    if port.kind == "string":
        return values
    with np.errstate(over="ignore", invalid="ignore"):
        converted = values.astype(port.kind)
    if converted.dtype.kind != "f" and not np.array_equal(converted.astype(np.float64), values.astype(np.float64)):
        raise InputError(
            f"the input {port.name[:80]!r} takes {port.kind}, and the data has values that are none",
            where=where,
            fix="give whole numbers, or export the model for float32",
        )
    return converted


def _fits(port: Port, shape: tuple[int, ...]) -> bool:
    if port.shape is None:
        return True
    return len(port.shape) == len(shape) + 1 and all(
        axis in (None, size) for axis, size in zip(port.shape[1:], shape, strict=True)
    )


def _batch(port: Port) -> int | None:
    return port.shape[0] if port.shape else None


def _advice(port: Port, contract: InputContract) -> str:
    """The card that would fit, where another order of axes is all that differs."""
    turned = other_layout([port], contract)
    return f"say in the card: {turned}" if turned else "correct the card's shape, or export the model for it"


def other_layout(ports: Sequence[Port], contract: InputContract) -> str | None:
    """What a card says of images whose channels lie at the other end, where the graph's axes leave that open."""
    shape = contract.shape
    turned = (*shape[1:], shape[0]) if contract.layout == "NCHW" else (shape[-1], *shape[:-1])
    if contract.layout == "rows" or not _fits(ports[0], turned):
        return None
    return f"layout {'NHWC' if contract.layout == 'NCHW' else 'NCHW'}, shape {list(turned)}"
