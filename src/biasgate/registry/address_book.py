"""Where messages to whom go: a file that lies among the secrets, for its addresses bear tokens.

No document of a gate and no candidate holds an address. They name people; this file says which sink tells whom.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import Field

from biasgate.discovery import defined_in, one_of
from biasgate.documents import Document
from biasgate.errors import InputError
from biasgate.gate.trust.identity import account
from biasgate.registry.sink import Sink
from biasgate.strict_yaml import read_yaml

SINKS = "BIASGATE_SINKS"
"""Environment variable with the path of the file."""
DEFAULT = "default"
LONGEST_NAME = 20
"""A longer text may be a token, and is shown in no fault."""
KINDS = defined_in("biasgate.registry.sinks", Sink)
"""Every kind of sink."""

if TYPE_CHECKING:
    AnySink = Sink
else:
    AnySink = one_of(KINDS)


class AddressBook(Document):
    """Who is told by which sink.

    Attributes:
        sinks: By the account of a person or the name of a channel, as submitters and the gate's ``notify`` are written.
            ``default`` gets what is for nobody who has a sink here.
    """

    schema_: Literal["biasgate/sinks/v1"] = Field(alias="schema")
    sinks: dict[Annotated[str, Field(min_length=1)], AnySink]

    def tells(self, to: tuple[str, ...]) -> dict[str, tuple[Sink, tuple[str, ...]]]:
        """The sinks that a message for these goes to, by name, with those whom each tells."""
        own = {account(name): name for name in self.sinks if name != DEFAULT}
        found: dict[str, tuple[Sink, tuple[str, ...]]] = {}
        for person in to:
            name = own.get(account(person), DEFAULT)
            if name in self.sinks:
                found[name] = self.sinks[name], (*found.get(name, (None, ()))[1], person)
        if not to and DEFAULT in self.sinks:
            found[DEFAULT] = self.sinks[DEFAULT], ()
        return found


def address_book() -> AddressBook | None:
    """The file that ``BIASGATE_SINKS`` names; None where none is named, or it is empty: nothing is told to anybody.

    Raises:
        InputError: It cannot be read, or is not what the schema says. What it holds is in no fault.
    """
    if not (path := os.environ.get(SINKS)):
        return None
    try:
        value = read_yaml(Path(path).read_bytes())
    except OSError as error:
        raise InputError("the sinks cannot be read", where=path, fix=f"check what {SINKS} names") from error
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        raise InputError(f"the sinks are no valid YAML{line}", where=path) from None
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InputError("the sinks are no mapping of keys to values", where=path)
    try:
        return AddressBook.build(value, where=path)
    except InputError as error:
        what = error.what
        for text in sorted(_addresses(value), key=len, reverse=True):
            what = what.replace(text, "…")
        raise InputError(what, where=path, fix=error.fix) from None


def _addresses(value: Any) -> Iterator[str]:
    """Texts of the file, keys too, that may be an address or a token."""
    if isinstance(value, dict):
        yield from chain.from_iterable(map(_addresses, (*value, *value.values())))
    elif isinstance(value, list):
        yield from chain.from_iterable(map(_addresses, value))
    elif len(text := str(value)) > LONGEST_NAME or ":" in text or "/" in text:
        yield text
