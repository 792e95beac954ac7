"""What every kind of layer must do: a new file in ``models/layers`` is checked here without being named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy

from biasgate.errors import InputError
from biasgate.models.architecture import LAYERS, Architecture
from biasgate.models.card import InputContract
from biasgate.models.export import export_onnx
from biasgate.models.layer import Layer
from biasgate.models.layers.conv import Conv
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.models.network import Network, build, initialise
from biasgate.models.package import pack
from biasgate.models.reading import read_weights
from biasgate.models.restore import restore
from biasgate.models.shapes import placed
from biasgate.training.batch import Batch
from biasgate.training.feed import Sight
from biasgate.training.loop import SHIFT
from biasgate.training.pool import ImagePool
from biasgate.training.recipe import TrainingRecipe
from biasgate.training.stack import Stack
from biasgate.training.together import Learner, train_together

INPUT, CLASSES, BATCH = (3, 11, 9), 3, 8
BEYOND = {"exclusiveMinimum": 0, "minimum": -1, "exclusiveMaximum": 0, "maximum": 1}
"""From a bound of the JSON schema to a number that it forbids."""


def architectures(layer: Layer) -> Iterator[Architecture]:
    """Networks that begin with the layer, and that have it behind a convolution, on images or on vectors."""
    stem, end = Conv(out=4, kernel=3), Dense(out=CLASSES)
    chains = (layer, Flatten(), end), (stem, layer, Flatten(), end), (stem, Flatten(), layer, end)
    for place, layers in zip(("first", "within", "vectors"), chains, strict=True):
        architecture = Architecture(name=f"{layer.kind} {place}", input=INPUT, layers=layers)
        try:
            placed(architecture)
        except InputError:
            continue
        yield architecture


def is_random(layer: Layer) -> bool:
    """Whether the module gives something else each time, in training."""
    try:
        module, x = layer.module(INPUT).train(), torch.ones(2, *INPUT)
        return not torch.equal(module(x), module(x))
    except (RuntimeError, ValueError):
        return False


def example_id(layer: Layer) -> str:
    return layer.to_json().decode()


KINDS = pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__.lower())
EXAMPLES = [kind.model_validate(example) for kind in LAYERS for example in kind.model_json_schema()["examples"]]
NETWORKS = [architecture for layer in EXAMPLES for architecture in architectures(layer)]
SURE = [architecture for architecture in NETWORKS if not any(map(is_random, architecture.layers))]
each_example = pytest.mark.parametrize("layer", EXAMPLES, ids=example_id)
each_network = pytest.mark.parametrize("architecture", NETWORKS, ids=lambda a: a.name)


@KINDS
def test_it_says_what_it_is_and_gives_examples_that_networks_can_be_made_of(kind: type[Layer]) -> None:
    assert kind.__doc__
    examples = kind.model_json_schema()["examples"]
    assert examples
    for example in examples:
        assert example["kind"] == kind.model_fields["kind"].default
        assert list(architectures(kind.model_validate(example)))


@each_network
def test_it_is_declared_in_json_and_read_back(architecture: Architecture) -> None:
    again = Architecture.parse(architecture.to_json(), where="card")
    assert again == architecture
    assert again.to_json() == architecture.to_json()


@KINDS
def test_a_setting_outside_its_bounds_is_refused_by_its_name(kind: type[Layer]) -> None:
    schema = kind.model_json_schema()
    good = schema["examples"][0]
    for name, setting in schema["properties"].items():
        for bound, step in BEYOND.items():
            if bound in setting:
                with pytest.raises(InputError, match=name):
                    kind.build({**good, name: setting[bound] + step}, where="card")
    for bad in ({"colour": 3}, {"kind": "no kind"}):
        with pytest.raises(InputError, match=next(iter(bad))):
            kind.build({**good, **bad}, where="card")


@each_example
@pytest.mark.parametrize("shape", [INPUT, (24,)], ids=["an image", "a vector"])
def test_what_it_does_not_fit_is_refused_with_its_place(layer: Layer, shape: tuple[int, ...]) -> None:
    try:
        after, place = layer.shape(shape, where="here"), "here"
    except InputError as refusal:
        after, place = shape, refusal.where
    assert place == "here"
    assert min(after) > 0


@each_network
def test_its_shape_is_the_one_that_torch_computes(architecture: Architecture) -> None:
    x = torch.rand(2, *INPUT)
    for part, module in zip(placed(architecture), build(architecture).eval().layers, strict=True):
        x = module(x)
        assert tuple(x.shape[1:]) == part.after


@each_network
def test_it_computes_the_same_in_onnx(architecture: Architecture, network_of, tmp_path: Path) -> None:
    network = network_of(architecture)
    assert export_onnx(network, path=tmp_path / "model.onnx") < 1e-5
    onnx.checker.check_model(tmp_path / "model.onnx", full_check=True)
    export_onnx(network, path=tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == (tmp_path / "model.onnx").read_bytes()


@pytest.mark.parametrize("architecture", [a for a in NETWORKS if not a.name.endswith("first")], ids=lambda a: a.name)
def test_its_weights_are_read_from_a_graph_and_from_named_tensors_and_restored(
    architecture: Architecture, network_of, card_of, tmp_path: Path
) -> None:
    network = network_of(architecture)
    export_onnx(network, path=tmp_path / "m.onnx")
    save_file(network.state_dict(), tmp_path / "m.safetensors")
    from_graph, from_names = (read_weights(tmp_path / f"m.{suffix}") for suffix in ("onnx", "safetensors"))
    for one, other in zip(from_graph.layers, from_names.layers, strict=True):
        np.testing.assert_array_equal(one.weight, other.weight)
        np.testing.assert_array_equal(one.bias, other.bias)
    contract = InputContract(shape=INPUT, layout="NCHW")
    card = card_of(architecture=architecture, input=contract)
    restored, x = restore(pack(tmp_path / "m.onnx", card, tmp_path / "package")), torch.rand(2, *INPUT)
    with torch.no_grad():
        torch.testing.assert_close(restored(x), network(x), rtol=1e-4, atol=1e-5)


@each_network
def test_its_first_weights_depend_on_the_generator_alone(architecture: Architecture) -> None:
    def drawn(seed: int) -> torch.Tensor:
        network = build(architecture)
        initialise(network, init="kaiming_uniform", generator=torch.Generator().manual_seed(seed))
        return torch.nn.utils.parameters_to_vector(network.parameters())

    assert torch.equal(drawn(1), drawn(1))


def networks(architecture: Architecture) -> list[Network]:
    made = [build(architecture) for _ in range(2)]
    for seed, network in enumerate(made):
        initialise(network, init="kaiming_uniform", generator=torch.Generator().manual_seed(seed))
    return made


def stack_of(members: list[Network]) -> Stack:
    generators = [torch.Generator().manual_seed(seed) for seed in range(len(members))]
    return Stack(members, generators=generators, device=torch.device("cpu"), dtype=torch.float32)


def batch_of(channels: int) -> tuple[Batch, torch.Tensor]:
    """Two networks' images, grey ones with colours, and their labels."""
    rng = np.random.default_rng(0)
    colours = torch.from_numpy(rng.random((2, BATCH, 3), np.float32)) if channels == 1 else None
    batch = Batch(
        pool=ImagePool(rng.integers(0, 256, (20, *INPUT[1:], channels), dtype=np.uint8)),
        rows=torch.from_numpy(rng.integers(0, 20, (2, BATCH))),
        colours=colours,
        corners=torch.full((2, 2), SHIFT),
        scale=torch.tensor([1 / 255, 2 / 255]),
        offset=torch.tensor([0.0, -1.0]),
    )
    return batch, torch.from_numpy(rng.integers(0, CLASSES, (2, BATCH)))


@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "coloured"])
@pytest.mark.parametrize("architecture", SURE, ids=lambda a: a.name)
def test_its_step_in_a_stack_is_that_of_each_network_alone(architecture: Architecture, channels: int) -> None:
    together, alone = networks(architecture), networks(architecture)
    (batch, labels), stack = batch_of(channels), stack_of(together)
    logits = stack(batch)
    losses = torch.stack([cross_entropy(one, label) for one, label in zip(logits, labels, strict=True)])
    gradients = stack.gradients(losses)
    stack.store()
    for place, (network, images) in enumerate(zip(alone, batch.images().movedim(-1, 2), strict=True)):
        own = network.train()(images)
        torch.testing.assert_close(logits[place], own, rtol=1e-4, atol=1e-4)
        cross_entropy(own, labels[place]).backward()
        expected = torch.cat([parameter.grad.flatten() for parameter in network.parameters()])  # type: ignore[union-attr]
        torch.testing.assert_close(gradients[place, : len(expected)], expected, rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(together[place].state_dict(), network.state_dict(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("architecture", [a for a in NETWORKS if a not in SURE], ids=lambda a: a.name)
def test_what_chance_does_in_a_stack_comes_from_the_generators_and_is_on_average_what_it_infers(
    architecture: Architecture,
) -> None:
    batch, _ = batch_of(3)
    first, second = (stack_of(networks(architecture))(batch) for _ in range(2))
    assert torch.equal(first, second)
    stack = stack_of(members := networks(architecture))
    with torch.no_grad():
        drawn = torch.stack([stack(batch) for _ in range(2000)])
        inferred = torch.stack(
            [network.eval()(images) for network, images in zip(members, batch.images().movedim(-1, 2), strict=True)]
        )
    assert drawn.std(dim=0).max() > 0.01
    torch.testing.assert_close(drawn.mean(dim=0), inferred, rtol=0, atol=5 * float(drawn.std(dim=0).max()) / 2000**0.5)


@each_network
def test_a_network_with_it_learns(architecture: Architecture) -> None:
    rng = np.random.default_rng(0)
    pool = ImagePool(rng.integers(0, 256, (12, *INPUT[1:], 3), dtype=np.uint8))
    sight = Sight(np.arange(12), np.arange(12) % CLASSES, colours=None, normalisation="centred")

    def loss(steps: int) -> float:
        recipe = TrainingRecipe(learning_rate=0.02, batch=12, steps=steps, schedule="constant")
        learner = Learner(networks(architecture)[0], sight, recipe, torch.Generator().manual_seed(0))
        return train_together([learner], pool, dtype=torch.float32)[0]

    assert loss(40) < loss(1)


def test_a_kind_that_is_none_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"'recurrence'.*'conv'"):
        Architecture.build({"name": "new", "input": [3], "layers": [{"kind": "recurrence"}]}, where="card")
