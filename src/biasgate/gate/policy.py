"""Policy: the rules, written as YAML, that turn evidence into a decision."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator, model_validator

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.discovery import defined_in, one_of
from biasgate.documents import Document
from biasgate.errors import InputError
from biasgate.gate.decision import OWN_CHECKS
from biasgate.gate.rule import Rule
from biasgate.gate.weight_scan import WeightScanRule
from biasgate.statistics.catalogue import asked
from biasgate.storage.sources import built_in_names, read_document, source_text

POLICIES = files("biasgate.gate").joinpath("policies")

RULES = defined_in("biasgate.gate.rules", Rule)
"""Every kind of rule."""

if TYPE_CHECKING:
    AnyRule = Rule
else:
    AnyRule = one_of(RULES)


Memory = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,5}(MiB|GiB)$")]
"""An amount of memory, such as ``6GiB`` or ``512MiB``."""


class Repair(Document):
    """Whether a candidate that is rejected for bias may be repaired, how, and within what budget.

    Attributes:
        methods: Names of repair methods, the best of which wins on validation clusters. Which there are is for the room
            of repair to say: see ``repair.registry``.
        attribute: Sensitive attribute of the repair data; without it the data has only one.
        seconds: Wall-clock budget of all methods.
        memory: Most resident memory of the repair; without it only the task's own limit holds.
    """

    methods: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], ...] = ()
    attribute: str | None = None
    seconds: int = Field(default=600, gt=0)
    memory: Memory | None = None


class Policy(Document):
    """Rules that must all pass.

    Attributes:
        name: For people.
        evaluation: What is measured for this policy, and at which confidence the bounds decide.
        weight_scan: What the scan may do.
        rules: At least one, each with its own id: an empty policy approves nothing, so it is refused.
        repair: What may be tried on a candidate rejected for bias.
        looks: Looks allowed per test split.
        predictions: ``allowed`` where predictions alone, of a model that the gate did not run, may be decided about.
        valid_days: How long an approval holds.
    """

    schema_: Literal["biasgate/policy/v1"] = Field(default="biasgate/policy/v1", alias="schema")
    name: str
    evaluation: EvaluationSpec
    weight_scan: WeightScanRule
    rules: tuple[AnyRule, ...] = Field(min_length=1)
    repair: Repair = Repair()
    looks: int = Field(gt=0)
    predictions: Literal["allowed"] | None = None
    valid_days: int = Field(default=90, gt=0, le=3650)

    @field_validator("evaluation")
    @classmethod
    def _metrics_are_known(cls, spec: EvaluationSpec) -> EvaluationSpec:
        try:
            asked(spec)
        except InputError as error:
            raise ValueError(str(error)) from error
        return spec

    @model_validator(mode="after")
    def _ids_differ(self) -> Policy:
        ids = [rule.id for rule in self.rules]
        if len(set(ids)) != len(ids):
            raise ValueError(f"rules need different ids, not {ids}")
        if taken := set(OWN_CHECKS) & set(ids):
            raise ValueError(f"{sorted(taken)} are names of the gate's own checks; choose other ids")
        return self

    @model_validator(mode="after")
    def _proofs_are_counted(self) -> Policy:
        if self.evaluation.proofs is not None and self.evaluation.proofs < self.proofs:
            raise ValueError(
                f"evaluation.proofs is {self.evaluation.proofs}, and {self.proofs} rules may prove a violation; "
                f"write proofs: {self.proofs}"
            )
        return self

    @property
    def proofs(self) -> int:
        """How many rules may prove a violation by a bound of the evaluation."""
        return sum(rule.proves for rule in self.rules)

    @property
    def needs_champion(self) -> bool:
        """Whether a rule needs the champion to be measured beside the candidate."""
        return any(rule.needs_champion for rule in self.rules)


def built_in_policies() -> tuple[str, ...]:
    """Names of the policies that come with biasgate."""
    return built_in_names(POLICIES)


def policy_text(source: str) -> str:
    """The text of a policy: itself when it has several lines, else a built-in policy's or that of a file or URI.

    Raises:
        InputError: There is no such file, or it is no text.
    """
    return source_text(source, built_in=POLICIES)


def read_policy(source: str) -> Policy:
    """The policy in a text, file or URI, or a built-in one by its name.

    Raises:
        InputError: It cannot be read, or a key or value is not what the schema says.
    """
    return read_document(Policy, source, built_in=POLICIES)
