"""The repair methods that there are: one a file of ``repair/methods``, found by looking."""

from __future__ import annotations

from collections.abc import Iterable
from pkgutil import iter_modules

import yaml

from biasgate.discovery import defined_in
from biasgate.documents import Document
from biasgate.errors import InputError
from biasgate.repair import methods
from biasgate.repair.method import Need, RepairMethod
from biasgate.strict_yaml import read_yaml

DEFAULT = ("unlearning", "group_dro", "fine_tuning")
"""What competes where nobody names a method: the best of each kind of data that was measured, fastest first."""
GONE = {"head_fine_tuning": "head_refit"}
"""Methods of earlier versions, and what to name in their place; records that name them stay readable."""


def method_names() -> tuple[str, ...]:
    """The names of all methods, sorted; no method is imported."""
    return tuple(sorted(found.name for found in iter_modules(methods.__path__)))


def require_methods(names: Iterable[str]) -> None:
    """Refuses names that are no method's.

    Raises:
        InputError: There is no such method; lists those that there are, or says what took the place of one that was.
    """
    for name in names:
        if name in GONE:
            raise InputError(f"there is no repair method {name!r} any more", fix=f"name {GONE[name]} in its place")
        if name not in method_names():
            raise InputError(f"no repair method {name!r}", fix=f"use one of {', '.join(method_names())}")


def find_method(name: str) -> type[RepairMethod]:
    """The method of this name.

    Raises:
        InputError: There is none; lists those that there are.
    """
    require_methods([name])
    return next(m for m in defined_in(methods.__name__, RepairMethod) if m.method_name() == name)


class Described(Document):
    """A method in words.

    Attributes:
        name: Name of the method.
        does: What it does, in a sentence.
        needs: What it cannot work without.
        cost: What a fit takes.
        changes: What of the model is another afterwards.
    """

    name: str
    does: str
    needs: tuple[str, ...]
    cost: str
    changes: str


def described() -> tuple[Described, ...]:
    """Every method in words."""
    return tuple(
        Described(
            name=name,
            does=(method.__doc__ or "").partition("\n")[0],
            needs=tuple(need.value for need in Need if need in method.needs),
            cost=method.cost,
            changes=method.changes,
        )
        for name, method in ((name, find_method(name)) for name in method_names())
    )


def read_method(text: str) -> tuple[RepairMethod, ...]:
    """What is tried for a method's name, or for YAML such as ``{method: unlearning, damping: 0.01}``.

    Args:
        text: A name, for which the method's own grid is tried; or a mapping with the name under ``method`` beside
            settings, which are then the only ones tried.

    Raises:
        InputError: It is no YAML, there is no such method, or a setting is not what the method takes.
    """
    try:
        choice = read_yaml(text)
    except yaml.YAMLError as error:
        raise InputError(f"a repair method is not valid YAML: {error}") from error
    if isinstance(choice, dict) and "method" in choice:
        method = find_method(str(choice["method"]))
        settings = {key: value for key, value in choice.items() if key != "method"}
        return (method.build(settings, where=f"method {method.method_name()}"),)
    return find_method(str(choice)).grid()
