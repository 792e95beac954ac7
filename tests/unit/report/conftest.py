"""Documents of three stories: a biased digit classifier, the same repaired, and one of which little is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import Evaluation
from biasgate.contracts.repair_record import BiasReading, Leaning, Reliance, RepairRecord, Trial
from biasgate.contracts.scan import Scan
from biasgate.data.dataset import Dataset
from biasgate.documents import sha256
from biasgate.evaluation.measure import Earlier, measure
from biasgate.gate.decide import decide
from biasgate.gate.decision import Decision
from biasgate.gate.evidence import Evidence, Subject
from biasgate.gate.policy import Policy

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

BIASED = {"aligned": 0.98, "conflicting": 0.31}

POLICY = """
schema: biasgate/policy/v1
name: digits
evaluation: {attributes: [alignment, ink], depth: 2}
weight_scan: {flag_levels: [high, very_high], on_flag: require_human, on_abstain: require_human}
rules:
  - {id: accuracy, kind: floor, min: 0.8}
  - {id: worst_group, kind: worst_group, attribute: alignment, min: 0.75}
  - {id: colour_gap, kind: gap, attribute: alignment, max: 0.1}
  - {id: repair_cost, kind: repair_cost, subgroup: {alignment: aligned}, max: 0.08}
  - {id: onnx_parity, kind: onnx_parity, max: 1.0e-4}
repair: {methods: [adversarial]}
looks: 2
"""


@dataclass(frozen=True)
class Story:
    """What a report is made from."""

    decision: Decision
    evidence: Evidence
    policy: Policy
    before: Evaluation | None = None


def evaluation(
    policy: Policy,
    model: str,
    *,
    accuracy: Mapping[str, float],
    inks: Mapping[str, int] = {"thin": 300, "thick": 450},
    before: tuple[str, Mapping[str, float]] | None = None,
) -> Evaluation:
    """Measured on predictions that hit at random, at the given accuracy; each digit is there in every alignment."""
    clusters = sum(inks.values())
    attributes = pd.DataFrame(
        {
            "alignment": np.repeat(list(accuracy), clusters),
            "ink": np.tile(np.repeat(list(inks), list(inks.values())), len(accuracy)),
        }
    )
    rows = len(attributes)
    split = Dataset(
        samples=np.zeros((rows, 1), np.float32),
        labels=np.tile(np.arange(clusters) % 2, len(accuracy)),
        classes=("zero", "one"),
        attributes=attributes,
        clusters=np.tile(np.arange(clusters), len(accuracy)),
    )

    def predictions(rates: Mapping[str, float]) -> NDArray[np.int64]:
        right = np.array([rates[alignment] for alignment in attributes["alignment"]])
        return split.labels ^ (np.random.default_rng(7).random(rows) > right)

    return measure(
        predictions(accuracy),
        split,
        policy.evaluation,
        model=model,
        provider="CPUExecutionProvider",
        before=Earlier(before[0], predictions(before[1])) if before else None,
    )


def scan(model: str, *probabilities: float) -> Scan:
    levels = ("none", "low", "high", "very_high")
    return Scan(
        model=model,
        meta_classifier=sha256(b"meta-classifier"),
        level=levels[int(np.argmax(probabilities))],
        probabilities=dict(zip(levels, probabilities, strict=True)),
        measured_bias=Estimate(value=0.58, low=0.47, high=0.66, n=240, method="conformal", confidence=0.9),
        abstained=False,
        reason="Colour-selective filters in the first layer speak most.",
        contributions={"first_layer_colour": 0.62, "norms": 0.2, "head_spectrum": -0.08},
    )


def subject(digest_: str, *, name: str = "digits") -> Subject:
    return Subject(
        name=name,
        source="models:/digits-candidates/3",
        digest=digest_,
        training_data=sha256(b"training"),
        submitter="Ada Lovelace <ada@example.org>",
    )


@pytest.fixture(scope="session")
def policy() -> Policy:
    return Policy.parse(POLICY, where="test")


@pytest.fixture(scope="session")
def tell(policy: Policy) -> Callable[..., Story]:
    """A story from parts of its evidence: the gate's own decision on them."""

    def build(*, before: Evaluation | None = None, **parts: object) -> Story:
        candidate = parts.pop("candidate", None) or subject(sha256(b"candidate"))
        evidence = Evidence.model_validate({"candidate": candidate, "looks": 1, "code": "0.1.0", **parts})
        return Story(decide(policy, evidence, (), AT), evidence, policy, before)

    return build


@pytest.fixture(scope="session")
def rejected(policy: Policy, tell: Callable[..., Story]) -> Story:
    model = sha256(b"candidate")
    measured = evaluation(policy, model, accuracy=BIASED)
    return tell(evaluation=measured, scan=scan(model, 0.02, 0.05, 0.38, 0.55), parity=3e-6)


def leaning(bias: float, *, swapped: float) -> Leaning:
    """Over a hundred twins, δ .05."""
    signed = Estimate(value=bias, low=bias - 0.04, high=bias + 0.04, n=100, method="paired t")
    return Leaning(
        bias=BiasReading(signed=signed, absolute=signed, threshold=0.05, biased=signed.low > 0.05),
        reliance=Reliance(swap_rate=swapped, attribution_share=swapped / 2, twins=100),
    )


@pytest.fixture(scope="session")
def approved(rejected: Story, policy: Policy, tell: Callable[..., Story]) -> Story:
    model, before = sha256(b"repaired"), rejected.evidence.evaluation
    assert before
    measured = evaluation(policy, model, accuracy={"aligned": 0.95, "conflicting": 0.93}, before=(before.model, BIASED))
    repair = RepairRecord(
        method="adversarial",
        original=before.model,
        repaired=model,
        data=sha256(b"repair"),
        trials=tuple(
            Trial(
                settings={"rate": rate, "epochs": 8, "layers": "conv1"},
                worst_group=0.7 + 20 * rate,
                aligned=0.96,
                conflicting=0.7 + 20 * rate,
                chosen=rate == 0.01,
            )
            for rate in (0.001, 0.003, 0.01)
        ),
        moved=0.87,
        distance=0.14,
        seconds=41.2,
        samples=500,
        seed=3,
        parity=2e-6,
        before=leaning(0.64, swapped=0.66),
        after=leaning(0.02, swapped=0.05),
    )
    return tell(
        before=before,
        candidate=subject(model),
        evaluation=measured,
        scan=scan(model, 0.71, 0.2, 0.06, 0.03),
        parity=2e-6,
        repair=repair,
        looks=2,
    )


@pytest.fixture(scope="session")
def insufficient(tell: Callable[..., Story]) -> Story:
    return tell(looks=0)


@pytest.fixture(scope="session")
def measured(policy: Policy) -> Callable[..., Evaluation]:
    """An evaluation of the first candidate; ``minimum`` lets cells of few clusters have a value."""

    def build(*, inks: Mapping[str, int], minimum: int = 30) -> Evaluation:
        loose = policy.model_copy(update={"evaluation": policy.evaluation.model_copy(update={"minimum": minimum})})
        return evaluation(loose, sha256(b"candidate"), accuracy={"aligned": 0.97, "conflicting": 0.9}, inks=inks)

    return build
