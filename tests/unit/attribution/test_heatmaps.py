from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from biasgate.attribution.heatmaps import heatmaps, randomised
from biasgate.contracts.relevance import Method
from biasgate.errors import InputError
from biasgate.models.architecture import Architecture
from biasgate.models.layers.conv import Conv
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.models.layers.norm import Norm
from biasgate.models.layers.pool import Pool
from biasgate.models.layers.relu import Relu
from biasgate.models.layers.residual import Residual
from biasgate.models.network import Network, build, initialise

pytestmark = pytest.mark.filterwarnings("ignore")
SMALL = Architecture(
    name="small",
    input=(3, 12, 12),
    layers=(
        Conv(out=4, kernel=3), Norm(), Relu(), Pool(), Conv(out=6, kernel=3), Relu(), Pool(how="mean", size=3),
        Flatten(), Dense(out=5), Relu(), Dense(out=2),
    ),
)  # fmt: skip


def network(architecture: Architecture) -> Network:
    made = build(architecture)
    initialise(made, init="kaiming_uniform", generator=torch.Generator().manual_seed(1))
    return made.eval()


def images(n: int = 6, side: int = 12) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((n, 3, side, side), dtype=np.float32)


def test_of_a_linear_network_both_methods_are_input_times_weight() -> None:
    linear, x = network(Architecture(name="l", input=(3, 5, 5), layers=(Flatten(), Dense(out=2)))), images(side=5)
    weight = linear.get_parameter("layers.1.weight").detach().numpy().reshape(2, 3, 5, 5)
    references: dict[Method, Any] = {"lrp": 0.0, "integrated_gradients": x.mean(axis=0)}
    for method, reference in references.items():
        expected = ((x - reference)[:, None] * weight).sum(axis=2)
        assert heatmaps(linear, x, targets=range(2), method=method) == pytest.approx(expected, abs=1e-4)


def test_relevance_adds_up_to_the_logit_and_leaves_the_network_alone() -> None:
    net, x = network(SMALL), images()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with torch.inference_mode():
        logits = net(torch.from_numpy(x)).numpy()
        start = net(torch.from_numpy(x.mean(axis=0, keepdims=True))).numpy()
    spread = heatmaps(net, x, targets=range(2), method="lrp").sum(axis=(2, 3))
    assert spread == pytest.approx(logits, rel=0.02, abs=0.02)
    path = heatmaps(net, x, targets=range(2), method="integrated_gradients").sum(axis=(2, 3))
    assert path == pytest.approx(logits - start, rel=0.1, abs=0.1 * float(logits.std()))
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert not net.training


def test_pixels_that_the_network_cannot_see_have_no_relevance() -> None:
    blind = network(
        Architecture(name="b", input=(3, 8, 8), layers=(Conv(out=2, kernel=5), Relu(), Flatten(), Dense(out=1)))
    )
    with torch.no_grad():
        blind.get_parameter("layers.3.weight").view(1, 2, 4, 4)[..., 2:] = 0
    for method in ("lrp", "integrated_gradients"):
        maps = heatmaps(blind, images(side=8), targets=[0], method=method)
        assert np.abs(maps[..., 6:]).max() == 0
        assert np.abs(maps[..., :6]).max() > 0


def test_lrp_refuses_residual_blocks_and_names_the_other_method() -> None:
    block = Residual(body=(Conv(out=3, kernel=3, padding=1), Relu()))
    net = network(Architecture(name="r", input=(3, 8, 8), layers=(block, Flatten(), Dense(out=2))))
    with pytest.raises(InputError, match="integrated gradients"):
        heatmaps(net, images(side=8), targets=[0], method="lrp")
    assert heatmaps(net, images(side=8), targets=[0], method="integrated_gradients").any()


def test_randomised_weights_follow_from_their_seed_and_are_not_the_network() -> None:
    net, x = network(SMALL), torch.from_numpy(images())
    first, second = randomised(net, seed=3)(x), randomised(net, seed=3)(x)
    assert torch.equal(first, second)
    assert not torch.allclose(first, net(x))
