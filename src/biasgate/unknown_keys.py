"""A key that a document does not have: which of those that it may have was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo


def unknown_key(document: type[BaseModel], place: Sequence[str | int]) -> str:
    """What is said of a key that is none, with the nearest key that the document may have there.

    Args:
        document: What was read.
        place: The keys and positions that lead to the key, and itself last, as pydantic's errors tell them: between a
            union's key and what lies in it stands which of its kinds was read.
    """
    models = [document]
    for part in place[:-1]:
        models = list(_inside(models, str(part))) or models
    known = [key for model in models for key in _keys(model)]
    near = get_close_matches(str(place[-1]), known, n=1)
    return f"there is no such key; did you mean {near[0]!r}?" if near else "there is no such key"


def _inside(models: Iterable[type[BaseModel]], part: str) -> Iterator[type[BaseModel]]:
    """The documents at a key of these, or those of these that are of the kind ``part``."""
    for model in models:
        for name, field in model.model_fields.items():
            if part in _names(name, field):
                yield from _documents(field.annotation)
            elif part in get_args(field.annotation):
                yield model


def _documents(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _documents(part)


def _keys(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield _names(name, field)[0]


def _names(name: str, field: FieldInfo) -> list[str]:
    """How a field may be written, the usual way first."""
    choices = field.validation_alias
    others = choices.choices if isinstance(choices, AliasChoices) else [choices]
    return [*(other for other in others if isinstance(other, str)), name]
