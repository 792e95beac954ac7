"""A pydantic model as a page: one section for the document and one for each part of it, with every field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from griffe import Docstring, DocstringSectionKind, parse_google
from pydantic import BaseModel

Schema = dict[str, Any]
BOUNDS = {"minimum": "≥ ", "exclusiveMinimum": "> ", "maximum": "≤ ", "exclusiveMaximum": "< "}
COUNTS = {"minLength": "letters ≥ ", "minItems": "items ≥ ", "minProperties": "keys ≥ "}


def page(title: str, model: type[BaseModel]) -> str:
    """The page of one kind of document.

    Args:
        title: Heading of the page.
        model: Class of the document; its docstring and those of its parts say what things mean.
    """
    schema = model.model_json_schema(by_alias=True)
    parts = {name: part for name, part in sorted(schema.get("$defs", {}).items()) if "properties" in part}
    names = _names(schema.get("$defs", {}))
    whole = _section(f"# {title}", schema, names)
    return "\n".join([whole, *(_section(f"## {names[name]}", part, names) for name, part in parts.items())])


def _names(parts: dict[str, Schema]) -> dict[str, str]:
    """What each part is called: by the ``kind`` that a user writes where only one has it, else by its class."""
    kinds = {name: part.get("properties", {}).get("kind", {}).get("const") for name, part in parts.items()}
    alone = {kind for kind in kinds.values() if kind and list(kinds.values()).count(kind) == 1}
    return {name: kind if (kind := kinds[name]) in alone else name for name in parts}


def _section(heading: str, part: Schema, names: dict[str, str]) -> str:
    text, meanings = _documented(part.get("description", ""))
    meanings = _inherited(part.get("title", "")) | meanings
    required = part.get("required", ())
    rows = [
        f"| `{field}` | {_type(about, names)} | {_default(field, about, required)} | "
        f"{_cell(meanings.get(field) or about.get('description', ''))} |"
        for field, about in part.get("properties", {}).items()
    ]
    table = ["| field | takes | default | meaning |", "|---|---|---|---|", *rows] if rows else []
    return "\n".join([heading, "", text, "", *table, ""])


def _documented(text: str) -> tuple[str, dict[str, str]]:
    """A class's docstring as its prose and the meaning of each field."""
    prose, meanings = [], {}
    for section in parse_google(Docstring(text), warnings=False):
        if section.kind is DocstringSectionKind.text:
            prose.append(section.value)
        elif section.kind is DocstringSectionKind.attributes:
            meanings = {item.name: item.description for item in section.value}
    return "\n\n".join(prose).replace("``", "`"), meanings


def _inherited(name: str) -> dict[str, str]:
    """What the classes that a class is derived from say of its fields."""
    known = {model.__name__: model for model in _derived(BaseModel)}
    bases = known[name].__mro__[1:] if name in known else ()
    return {field: text for base in reversed(bases) for field, text in _documented(base.__doc__ or "")[1].items()}


def _derived(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for one in model.__subclasses__():
        yield from (one, *_derived(one))


def _type(about: Schema, names: dict[str, str]) -> str:
    if "$ref" in about:
        return _link(about["$ref"], names)
    if options := about.get("anyOf") or about.get("oneOf"):
        return " or ".join(dict.fromkeys(_type(option, names) for option in options if option.get("type") != "null"))
    if "const" in about or "enum" in about:
        return ", ".join(f"`{value}`" for value in about.get("enum", [about.get("const")]))
    if about.get("type") == "array":
        items = about.get("prefixItems") or [about.get("items", {})]
        return f"list of {', '.join(dict.fromkeys(_type(item, names) for item in items))}{_limits(about)}"
    if isinstance(about.get("additionalProperties"), dict):
        return f"keys to {_type(about['additionalProperties'], names)}{_limits(about)}"
    return f"{about.get('type', 'anything')}{_limits(about)}"


def _link(reference: str, names: dict[str, str]) -> str:
    name = names[reference.rsplit("/", 1)[-1]]
    return f"[{name}](#{name.lower()})"


def _limits(about: Schema) -> str:
    said = [f"{words}{about[key]}" for key, words in (BOUNDS | COUNTS).items() if key in about]
    return f" ({', '.join(said)})" if said else ""


def _default(field: str, about: Schema, required: Any) -> str:
    if field in required:
        return "required"
    default = about.get("default")
    return "" if default is None else f"`{_cell(str(default))}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("``", "`").replace("|", "\\|")
