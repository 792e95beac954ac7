"""An audit of an architecture as a page, and its rows in words."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from biasgate.audit.result import AuditResult, Effect, Role
from biasgate.contracts.estimate import Estimate
from biasgate.contracts.wording import subgroup
from biasgate.report.audit_figures import ROLES, effect_figure, spectrum_figure
from biasgate.report.rendering import page
from biasgate.report.text import interval, points

LEVEL = 0.05


@dataclass(frozen=True)
class Row:
    """One effect in words.

    Attributes:
        arm: What was done.
        against: What it is compared with.
        view: What the test images went through.
        of: The subgroup, or the gap between two.
        effect: In points, with the interval over new seeds and new images.
        fixed: Interval over new seeds alone, in points.
        p: Holm's p-value.
        found: Whether it lies below the level.
    """

    arm: str
    against: str
    view: str
    of: str
    effect: str
    fixed: str
    p: str
    found: bool

    @property
    def cells(self) -> list[str]:
        """All columns but the last."""
        return [self.arm, self.against, self.view, self.of, self.effect, self.fixed, self.p]


def effect_rows(result: AuditResult, effects: Iterable[Effect]) -> list[Row]:
    """Effects in words, the smallest p-value first."""
    return [_row(result, effect) for effect in sorted(effects, key=lambda effect: (effect.holm, effect.p))]


def findings(result: AuditResult) -> dict[str, float]:
    """How many effects were found after correction, and of how many, by family."""
    return {
        f"{role}.{what}.{name}": float(count)
        for (role, what), effects in _families(result).items()
        for name, count in (("found", sum(effect.holm < LEVEL for effect in effects)), ("tested", len(effects)))
    }


def summary(result: AuditResult) -> list[str]:
    """How many effects of each family were found, in sentences."""
    sentences: list[str] = []
    for (role, what), effects in _families(result).items():
        found = sum(effect.holm < LEVEL for effect in effects)
        largest = max(effects, key=lambda effect: abs(effect.estimate.value)).estimate
        against = "the reference value" if role == "do" else f"the control with the {ROLES[role]}"
        sentences.append(
            f"Against {against}, {found} of {len(effects)} effects on {what} are found (Holm, {LEVEL:g}); the largest "
            f"estimate is {in_points(largest)} points."
        )
    return sentences


def audit_page(result: AuditResult) -> str:
    """Effects on subgroups and gaps with their figure, controls, and the filters' spectra."""
    roles = {name: [e for e in result.effects if e.role == role] for role, name in ROLES.items()}
    return page(
        "audit.html.j2",
        result=result,
        summary=summary(result),
        effects=[_encoded(effect_figure(result, views=(view,))) for view in result.views],
        spectra_figure=_encoded(spectrum_figure(result)),
        gaps={name: effect_rows(result, [e for e in effects if e.minus]) for name, effects in roles.items()},
        subgroups={name: effect_rows(result, [e for e in effects if not e.minus]) for name, effects in roles.items()},
        spectra=[
            (arm.name, f"{arm.parameters:,}", interval(spectrum.centroid))
            for arm, spectrum in zip(result.arms, result.spectra, strict=True)
        ],
    )


def _encoded(figure: str) -> str:
    return base64.b64encode(figure.encode()).decode()


def in_points(estimate: Estimate) -> str:
    """A difference of shares in percentage points: ``-3.2 [-5.1, -1.3]``."""
    return f"{points(estimate.value)} [{points(estimate.low)}, {points(estimate.high)}]"


def _families(result: AuditResult) -> dict[tuple[Role, str], list[Effect]]:
    """Effects on subgroups and on gaps, by what they are compared with; families without any are left out."""
    families: dict[tuple[Role, str], list[Effect]] = {
        (role, what): [effect for effect in effects if effect.role == role and effect.subgroup]
        for role in ROLES
        for what, effects in (("subgroups", result.subgroup_effects), ("gaps", result.gaps))
    }
    return {family: effects for family, effects in families.items() if effects}


def _row(result: AuditResult, effect: Effect) -> Row:
    of = subgroup(effect.subgroup)
    low, high = map(points, effect.fixed)
    return Row(
        arm=result.arms[effect.arm].name,
        against=result.arms[effect.against].name,
        view=effect.view,
        of=of if effect.minus is None else f"{of} − {subgroup(effect.minus)}",
        effect=in_points(effect.estimate),
        fixed=f"[{low}, {high}]",
        p="<.001" if effect.holm < 0.001 else f"{effect.holm:.3f}".removeprefix("0"),
        found=effect.holm < LEVEL,
    )
