from __future__ import annotations

import numpy as np
import pytest

from biasgate.audit.effects import measure_effects, measure_levels, measure_spectra, targets
from biasgate.audit.files import read_spec
from biasgate.audit.outcomes import Outcomes
from biasgate.audit.plan import plan_audit
from biasgate.audit.result import AuditResult, Trained
from biasgate.audit.spectra import BINS
from biasgate.data.sources.synthetic_faces import synthetic_faces
from biasgate.report.audit import audit_page, findings, summary

VIEWS = ("clean", "low-pass 8")


@pytest.fixture(scope="module")
def result() -> AuditResult:
    """The ready audit with drawn answers: kernels above 3 lift the accuracy of old faces alone, by 20 points."""
    spec = read_spec("kernel_faces")
    spec = spec.model_copy(update={"perturbations": spec.perturbations[:1], "controls": ("receptive_field",)})
    plan, faces = plan_audit(spec, shards=1), synthetic_faces(people=400, size=16, label="gender", seed=5)
    rng = np.random.default_rng(0)
    lifted = np.array([arm.role == "do" and arm.value != 3 for arm in plan.arms])
    rate = 0.6 + 0.2 * lifted[:, None, None, None] * (faces.attribute("age") == "old")
    shape = (len(plan.arms), spec.seeds, len(VIEWS), len(faces))
    outcomes = Outcomes(correct=rng.random(shape) < rate, power=rng.dirichlet(np.ones(BINS), size=shape[:2]))
    found = targets(faces, spec.subgroups)
    return AuditResult(
        spec=spec,
        arms=tuple(Trained(name=a.name, role=a.role, value=a.value, parameters=a.parameters) for a in plan.arms),
        images=len(faces),
        subgroups={"skin": dict.fromkeys(("dark", "light", "medium"), 1), "age": dict.fromkeys(("old", "young"), 1)},
        train="sha256:0",
        test="sha256:1",
        levels=tuple(measure_levels(outcomes, found, faces.clusters, views=VIEWS, confidence=0.95)),
        effects=tuple(
            measure_effects(outcomes, plan.arms, found, faces.clusters, reference=3, views=VIEWS, confidence=0.95)
        ),
        spectra=tuple(measure_spectra(outcomes, confidence=0.95)),
        versions=(),
    )


def test_what_was_planted_is_counted_and_said(result: AuditResult) -> None:
    found = [e for e in result.subgroup_effects if e.holm < 0.05 and e.subgroup and e.role == "do"]
    by_age = [effect.subgroup["age"] for effect in found if "age" in effect.subgroup]
    assert by_age == ["old"] * 4 * len(VIEWS)
    counts, tested = findings(result), 4 * len(VIEWS) * 6
    assert (counts["do.subgroups.found"], counts["do.subgroups.tested"]) == (len(found), tested)
    assert f"{len(found)} of {tested} effects on subgroups are found" in summary(result)[0]


def test_the_page_shows_effects_first_found_in_bold_with_their_figure(result: AuditResult) -> None:
    page = audit_page(result)
    assert page.count("data:image/svg+xml;base64,") == len(VIEWS) + 1
    assert page.index('class="chosen"') < page.index("<tr><td ")
    assert "age = old" in page
    assert page == audit_page(AuditResult.parse(result.to_json(), where="test"))
