"""YAML of which there is one reading: the types of YAML 1.2, no key twice, no anchors or aliases."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import yaml

_FLOAT = r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
_TYPES = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    "int": (r"[-+]?[0-9]+", [*"-+0123456789"]),
    "float": (_FLOAT, [*"-+.0123456789"]),
}
"""The plain scalars that are no text, by YAML 1.2's core schema, and the characters that they start with."""

LONGEST = 1_000_000
"""Most characters of YAML text, which takes ten seconds; longer documents are JSON, which is read at once."""


def read_yaml(text: str | bytes) -> Any:
    """The value of YAML text as YAML 1.2 has it: ``no`` and ``on`` are text, ``010`` is ten, a date is text.

    Raises:
        yaml.YAMLError: It is no YAML, a key stands twice, it has anchors or aliases, which can multiply a short text,
            it is nested too deeply, a number has thousands of digits, or it is longer than ``LONGEST``.
    """
    if len(text) > LONGEST:
        raise yaml.YAMLError(f"it is no JSON, and has {len(text):,} characters of the {LONGEST:,} that YAML may have")
    try:
        return yaml.load(text, _Loader)
    except RecursionError as error:
        raise yaml.YAMLError("it is nested too deeply") from error
    except ValueError as error:
        raise yaml.YAMLError(str(error)) from error


class _Loader(yaml.SafeLoader):
    """A safe loader that accepts less."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """The next node, which refers to no other, and has no name that another could refer to it by."""
        if (event := self.peek_event()) and (name := getattr(event, "anchor", None)):
            mark = "*" if isinstance(event, yaml.AliasEvent) else "&"
            line = event.start_mark.line + 1
            raise yaml.YAMLError(f"line {line} has {mark}{name}: write the value out where it is meant")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.Node, deep: bool = False) -> dict[Any, Any]:
        """A mapping no key of which stands twice."""
        written = [(key.value, key.start_mark.line + 1) for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        times = Counter(name for name, _ in written)
        for name, line in written:
            if times[name] > 1:
                raise yaml.YAMLError(f"the key {name!r} in line {line} stands twice")
        found = super().construct_mapping(node, deep)  # pyright: ignore[reportArgumentType]
        if len(found) < len(node.value):
            line = node.start_mark.line + 1
            raise yaml.YAMLError(f"two keys of the mapping in line {line} stand twice: they are the same value")
        return found

    def whole_number(self, node: yaml.Node) -> int:
        """Digits, read in tens."""
        return int(str(node.value))

    def number(self, node: yaml.Node) -> float:
        """A decimal number, an infinity or NaN."""
        return float(str(node.value).lower().replace(".inf", "inf").replace(".nan", "nan"))


_Loader.yaml_implicit_resolvers = {}
for _tag, (_pattern, _starts) in _TYPES.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _starts)
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.whole_number)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.number)
