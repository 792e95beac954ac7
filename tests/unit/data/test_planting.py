"""Planted bias: exactly as strong as asked, and visible in the pixels."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from biasgate.data.colouring import recolour
from biasgate.data.dataset import Dataset
from biasgate.data.palette import PAPER_PALETTE, draw_palette, spread
from biasgate.data.planting import plant_share, plant_sigma, twins
from biasgate.errors import InputError


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def worn_colours(dataset: Dataset) -> np.ndarray:
    """The colour of each image, read off its brightest pixel ``[n, 3]``."""
    pixels = dataset.array.reshape(len(dataset), -1, 3)
    brightest = pixels.sum(axis=2, dtype=int).argmax(axis=1)
    return pixels[np.arange(len(dataset)), brightest] / 255


@given(arrays.arrays(np.uint8, (3, 4, 5, 1)), arrays.arrays(np.float32, (3, 3), elements=st.floats(0, 1, width=32)))
def test_recolouring_multiplies_intensity_and_colour(grey: np.ndarray, colours: np.ndarray) -> None:
    exact = grey * colours[:, None, None, :].astype(np.float64)
    assert np.abs(recolour(grey, colours) - exact).max() <= 0.5 + 1e-4


@pytest.mark.parametrize("conflicting", [0.0, 0.02, 0.3, 0.9, 1.0])
def test_the_planted_share_conflicts(digits: Dataset, conflicting: float) -> None:
    planted = plant_share(digits, palette=PAPER_PALETTE, conflicting=conflicting, rng=rng())
    measured = (planted.attribute("alignment") == "conflicting").mean()
    assert abs(measured - conflicting) <= 4 * np.sqrt(conflicting * (1 - conflicting) / len(digits))
    agrees = planted.attribute("colour") == planted.labels.astype(str)
    assert (agrees == (planted.attribute("alignment") == "aligned")).all()


def test_nine_tenths_conflicting_makes_colour_independent_of_ten_labels(digits: Dataset) -> None:
    planted = plant_share(digits, palette=PAPER_PALETTE, conflicting=0.9, rng=rng())
    table = np.zeros((10, 10))
    np.add.at(table, (planted.labels, planted.attribute("colour").astype(int)), 1)
    chi_square = ((table - 50) ** 2 / 50).sum()
    assert chi_square < 90 + 5 * np.sqrt(2 * 90)


def test_an_image_wears_the_colour_that_its_attribute_says(digits: Dataset) -> None:
    bright = digits.take(digits.array.max(axis=(1, 2, 3)) == 255)
    planted = plant_share(bright, palette=PAPER_PALETTE, conflicting=0.5, rng=rng())
    named = PAPER_PALETTE[planted.attribute("colour").astype(int)]
    assert np.abs(worn_colours(planted) - named).max() < 1 / 255


def test_jitter_has_the_asked_variance(digits: Dataset) -> None:
    bright = digits.take(digits.array.max(axis=(1, 2, 3)) == 255)
    grey = np.full((10, 3), 0.5, dtype=np.float32)
    planted = plant_sigma(bright, palette=grey, variance=0.02, rng=rng())
    assert worn_colours(planted).var() == pytest.approx(0.02, rel=0.05)
    assert (planted.attribute("alignment") == "aligned").all()


def test_independent_jitter_takes_a_random_labels_colour(digits: Dataset) -> None:
    planted = plant_sigma(digits, palette=PAPER_PALETTE, variance=0.02, rng=rng(), independent=True)
    assert (planted.attribute("alignment") == "aligned").mean() == pytest.approx(0.1, abs=0.02)


def test_twins_differ_in_nothing_but_colour(digits: Dataset) -> None:
    both = twins(digits, palette=PAPER_PALETTE, rng=rng())
    aligned, conflicting = both.take(np.arange(5000)), both.take(np.arange(5000, 10_000))
    assert set(aligned.attribute("alignment")) == {"aligned"}
    assert set(conflicting.attribute("alignment")) == {"conflicting"}
    assert (aligned.clusters == conflicting.clusters).all()
    assert (aligned.labels == conflicting.labels).all()
    colours = PAPER_PALETTE[conflicting.attribute("colour").astype(int)]
    assert (recolour(digits.array.astype(np.uint8), colours) == conflicting.array).all()


def test_the_seed_decides_everything(digits: Dataset) -> None:
    def planted(seed: int) -> str:
        return plant_share(digits, palette=PAPER_PALETTE, conflicting=0.1, rng=rng(seed)).digest

    assert planted(1) == planted(1) != planted(2)


@given(st.integers(0, 2**32 - 1), st.integers(2, 12))
def test_drawn_palettes_are_as_separable_as_the_papers(seed: int, classes: int) -> None:
    palette = draw_palette(rng(seed), classes=classes)
    assert palette.shape == (classes, 3)
    assert palette.dtype == np.float32
    assert ((palette >= 0) & (palette <= 1)).all()
    assert spread(palette) == pytest.approx(spread(PAPER_PALETTE), rel=0.03)


def test_different_seeds_draw_different_palettes() -> None:
    assert len({draw_palette(rng(seed)).tobytes() for seed in range(50)}) == 50


def test_other_attributes_are_kept(digits: Dataset) -> None:
    written = replace(digits, attributes=digits.attributes.assign(hand="left"))
    planted = plant_share(written, palette=PAPER_PALETTE, conflicting=0.1, rng=rng())
    assert list(planted.attributes) == ["hand", "colour", "alignment"]


def test_colour_images_are_refused(people: Dataset) -> None:
    with pytest.raises(InputError, match="not grey images"):
        twins(people, palette=PAPER_PALETTE[:3], rng=rng())


def test_multi_label_images_are_refused(digits: Dataset) -> None:
    many = replace(digits, labels=np.eye(10, dtype=np.int64)[digits.labels])
    with pytest.raises(InputError, match="one label an image"):
        plant_share(many, palette=PAPER_PALETTE, conflicting=0.1, rng=rng())


@pytest.mark.parametrize("palette", [PAPER_PALETTE[:9], PAPER_PALETTE * 2, np.full((10, 3), np.nan)])
def test_a_palette_that_does_not_fit_is_refused(digits: Dataset, palette: np.ndarray) -> None:
    with pytest.raises(InputError, match="no table of 10 RGB colours"):
        plant_share(digits, palette=palette, conflicting=0.1, rng=rng())


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_a_share_that_is_no_probability_is_refused(digits: Dataset, strength: float) -> None:
    with pytest.raises(InputError, match="no probability"):
        plant_share(digits, palette=PAPER_PALETTE, conflicting=strength, rng=rng())


@pytest.mark.parametrize("variance", [-0.1, float("inf"), float("nan")])
def test_an_impossible_variance_is_refused(digits: Dataset, variance: float) -> None:
    with pytest.raises(InputError, match="variance"):
        plant_sigma(digits, palette=PAPER_PALETTE, variance=variance, rng=rng())
