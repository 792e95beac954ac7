"""Documents by their source: a text itself, a file, a URI, or the name of one that comes with biasgate."""

from __future__ import annotations

import os
from importlib.resources.abc import Traversable
from typing import TypeVar

from biasgate.documents import Document
from biasgate.errors import InputError
from biasgate.storage.store import read_bytes

LIMIT = 1_000_000
"""Largest document that is read, in bytes."""
Kind = TypeVar("Kind", bound=Document)


def built_in_names(built_in: Traversable) -> tuple[str, ...]:
    """Names of the YAML files in a folder of the package."""
    return tuple(sorted(file.name.removesuffix(".yaml") for file in built_in.iterdir()))


def is_text(source: str) -> bool:
    """Whether a source is a document itself, of several lines or a mapping in braces, and no name, path or URI."""
    return "\n" in source or source.lstrip().startswith("{")


def source_text(source: str, *, built_in: Traversable | None = None) -> str:
    """The source itself when it is a document, else a built-in document's text or that of a file or URI.

    Args:
        source: What a user gave.
        built_in: The folder of the package whose files go by their names, without ``.yaml``.

    Raises:
        InputError: There is no such file, it is too large, or it is no text.
        ServiceError: S3 is out of reach.
    """
    if is_text(source):
        return source
    names = built_in_names(built_in) if built_in else ()
    if built_in and source in names:
        return built_in.joinpath(f"{source}.yaml").read_text(encoding="utf-8")
    if names and "://" not in source and not os.path.lexists(source):
        raise InputError("there is no such file, and no built-in one of this name", where=source, fix=_instead(names))
    try:
        return read_bytes(source, limit=LIMIT).decode()
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8 text", where=source) from error


def _instead(names: tuple[str, ...]) -> str:
    return f"check the path, or take one of {', '.join(names)}"


def read_document(kind: type[Kind], source: str, *, built_in: Traversable | None = None) -> Kind:
    """The document in a text, a file or URI, or a built-in one by its name.

    Raises:
        InputError: It cannot be read, or a key or value is not what the schema says.
        ServiceError: S3 is out of reach.
    """
    where = f"the {kind.__name__} given as text" if is_text(source) else source
    return kind.parse(source_text(source, built_in=built_in), where=where)
