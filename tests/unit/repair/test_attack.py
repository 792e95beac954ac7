import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from biasgate.repair.adversary.attack import Family, attack, mix_channels

FAMILIES = ("mixing", "pixels")


def brightest_channel(pixels: torch.Tensor) -> torch.Tensor:
    """Reads red, green or blue."""
    return 20 * pixels.mean(dim=(2, 3))


def plain(colours: list[tuple[float, float, float]]) -> torch.Tensor:
    """Images of one colour, their upper half black."""
    images = torch.tensor(colours)[:, :, None, None].repeat(1, 1, 6, 6)
    images[:, :, :3] = 0
    return images


@pytest.mark.parametrize("family", FAMILIES)
def test_the_attack_makes_the_reader_read_the_target(family: Family):
    pixels = plain([(0.9, 0, 0), (0.9, 0, 0), (0, 0, 0.9)])
    targets = torch.tensor([1, 2, 0])
    found = attack(brightest_channel, pixels, targets, family=family, radius=1.0)
    assert brightest_channel(found).argmax(dim=1).tolist() == targets.tolist()


@settings(max_examples=30, deadline=None)
@given(radius=st.floats(0.0, 1.5), seed=st.integers(0, 100))
def test_pixels_stay_in_their_ball_and_are_valid(radius: float, seed: int):
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.rand(4, 3, 5, 5, generator=generator)
    targets = torch.randint(3, (4,), generator=generator)
    found = attack(brightest_channel, pixels, targets, family="pixels", radius=radius)
    assert ((found - pixels).abs() <= radius + 1e-6).all()
    assert found.min() >= 0
    assert found.max() <= 1


@settings(max_examples=30, deadline=None)
@given(radius=st.floats(0.0, 1.5), seed=st.integers(0, 100))
def test_mixing_is_one_bounded_colour_map_per_image(radius: float, seed: int):
    generator = torch.Generator().manual_seed(seed)
    colours = torch.rand(4, 3, generator=generator)
    pixels = colours[:, :, None, None].repeat(1, 1, 4, 4)
    pixels[:, :, :2] = 0
    targets = torch.randint(3, (4,), generator=generator)
    found = attack(brightest_channel, pixels, targets, family="mixing", radius=radius)
    assert (found[:, :, :2] == 0).all(), "black stays black"
    assert torch.equal(found[:, :, 2:], found[:, :, 2:3, :1].expand(-1, -1, 2, 4)), "equal colours stay equal"
    reach = radius * colours.sum(dim=1).view(-1, 1, 1, 1) + 1e-6
    assert ((found - pixels).abs() <= reach).all()
    assert 0 <= found.min() <= found.max() <= 1


@pytest.mark.parametrize("family", FAMILIES)
def test_an_image_that_is_read_as_the_target_already_is_left_alone(family: Family):
    pixels = plain([(0.9, 0, 0)])
    assert torch.equal(attack(brightest_channel, pixels, torch.tensor([0]), family=family, radius=1.0), pixels)


def test_the_attack_stops_at_the_flip():
    pixels = plain([(0.9, 0, 0)])
    near, far = (attack(brightest_channel, pixels, torch.tensor([1]), family="mixing", radius=r) for r in (1.0, 8.0))
    assert torch.equal(mix_channels(pixels, torch.zeros(1, 3, 3)), pixels)
    assert (near - pixels).abs().sum() <= (far - pixels).abs().sum()
    margin = brightest_channel(near)[0, 1] - brightest_channel(near)[0, 0]
    assert 0 < margin < brightest_channel(pixels)[0, 0]
