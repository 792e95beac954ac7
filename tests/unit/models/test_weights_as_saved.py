"""Weights as training scripts and libraries save them become the declared network, or a refusal says what differs."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from candidates import import_model
from safetensors.torch import save_file
from torch import Tensor, nn

from biasgate.errors import CandidateError
from biasgate.models.architecture import Architecture
from biasgate.models.export import torch_logits
from biasgate.models.layers.conv import Conv
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.models.layers.norm import Norm
from biasgate.models.layers.relu import Relu
from biasgate.models.package import CandidatePackage
from biasgate.models.reading import read_weights
from biasgate.models.restore import from_tensors
from biasgate.models.sandbox.runner import run

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)


@pytest.fixture
def state(tiny: Architecture, network_of) -> dict[str, Tensor]:
    return network_of(tiny).state_dict()


@pytest.fixture
def submitted(card_of, tmp_path: Path):
    def submit(name: str, saved: object, architecture: Architecture) -> CandidatePackage:
        folder = tmp_path / "submitted"
        folder.mkdir()
        (folder / "card.json").write_bytes(card_of(architecture=architecture).to_json())
        save_file(saved, folder / name) if name.endswith(".safetensors") else torch.save(saved, folder / name)  # type: ignore[arg-type]
        return import_model(folder, tmp_path / "package")

    return submit


def renamed(state: Mapping[str, Tensor], old: str, new: str) -> dict[str, Tensor]:
    return {name.replace(old, new, 1): tensor for name, tensor in state.items()}


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model.", "_orig_mod.module.", "my_net.encoder."])
def test_one_name_before_all_others_is_taken_off_and_said(submitted, state, tiny, network_of, prefix: str):
    package = submitted("model.safetensors", renamed(state, "", prefix), tiny)
    assert package.notes == (f"{prefix!r} was taken off the names of all tensors",)
    expected = torch_logits(network_of(tiny), (IMAGES.transpose(0, 3, 1, 2) / 255).astype(np.float32))
    np.testing.assert_allclose(run(package, IMAGES).logits, expected, atol=1e-5)


def test_the_names_of_a_sequential_network_are_the_architectures(state, tiny):
    found = from_tensors(tiny, {name: t.numpy() for name, t in renamed(state, "layers.", "").items()}, where="here")
    assert torch.equal(found.state_dict()["layers.0.weight"], state["layers.0.weight"])


def test_a_name_before_some_tensors_alone_is_refused(state, tiny):
    names = dict(state)
    names["module.layers.0.bias"] = names.pop("layers.0.bias")
    with pytest.raises(CandidateError, match=r"file lacks layers\.0\.bias; the card lacks"):
        from_tensors(tiny, {name: tensor.numpy() for name, tensor in names.items()}, where="here")


@pytest.mark.parametrize("keys", [["state_dict"], ["model"], ["net"], ["model", "state_dict"]])
def test_a_checkpoint_is_opened_where_scripts_keep_the_weights(submitted, state, tiny, keys: list[str]):
    saved: object = state
    for key in reversed(keys):
        saved = {key: saved, "epoch": 7, "optimizer": {}}
    (note,) = submitted("model.ckpt", saved, tiny).notes
    assert note.startswith(f"the weights are those under {'.'.join(keys)!r} of the checkpoint; not read: 'epoch', 'op")


@pytest.mark.parametrize(("key", "other"), [("model", "ema"), ("state_dict", "state_dict_ema"), ("model", "teacher")])
def test_a_checkpoint_of_two_models_says_which_was_taken(submitted, state, tiny, key: str, other: str):
    package = submitted("model.pt", {other: renamed(state, "", "module."), key: state}, tiny)
    assert package.notes == (f"the weights are those under {key!r} of the checkpoint; not read: {other!r}",)


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2, torch.float16])
def test_short_floats_are_read_as_the_numbers_that_they_are(state, kind: torch.dtype, tmp_path: Path):
    short = {name: tensor.to(kind) for name, tensor in state.items()}
    save_file(short, tmp_path / "m.safetensors")
    for layer in read_weights(tmp_path / "m.safetensors").layers:
        np.testing.assert_array_equal(layer.weight, short[f"{layer.name}.weight"].float())


def test_one_part_of_a_model_is_never_read_as_a_whole(state, tmp_path: Path):
    part = tmp_path / "model-00001-of-00002.safetensors"
    save_file(state, part)
    with pytest.raises(CandidateError, match=r"part 1 of 2 .*model\.safetensors\.index\.json"):
        read_weights(part)


@pytest.mark.parametrize("place", ["../other.safetensors", "absent.safetensors", "model-00002-of-00002.safetensors"])
def test_an_index_that_names_another_place_is_refused(state, tmp_path: Path, place: str):
    names = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
    first, second = list(state)[:2], list(state)[2:]
    save_file({name: state[name] for name in first}, tmp_path / names[0])
    save_file({name: state[name] for name in second}, tmp_path / names[1])
    save_file(state, tmp_path.parent / "other.safetensors")
    places = dict.fromkeys(first, names[0]) | dict.fromkeys(second, names[1]) | {first[0]: place}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    with pytest.raises(CandidateError):
        read_weights(tmp_path / "model.safetensors.index.json")


class Net(nn.Module):
    """As a script would write it, with Keras' epsilon."""

    def __init__(self, epsilon: float) -> None:
        super().__init__()
        conv, norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, eps=epsilon)
        self.layers = nn.Sequential(conv, norm, nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


@pytest.mark.parametrize("epsilon", [None, 1e-3])
def test_the_epsilon_of_batch_normalisation_is_the_cards_or_is_said(submitted, epsilon: float | None):
    torch.manual_seed(0)
    net = Net(epsilon or 1e-5).eval()
    net.layers[1].running_var.fill_(1e-3)  # type: ignore[operator, union-attr]
    layers = (Conv(out=4, kernel=3), Norm(epsilon=epsilon), Relu(), Flatten(), Dense(out=3))
    package = submitted("model.pt", net.state_dict(), Architecture(name="n", input=(3, 8, 8), layers=layers))
    assert [note for note in package.notes if "adds 1e-05 to the variance" in note] == list(package.notes)
    assert bool(package.notes) == (epsilon is None)
    expected = torch_logits(net, (IMAGES.transpose(0, 3, 1, 2) / 255).astype(np.float32))
    np.testing.assert_allclose(run(package, IMAGES).logits, expected, atol=1e-4)
