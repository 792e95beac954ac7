import numpy as np
import pytest

from biasgate.errors import InputError
from biasgate.models.card import InputContract
from biasgate.models.preprocess import preprocess

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 4, 6, 3), dtype=np.uint8)


def test_images_are_scaled_and_normalised_per_channel_first():
    contract = InputContract(shape=(3, 4, 6), layout="NCHW", scale=1 / 255, mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 2.0))
    prepared = preprocess(IMAGES, contract)
    assert prepared.dtype == np.float32
    assert prepared.shape == (5, 3, 4, 6)
    assert prepared.flags.c_contiguous
    assert prepared[3, 1, 2, 4] == pytest.approx((IMAGES[3, 2, 4, 1] / 255 - 0.2) / 0.25, rel=1e-5)


def test_channels_last_stay_last():
    prepared = preprocess(IMAGES, InputContract(shape=(4, 6, 3), layout="NHWC", mean=(1.0,)))
    np.testing.assert_array_equal(prepared, IMAGES.astype(np.float32) - 1)


def test_rows_are_normalised_per_feature():
    rows = np.array([[1.0, 10.0], [3.0, 30.0]], np.float32)
    contract = InputContract(shape=(2,), layout="rows", mean=(2.0, 20.0), std=(1.0, 10.0))
    np.testing.assert_array_equal(preprocess(rows, contract), [[-1, -1], [1, 1]])


@pytest.mark.parametrize(
    "contract",
    [
        InputContract(shape=(3, 6, 4), layout="NCHW"),
        InputContract(shape=(4, 6, 3), layout="NCHW"),
        InputContract(shape=(72,), layout="rows"),
        InputContract(shape=(72,), layout="NHWC"),
        InputContract(shape=(3, 4, 6), layout="NCHW", mean=(0.0, 0.0)),
        InputContract(shape=(3, 4, 6), layout="NCHW", std=(0.0,)),
    ],
    ids=["transposed", "channels last", "rows", "too few axes", "two means", "std of zero"],
)
def test_samples_that_disagree_with_the_contract_are_refused(contract: InputContract):
    with pytest.raises(InputError):
        preprocess(IMAGES, contract)
