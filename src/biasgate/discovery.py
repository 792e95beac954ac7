"""One thing, one file: what the files of a package define is found by looking, so that none of them is listed."""

from __future__ import annotations

from importlib import import_module
from inspect import getmembers, isabstract, isclass
from pkgutil import iter_modules
from typing import Annotated, Any, TypeVar, Union

from pydantic import Field

Kind = TypeVar("Kind")


def defined_in(package: str, base: type[Kind]) -> tuple[type[Kind], ...]:
    """The classes derived from ``base`` that the files of a package define, in the order of the files' names.

    Args:
        package: Dotted name; all its modules are imported, those of its subpackages are not.
        base: What each of them is. An abstract class is none of them, nor is one that a file only imports.
    """
    paths = import_module(package).__path__
    modules = [import_module(f"{package}.{found.name}") for found in iter_modules(paths)]
    return tuple(
        member
        for module in modules
        for _, member in getmembers(module, isclass)
        if issubclass(member, base) and member.__module__ == module.__name__ and not isabstract(member)
    )


def one_of(kinds: tuple[type, ...]) -> Any:
    """The type of a document's field that holds one of these kinds: its ``kind`` says which.

    A type checker cannot see what is found by looking: it is told the base of the kinds instead, under
    ``TYPE_CHECKING``.
    """
    return Annotated[Union[kinds], Field(discriminator="kind")]  # noqa: UP007
