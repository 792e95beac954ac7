"""Documents at the borders: strict pydantic models with one canonical form and one digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from biasgate.errors import InputError
from biasgate.strict_json import read_json
from biasgate.strict_yaml import read_yaml
from biasgate.unknown_keys import unknown_key

LARGEST = 64_000_000
"""Most bytes of a document's file."""


def sha256(data: bytes) -> str:
    """The digest of bytes, written ``sha256:<hex>`` everywhere in biasgate."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys, no white space and no NaN: equal values have equal bytes.

    Raises:
        InputError: A number is NaN or infinite, or text has half of a surrogate pair.
    """
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError as error:
        raise InputError("text has a character that is half of a surrogate pair", fix="take it out") from error
    except ValueError as error:
        raise InputError(
            "a number is NaN or infinite", fix="measure it again; such a value is never written"
        ) from error


def _json_or_yaml(text: str | bytes) -> Any:
    """JSON is tried first because it is read a hundred times faster."""
    try:
        return read_json(text)
    except json.JSONDecodeError:
        return read_yaml(text)


class Document(BaseModel):
    """A value that crosses a border: unknown keys, NaN and infinities are refused, and it never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)

    def to_json(self) -> bytes:
        """The canonical form; optional fields without a value are left out."""
        return canonical_json(self.model_dump(mode="json", by_alias=True, exclude_none=True))

    @classmethod
    def parse(cls, text: str | bytes, *, where: str | None = None) -> Self:
        """Reads YAML or JSON text.

        Args:
            text: One document.
            where: The file or URI that it comes from, for errors.

        Raises:
            InputError: The text is no YAML, or a key or value is not what the schema says; names each one.
        """
        try:
            value = _json_or_yaml(text)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise InputError(f"{cls.__name__} is not valid YAML or JSON: {error}", where=where) from error
        return cls._built(value, where=where)

    @classmethod
    def parse_json(cls, text: str | bytes, *, where: str | None = None, fix: str | None = None) -> Self:
        """Reads JSON text alone: its value is never much larger than the text.

        Args:
            text: One document.
            where: The file or URI that it comes from, for errors.
            fix: What to do about a text that is no JSON.

        Raises:
            InputError: The text is no JSON, a key stands twice, or see ``parse``.
        """
        try:
            value = read_json(text)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{cls.__name__} is not valid JSON: {error}", where=where, fix=fix) from error
        return cls._built(value, where=where)

    @classmethod
    def _built(cls, value: Any, *, where: str | None) -> Self:
        if not isinstance(value, Mapping):
            raise InputError(f"{cls.__name__} must be a mapping of keys to values", where=where)
        return cls.build(value, where=where)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads a local file.

        Raises:
            InputError: It cannot be read, is larger than ``LARGEST``, or see ``parse``.
        """
        try:
            with path.open("rb") as file:
                data = file.read(LARGEST + 1)
        except OSError as error:
            raise InputError(f"{cls.__name__} cannot be read", where=str(path), fix="check the path") from error
        if len(data) > LARGEST:
            raise InputError(f"{cls.__name__} has more than the {LARGEST:,} bytes allowed", where=str(path))
        return cls.parse(data, where=str(path))

    @classmethod
    def build(cls, value: Mapping[Any, Any], *, where: str | None = None) -> Self:
        """Validates a mapping; see ``parse``."""
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            faults = "; ".join(
                f"{'.'.join(map(str, e['loc'])) or 'document'}: {cls._fault(e)}" for e in error.errors()[:5]
            )
            raise InputError(f"{cls.__name__} is not valid: {faults}", where=where, fix="correct these keys") from error

    @classmethod
    def _fault(cls, found: ErrorDetails) -> str:
        if found["type"] == "extra_forbidden":
            return unknown_key(cls, found["loc"])
        return found["msg"].removeprefix("Value error, ")


def digest(document: Document) -> str:
    """The digest of a document's canonical form."""
    return sha256(document.to_json())
