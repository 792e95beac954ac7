from typing import get_args

import pytest
import torch

from biasgate.errors import InputError
from biasgate.models.architecture import Architecture
from biasgate.models.initialisation import Init
from biasgate.models.layers.conv import Conv
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.models.layers.residual import Residual
from biasgate.models.network import build, initialise, parameter_count
from biasgate.models.presets import PRESETS, preset
from biasgate.models.shapes import layer_shapes


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("digits_small", 24_258),
        ("digits_paper", 49_562),
        ("digits_cnn_zoo", 5_258),
        ("digits_residual", 20_074),
        ("faces_paper", 106_242),
        ("faces_small", 23_490),
    ],
)
def test_presets_have_their_stated_number_of_parameters(name: str, parameters: int):
    assert parameter_count(build(preset(name))) == parameters


@pytest.mark.parametrize("name", PRESETS)
def test_presets_turn_images_into_one_logit_a_class(name: str):
    architecture = preset(name)
    logits = build(architecture).eval()(torch.zeros(2, *architecture.input))
    assert logits.shape == (2, *layer_shapes(architecture)[-1]) == (2, 10 if name.startswith("digits") else 2)


def test_an_unknown_preset_names_those_there_are():
    with pytest.raises(InputError, match="digits_small, digits_paper"):
        preset("digits")


def test_parameters_are_named_by_the_layers_place():
    network = build(Architecture(name="two", input=(4,), layers=(Dense(out=3), Dense(out=2))))
    assert list(network.state_dict()) == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]


@pytest.mark.parametrize("init", get_args(Init))
def test_initialisation_depends_on_the_generator_alone(init):
    def draw(seed: int) -> torch.Tensor:
        network = build(preset("digits_small"))
        initialise(network, init=init, generator=torch.Generator().manual_seed(seed))
        return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])

    torch.manual_seed(5)
    first = draw(1)
    torch.manual_seed(6)
    assert torch.equal(first, draw(1))
    assert not torch.equal(first, draw(2))


def test_torch_initialises_as_torch_does():
    network, own = (build(Architecture(name="wide", input=(512,), layers=(Dense(out=512),))) for _ in range(2))
    initialise(network, init="torch", generator=torch.Generator().manual_seed(0))
    for drawn, torchs in zip(network.parameters(), own.parameters(), strict=True):
        assert drawn.detach().abs().max() == pytest.approx(512**-0.5, rel=0.01)
        assert drawn.std().item() == pytest.approx(torchs.std().item(), rel=0.1)


def test_initialised_weights_keep_the_variance_of_relu_layers():
    network = build(Architecture(name="wide", input=(512,), layers=(Dense(out=512),)))
    initialise(network, init="kaiming_normal", generator=torch.Generator().manual_seed(0))
    weight, bias = network.parameters()
    assert weight.std().item() == pytest.approx((2 / 512) ** 0.5, rel=0.02)
    assert not bias.any()


def test_a_residual_block_adds_its_input():
    body = Residual(body=(Conv(out=2, kernel=3, padding=1),))
    network = build(Architecture(name="skip", input=(2, 4, 4), layers=(body, Flatten(), Dense(out=2))))
    block = network.layers[0]
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.zero_()
    x = torch.rand(1, 2, 4, 4)
    assert torch.equal(block(x), x)


def test_a_residual_body_that_no_strided_skip_matches_is_refused():
    body = Residual(body=(Conv(out=2, kernel=3),))
    with pytest.raises(InputError, match="1×1"):
        build(Architecture(name="skip", input=(2, 6, 6), layers=(body, Flatten(), Dense(out=2))))
