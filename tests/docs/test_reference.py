"""The reference is made from the code: what the code has is on it."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import pytest
from guide import ROOT, blocks
from kfp.dsl.base_component import BaseComponent
from pydantic import BaseModel, Field

import biasgate.components  # pyright: ignore[reportMissingImports]  # an install maps it to a folder beside src
from biasgate.data.source import DataSource
from biasgate.gate.evidence import Evidence, Subject
from biasgate.gate.measurements import Measurements
from biasgate.gate.policy import Policy, read_policy
from biasgate.gate.rule import Rule
from biasgate.statistics.catalogue import METRICS


def test_every_kind_of_rule_and_of_source_has_a_section(reference: dict[str, str]) -> None:
    for page, model in (("policy", Policy), ("data-source", DataSource)):
        parts = model.model_json_schema()["$defs"].values()
        kinds = [part["properties"]["kind"]["const"] for part in parts if "kind" in part.get("properties", {})]
        assert kinds
        assert all(f"\n## {kind}\n" in reference[f"documents/{page}.md"] for kind in kinds)


def test_a_kind_that_is_new_has_a_section_with_its_words_and_fields() -> None:
    from schemas import page

    class Brightness(BaseModel):
        """No subgroup may be darker than another.

        Attributes:
            max: Difference of mean brightness that is allowed.
        """

        kind: Literal["brightness"] = "brightness"
        max: float = Field(ge=0, le=1)

    class Floor(BaseModel):
        """A metric reaches a value."""

        kind: Literal["floor"] = "floor"

    class Rules(BaseModel):
        """Rules."""

        rules: tuple[Annotated[Brightness | Floor, Field(discriminator="kind")], ...]

    text = page("Rules", Rules)
    assert "\n## brightness\n\nNo subgroup may be darker than another.\n" in text
    assert "| `max` | number (≥ 0, ≤ 1) | required | Difference of mean brightness that is allowed. |" in text
    assert "list of [brightness](#brightness) or [floor](#floor)" in text


@pytest.mark.parametrize(("size", "outcome"), [(4_000_000, "pass"), (6_000_000, "fail"), (None, "insufficient")])
def test_the_rule_that_contributing_shows_decides(size: int | None, outcome: str) -> None:
    (example,) = [block for block in blocks(ROOT / "CONTRIBUTING.md") if block.file]
    names: dict[str, Any] = {}
    exec(example.text, names)  # noqa: S102
    rule = names["WeightRule"](id="small", megabytes=5)
    assert isinstance(rule, Rule)
    subject = Subject(name="digits", source="models:/d/1", digest="sha256:d", training_data="sha256:t", submitter="ana")
    found = Evidence(candidate=subject, size=size, looks=1, code="0.1.0")
    read = Measurements(found, read_policy("digits_demo").evaluation, at=datetime.now(UTC))
    assert rule.result(read).outcome == outcome


def test_every_metric_has_a_section(reference: dict[str, str]) -> None:
    assert all(f"\n## `{name}`\n" in reference["metrics.md"] for name in METRICS)


def test_every_component_says_what_it_takes_and_leaves(reference: dict[str, str]) -> None:
    made = {name for name, found in vars(biasgate.components).items() if isinstance(found, BaseComponent)}
    assert made
    assert all(f"\n## `{name}`\n" in reference["components.md"] for name in made)


def test_every_exit_code_is_told(reference: dict[str, str]) -> None:
    assert all(f"\n| {code} |" in reference["exit-codes.md"] for code in range(8))
