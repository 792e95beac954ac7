from __future__ import annotations

import numpy as np
import pytest

from biasgate.audit.perturb import HighFrequencyNoise, LowPass, perturb


def waves(cycles: int, *, side: int = 32) -> np.ndarray:
    """Grey images of a wave across, of so many cycles an image; a whole number of them, so mirrored borders fit."""
    wave = 128 + 100 * np.cos(2 * np.pi * cycles * (np.arange(side) + 0.5) / side)
    return np.broadcast_to(np.rint(wave).astype(np.uint8)[None, None, :, None], (2, side, side, 3)).copy()


@pytest.mark.parametrize("cutoff", [2, 4, 6])
def test_half_of_a_wave_at_the_cutoff_passes_and_little_of_a_faster_one(cutoff: int) -> None:
    def passes(cycles: int) -> float:
        before, after = waves(cycles), perturb(waves(cycles), LowPass(cutoff=cutoff), seed=0)
        return float(after.std() / before.std())

    assert passes(cutoff) == pytest.approx(0.5, abs=0.03)
    assert passes(2 * cutoff) < 0.1
    assert passes(1) > 0.8


def test_noise_has_its_amplitude_and_lies_above_the_cutoff() -> None:
    grey = np.full((50, 32, 32, 3), 128, dtype=np.uint8)
    noise = perturb(grey, HighFrequencyNoise(cutoff=8, amplitude=10), seed=0).astype(float) - 128
    assert noise.std() == pytest.approx(10, abs=0.1)
    power = np.mean(np.abs(np.fft.fft2(noise, axes=(1, 2))) ** 2, axis=(0, 3))
    axis = np.abs(np.fft.fftfreq(32) * 32)
    radius = np.hypot(axis[:, None], axis[None])
    assert power[radius < 3].mean() < 0.05 * power[radius > 12].mean()


def test_noise_is_the_same_each_time_and_differs_from_image_to_image() -> None:
    grey, noise = np.full((600, 16, 16, 1), 128, dtype=np.uint8), HighFrequencyNoise(cutoff=4, amplitude=5)
    first, again, other = (perturb(grey, noise, seed=seed) for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()
    assert len({image.tobytes() for image in first}) == len(first)
