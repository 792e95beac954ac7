import numpy as np
import pytest
import torch

from biasgate.errors import CandidateError
from biasgate.models.architecture import Architecture
from biasgate.models.card import InputContract
from biasgate.models.export import export_onnx
from biasgate.models.layers.conv import Conv
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.models.layers.pool import Pool
from biasgate.models.layers.relu import Relu
from biasgate.models.package import CandidatePackage, pack
from biasgate.models.restore import restore


def repack(package: CandidatePackage, tmp_path, **changes: object) -> CandidatePackage:
    return pack(package.model, package.card.model_copy(update=changes), tmp_path / "again")


def test_a_restored_network_has_the_candidates_weights(package: CandidatePackage, tiny, network_of):
    restored = restore(package)
    for name, tensor in network_of(tiny).state_dict().items():
        assert torch.equal(restored.state_dict()[name], tensor)
    assert all(parameter.requires_grad for parameter in restored.parameters())


def test_folded_batch_normalisation_is_restored_as_what_it_computes(normed, network_of, card_of, tmp_path):
    network = network_of(normed)
    export_onnx(network, path=tmp_path / "m.onnx")
    restored = restore(pack(tmp_path / "m.onnx", card_of(architecture=normed), tmp_path / "package"))
    x = torch.rand(4, *normed.input)
    with torch.no_grad():
        np.testing.assert_allclose(restored(x), network(x), atol=1e-5)


def test_a_card_whose_architecture_computes_something_else_is_refused(package: CandidatePackage, tiny, tmp_path):
    layers = (Conv(out=4, kernel=3), Relu(), Pool(how="mean"), *tiny.layers[3:])
    liar = repack(package, tmp_path, architecture=Architecture(name="liar", input=tiny.input, layers=layers))
    with pytest.raises(CandidateError, match="differ"):
        restore(liar)


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        ((Conv(out=4, kernel=3), Flatten(), Dense(out=3)), "2 layers"),
        ((Conv(out=4, kernel=3), Relu(), Pool(), Flatten(), Dense(out=7), Relu(), Dense(out=3)), "shape"),
    ],
)
def test_an_architecture_with_other_layers_is_refused(package, tiny, tmp_path, layers, reason: str):
    other = repack(package, tmp_path, architecture=Architecture(name="other", input=tiny.input, layers=layers))
    with pytest.raises(CandidateError, match=reason):
        restore(other)


def test_a_card_without_architecture_or_with_another_input_is_refused(package: CandidatePackage, tmp_path):
    with pytest.raises(CandidateError, match="no architecture"):
        restore(repack(package, tmp_path / "one", architecture=None))
    with pytest.raises(CandidateError, match="input contract"):
        restore(repack(package, tmp_path / "two", input=InputContract(shape=(8, 8, 3), layout="NHWC")))
