"""The page of heatmaps, on a network that leans on the right edge for group y."""

from __future__ import annotations

import numpy as np
import pytest

from biasgate.attribution.findings import findings
from biasgate.contracts.estimate import Estimate
from biasgate.contracts.relevance import Contrast, Focus, MethodRelevance, Pictures, Relevance
from biasgate.report.heatmap_pictures import lean_tile
from biasgate.report.relevance import relevance_page

GROUPS: list[dict[str, str]] = [{}, {"group": "x"}, {"group": "y"}, {"group": "few"}]
UNITS = (65, 30, 30, 5)
LEAN, SHARE = (Estimate(value=value, low=value - 0.1, high=value + 0.1, n=60, method="t") for value in (0.6, 0.4))


@pytest.fixture
def pictures() -> Pictures:
    net = np.zeros((1, len(GROUPS), 8, 8))
    net[0, 2, :, 6:], net[0, 2, :2, :2] = 0.01, -0.005
    faces = np.full((len(GROUPS), 8, 8, 3), 128.0)
    return Pictures(GROUPS, faces, {"lrp": np.ones_like(net)}, {"lrp": net})


def relevance(*, p_value: float) -> Relevance:
    focus = [
        Focus(label="<smile>", subgroup=group, clusters=n, share=SHARE, density=SHARE, p_value=0.001, randomised=0.3)
        for group, n in zip(GROUPS[:3], UNITS, strict=False)
    ]
    contrast = Contrast(
        label="<smile>", statistic="net", attribute="group", higher={"group": "y"}, lower={"group": "x"},
        estimate=LEAN, simultaneous=(0.3, 0.9), p_value=p_value, parts={"right edge": LEAN},
    )  # fmt: skip
    few = Focus(label="<smile>", subgroup=GROUPS[3], clusters=UNITS[3])
    method = MethodRelevance(method="lrp", focus=(*focus, few), contrasts=(contrast,), likeness=SHARE)
    return Relevance(
        model="sha256:model", data="sha256:data", spec="sha256:spec", regions="sha256:regions",
        rows=130, clusters=65, methods=(method,), false_findings=SHARE,
    )  # fmt: skip


def test_the_page_tells_a_lean_with_its_region_and_draws_all_but_the_few(pictures: Pictures) -> None:
    measured = relevance(p_value=0.01)
    page = relevance_page(measured, pictures, found=findings(None, measured))
    assert "right edge" in page
    assert "lean: y (red) − x (blue)" in page
    assert page.count('src="data:image/png;base64,') == 4
    assert "too few" in page
    assert "<smile>" not in page


def test_what_no_test_names_is_no_finding(pictures: Pictures) -> None:
    measured = relevance(p_value=0.2)
    page = relevance_page(measured, pictures, found=findings(None, measured))
    assert "right edge" not in page
    assert "0 findings in all" in page


def test_a_faint_lean_is_seen_and_a_common_scale_shows_it_faint(pictures: Pictures) -> None:
    own, common = (lean_tile(pictures, "lrp", 0, (2, 1), top=top).astype(int) for top in (None, 1.0))
    right, corner, middle = (slice(None), -10), (10, 10), (64, 64)
    red_over_blue = own[..., 0] - own[..., 2]
    assert red_over_blue[right].min() > 80
    assert red_over_blue[corner] < -40
    assert red_over_blue[middle] == 0
    assert np.abs(common[..., 0] - common[..., 2]).max() < 10
