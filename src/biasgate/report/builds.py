"""Results of rules in the formats that build servers read: JUnit XML and SARIF."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from xml.etree import ElementTree

import typer

from biasgate import __version__
from biasgate.foreign_text import one_line

if TYPE_CHECKING:
    from biasgate.gate.decision import RuleResult

Junit = Annotated[Path | None, typer.Option(help="Write each rule as a test, in JUnit XML.")]
Sarif = Annotated[Path | None, typer.Option(help="Write what did not pass as SARIF 2.1.0, for code scanning.")]

LEVELS = {"fail": "error", "insufficient": "warning"}


def write_for_builds(
    results: Sequence[RuleResult], *, name: str, source: str, junit: Path | None, sarif: Path | None
) -> None:
    """Writes the formats that are asked for.

    Args:
        results: Of every rule.
        name: What was judged.
        source: File or URI that a finding is shown at.
        junit: JUnit file; none is written without it.
        sarif: SARIF file; likewise.
    """
    for path, text in ((junit, junit_xml(results, name=name)), (sarif, sarif_json(results, source=source))):
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def junit_xml(results: Sequence[RuleResult], *, name: str) -> str:
    """A test suite with one test a rule: one that fails, or lacks evidence, is a failure of that type."""
    failures = [result for result in results if result.outcome != "pass"]
    totals = {"tests": str(len(results)), "failures": str(len(failures))}
    suite = ElementTree.Element("testsuite", {"name": one_line(f"biasgate {name}"), **totals})
    for result in results:
        test = ElementTree.SubElement(suite, "testcase", {"classname": one_line(name), "name": one_line(result.rule)})
        if result.outcome != "pass":
            told = {"type": result.outcome, "message": one_line(result.sentence)}
            ElementTree.SubElement(test, "failure", told)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def sarif_json(results: Sequence[RuleResult], *, source: str) -> str:
    """A SARIF log: a rule that fails is an error, one that lacks evidence a warning."""
    place = {"physicalLocation": {"artifactLocation": {"uri": source}, "region": {"startLine": 1}}}
    driver = {"name": "biasgate", "version": __version__, "rules": [{"id": result.rule} for result in results]}
    found = [
        {
            "ruleId": result.rule,
            "level": LEVELS[result.outcome],
            "message": {"text": one_line(result.sentence)},
            "locations": [place],
        }
        for result in results
        if result.outcome != "pass"
    ]
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": found}],
    }
    return json.dumps(log, indent=2) + "\n"
