import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from biasgate.errors import InputError
from biasgate.models.architecture import Architecture
from biasgate.models.layer import Layer
from biasgate.models.layers.conv import Conv
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.models.layers.norm import Norm
from biasgate.models.layers.pool import Pool
from biasgate.models.layers.relu import Relu
from biasgate.models.layers.residual import Residual
from biasgate.models.network import build
from biasgate.models.shapes import layer_shapes

image_layers = st.one_of(
    st.builds(
        Conv,
        out=st.integers(1, 4),
        kernel=st.integers(1, 4),
        stride=st.integers(1, 3),
        padding=st.integers(0, 2),
        dilation=st.integers(1, 2),
    ),
    st.builds(Pool, how=st.sampled_from(["max", "mean", "global"]), size=st.integers(1, 3)),
    st.builds(Norm),
    st.builds(Relu),
)


@settings(max_examples=60, deadline=None)
@given(layers=st.lists(image_layers, max_size=4), side=st.integers(4, 12))
def test_declared_shapes_are_those_that_torch_computes(layers: list[Layer], side: int):
    architecture = Architecture(name="any", input=(2, side, side + 1), layers=(*layers, Flatten(), Dense(out=3)))
    try:
        shapes = layer_shapes(architecture)
    except InputError:
        return
    x = torch.zeros(1, *architecture.input)
    for module, shape in zip(build(architecture).eval().layers, shapes[1:], strict=True):
        x = module(x)
        assert tuple(x.shape[1:]) == shape


def test_the_layer_that_does_not_fit_is_named():
    too_deep = Architecture(
        name="deep", input=(3, 8, 8), layers=(Conv(out=4, kernel=3), Pool(size=4), Conv(out=4, kernel=3), Dense(out=2))
    )
    with pytest.raises(InputError, match=r"deep, layers\.2"):
        layer_shapes(too_deep)


def test_a_dense_layer_on_an_image_asks_for_a_flatten_layer():
    with pytest.raises(InputError, match="flatten"):
        layer_shapes(Architecture(name="flat", input=(3, 8, 8), layers=(Dense(out=2),)))


def test_the_last_layer_must_be_dense():
    with pytest.raises(InputError, match="dense"):
        layer_shapes(Architecture(name="open", input=(4,), layers=(Dense(out=2), Relu())))


def test_a_shape_that_would_exhaust_memory_is_refused_unbuilt():
    with pytest.raises(InputError, match="values"):
        layer_shapes(Architecture(name="vast", input=(1, 4096, 4096), layers=(Conv(out=64, kernel=1), Dense(out=2))))


def test_a_residual_body_is_named_within_its_layer():
    body = Residual(body=(Conv(out=2, kernel=1), Conv(out=2, kernel=9)))
    with pytest.raises(InputError, match=r"layers\.0\.body\.1"):
        layer_shapes(Architecture(name="skip", input=(1, 4, 4), layers=(body, Flatten(), Dense(out=2))))
