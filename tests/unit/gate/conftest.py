from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import Cell, Change, Evaluation, Gap
from biasgate.contracts.scan import Scan
from biasgate.documents import digest
from biasgate.gate.evidence import Evidence, Subject
from biasgate.gate.policy import Policy, read_policy
from biasgate.gate.trust.keyring import trusted_keys
from biasgate.gate.trust.keys import generate_key, read_signing_key

if TYPE_CHECKING:
    from biasgate.gate.trust.keyring import Keyring
    from biasgate.gate.trust.keys import SigningKey


@dataclass(frozen=True)
class Make:
    """Parts of evidence, in the form that the rooms before the gate write them; half-widths are ``width``."""

    policy: Policy
    MODEL = "sha256:" + "1" * 64
    ORIGINAL = "sha256:" + "0" * 64

    def estimate(self, value: float, bounds: tuple[float, float], *, n: int = 750) -> Estimate:
        return Estimate(value=value, low=bounds[0], high=bounds[1], n=n, method="wilson")

    def cell(self, value: float, subgroup: dict[str, str], *, width: float = 0.03, trials: int = 750) -> Cell:
        bounds = (max(0.0, value - width), min(1.0, value + width))
        return Cell(
            metric="accuracy",
            subgroup=subgroup,
            successes=round(value * trials),
            trials=trials,
            clusters=750,
            estimate=self.estimate(value, bounds),
            bounds=bounds,
            simultaneous=bounds,
        )

    def gap(self, values: dict[str, float], *, width: float = 0.03) -> Gap:
        higher, lower = sorted(values, key=lambda side: -values[side])
        value = values[higher] - values[lower]
        bounds = (max(0.0, value - width), min(1.0, value + width))
        return Gap(
            metric="accuracy",
            attribute="alignment",
            higher={"alignment": higher},
            lower={"alignment": lower},
            estimate=self.estimate(value, bounds),
            bounds=bounds,
            simultaneous=bounds,
            paired=True,
        )

    def evaluation(self, aligned: float, conflicting: float, *, width: float = 0.03, **more: Any) -> Evaluation:
        values = {"aligned": aligned, "conflicting": conflicting}
        return Evaluation(
            model=self.MODEL,
            data="sha256:gate",
            spec=digest(self.policy.evaluation),
            rows=1500,
            clusters=750,
            cells=(
                self.cell((aligned + conflicting) / 2, {}, trials=1500, width=width),
                *(self.cell(value, {"alignment": side}, width=width) for side, value in values.items()),
            ),
            gaps=(self.gap(values, width=width),),
            provider="CPUExecutionProvider",
            **more,
        )

    def cost(self, loss: float, *, width: float = 0.02) -> Change:
        bounds = (-loss - width, -loss + width)
        return Change(
            metric="accuracy",
            subgroup={"alignment": "aligned"},
            before=0.97,
            after=0.97 - loss,
            estimate=self.estimate(-loss, bounds),
            bounds=bounds,
        )

    def scan(self, flagged: float = 0.1, **more: Any) -> Scan:
        usual = {
            "model": self.MODEL,
            "meta_classifier": "sha256:meta",
            "probabilities": {"none": 1 - flagged, "high": flagged / 2, "very_high": flagged / 2},
            "abstained": False,
            "reason": "chroma of the first layer",
        }
        return Scan(**{**usual, **more})


@pytest.fixture(scope="session")
def policy() -> Policy:
    return read_policy("digits_demo")


@pytest.fixture(scope="session")
def make(policy: Policy) -> Make:
    return Make(policy)


@pytest.fixture(scope="session")
def evidence(make: Make) -> Callable[..., Evidence]:
    """Builds evidence of a fair candidate, save for what is named."""

    def build(aligned: float = 0.95, conflicting: float = 0.94, **named: Any) -> Evidence:
        candidate = Subject(
            name="digits",
            source="models:/digits-candidates/1",
            digest=make.MODEL,
            training_data="sha256:train",
            submitter="ana",
        )
        usual = {
            "candidate": candidate,
            "scan": make.scan(),
            "evaluation": make.evaluation(aligned, conflicting),
            "parity": 1e-6,
            "looks": 1,
            "code": "0.1.0",
        }
        return Evidence(**{**usual, **named})

    return build


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    """A fresh private key; its public half is in ``trusted``."""
    file = generate_key(tmp_path / "keys")
    return read_signing_key(file.read_bytes(), where=str(file))


@pytest.fixture
def trusted(key: SigningKey, tmp_path: Path) -> Keyring:
    return trusted_keys(tmp_path / "keys" / "trusted")
