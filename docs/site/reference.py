"""The reference, made from the code: what is added there is on these pages with the next ``make docs``."""

from __future__ import annotations

import importlib
from importlib.resources import files
from inspect import cleandoc, getmembers, ismodule
from typing import Any

import typer
from griffe import Docstring, DocstringSectionKind, parse_google
from kfp.dsl.base_component import BaseComponent
from schemas import page as schema_page
from typer.cli import get_docs_for_click

import biasgate
from biasgate import errors
from biasgate.audit.spec import AuditSpec
from biasgate.cli.app import app
from biasgate.data.source import DataSource
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.discovery import defined_in
from biasgate.gate.schemas import DOCUMENTS
from biasgate.models.card import CandidateCard
from biasgate.repair.method import RepairMethod
from biasgate.statistics.catalogue import METRICS
from biasgate.statistics.metric import Metric

INPUTS = {"data-source": DataSource, "zoo": ZooSpec, "card": CandidateCard, "audit": AuditSpec}
"""Documents that a user writes, besides a policy."""


def pages() -> dict[str, str]:
    """Markdown of every page of the reference, by its path under ``reference/``."""
    documents = {f"documents/{name}.md": schema_page(name, model) for name, model in (DOCUMENTS | INPUTS).items()}
    return {
        "api.md": api(),
        **commands(),
        **documents,
        "methods.md": methods(),
        "metrics.md": metrics(),
        "components.md": components(),
        "exit-codes.md": exit_codes(),
        "settings.md": settings(),
    }


def api() -> str:
    """The front door, from its docstrings: functions, then classes, then errors."""
    names = sorted(biasgate.__all__, key=lambda name: (name.endswith("Error"), name[0].isupper()))
    return "\n\n".join(["# Python", cleandoc(biasgate.__doc__ or ""), *(f"::: {_home(name)}" for name in names)])


def _home(name: str) -> str:
    """Where a public name is documented: a room that can be called is so by what its file ``front`` defines."""
    return f"biasgate.{name}.front.{name}" if ismodule(getattr(biasgate, name)) else f"biasgate.{name}"


def methods() -> str:
    """Every repair method by the name that policies write, with what it needs and costs."""
    found = sorted(defined_in("biasgate.repair.methods", RepairMethod), key=lambda method: method.method_name())
    return "\n\n".join(["# Repair methods", "Names for `repair.methods` of a policy.", *map(_method, found)])


def _method(method: type[RepairMethod]) -> str:
    text = cleandoc(method.__doc__ or "").split("\n\nAttributes:")[0]
    needs = ", ".join(sorted(need.value for need in method.needs)) or "nothing besides repair data"
    return f"## `{method.method_name()}`\n\n{text}\n\nNeeds {needs}. Costs {method.cost}. Changes {method.changes}."


def metrics() -> str:
    """Every metric by the name that policies write, with its formula."""
    sections = [_metric(name, metric) for name, metric in sorted(METRICS.items())]
    return "\n\n".join(["# Metrics", "Names for `metrics` and `scores` of a policy's `evaluation`.", *sections])


def _metric(name: str, metric: Metric) -> str:
    better = {True: "More is better.", False: "Less is better.", None: "Neither more nor less is better."}
    needs = [" Needs a positive class."] * metric.needs_positive + [
        " Takes probabilities."
    ] * metric.needs_probabilities
    return f"## `{name}`\n\n{cleandoc(metric.__doc__ or '')}\n\n{better[metric.more_is_better]}{''.join(needs)}"


def commands() -> dict[str, str]:
    """A page of the commands that stand alone, and one a group."""
    root = typer.main.get_command(app)
    context = typer.Context(root)
    texts = {
        name: get_docs_for_click(obj=command, ctx=context, name=name, call_prefix="biasgate")
        for name, command in root.commands.items()  # type: ignore[attr-defined]
    }
    groups = {name for name, command in root.commands.items() if hasattr(command, "commands")}  # type: ignore[attr-defined]
    alone = "\n".join(f"#{text}" for name, text in texts.items() if name not in groups)
    first = f"# Commands\n\n{root.help}\n\n{root.epilog}\n\n{alone}"
    return {"commands/index.md": first} | {f"commands/{name}.md": texts[name] for name in sorted(groups)}


def components() -> str:
    """Every component for Kubeflow Pipelines: what it takes and what it leaves."""
    import biasgate.components

    found = dict(getmembers(biasgate.components, lambda member: isinstance(member, BaseComponent)))
    opening = cleandoc(biasgate.components.__doc__ or "")
    return "\n\n".join(["# Components", opening, *(_component(name, made) for name, made in found.items())])


def _component(name: str, made: Any) -> str:
    spec = made.component_spec
    text, meanings = _meanings(made.python_func.__doc__ or "")
    takes = [("may take" if about.optional else "takes", field, about) for field, about in (spec.inputs or {}).items()]
    leaves = [("leaves", field, about) for field, about in (spec.outputs or {}).items()]
    rows = [
        f"| {verb} | `{field}` | {_short(about.type)} | {meanings.get(field, '')} |"
        for verb, field, about in takes + leaves
    ]
    return "\n".join([f"## `{name}`", "", text, "", "| | name | type | meaning |", "|---|---|---|---|", *rows])


def _meanings(docstring: str) -> tuple[str, dict[str, str]]:
    """Prose and the meaning of each parameter; what a component returns is its output ``Output``."""
    prose, meanings = [], {}
    for section in parse_google(Docstring(cleandoc(docstring)), warnings=False, returns_named_value=False):
        if section.kind is DocstringSectionKind.text:
            prose.append(section.value)
        elif section.kind is DocstringSectionKind.parameters:
            meanings |= {item.name: " ".join(item.description.split()) for item in section.value}
        elif section.kind is DocstringSectionKind.returns:
            meanings["Output"] = " ".join(section.value[0].description.split())
    return "\n\n".join(prose), {name: text.replace("``", "`").replace("|", "\\|") for name, text in meanings.items()}


def _short(kind: str) -> str:
    return kind.removeprefix("system.").split("@")[0]


def exit_codes() -> str:
    """How a command ends, and which failure ends it so."""
    kinds = [kind for _, kind in getmembers(errors, lambda m: isinstance(m, type) and issubclass(m, Exception))]
    rows = [f"| `{kind.__name__}` | {kind.exit_code} | {(kind.__doc__ or '').splitlines()[0]} |" for kind in kinds]
    table = "\n".join(["| raised in Python | exit code | meaning |", "|---|---|---|", *rows])
    return f"# Exit codes\n\n{cleandoc(errors.__doc__ or '')}\n\n{table}"


def settings() -> str:
    """The settings of pipelines as they ship, comments and all."""
    text = files(importlib.import_module("biasgate.kubeflow")).joinpath("settings.yaml").read_text()
    how = "Lay your own file over these, key by key: `--settings` or `BIASGATE_KFP_SETTINGS`."
    return f"# Settings\n\n{how}\n\n```yaml\n{text}```"
