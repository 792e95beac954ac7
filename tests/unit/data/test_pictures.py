"""Whatever Pillow would convert in silence is a decision of ours."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from biasgate.data.pictures import notes, read_picture
from biasgate.errors import InputError

RAMP = np.tile(np.linspace(0, 255, 16).astype(np.uint8), (16, 1))
COLOUR = np.stack([RAMP, RAMP.T, np.full_like(RAMP, 128)], 2)


def pixels(path: Path, channels: int) -> np.ndarray:
    return np.asarray(read_picture(path, channels=channels, check=lambda _: None, taken=Counter()))


def said(path: Path, channels: int) -> str:
    """What is said of a picture that is taken."""
    read_picture(path, channels=channels, check=lambda _: None, taken=(taken := Counter()))
    return " ".join(notes(taken))


def saved(folder: Path, image: Image.Image, name: str = "p.png", **options) -> Path:
    image.save(folder / name, **options)
    return folder / name


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.fromarray(RAMP), RAMP),
        (Image.fromarray(RAMP.astype(np.uint16) * 257), RAMP),
        (Image.fromarray(RAMP > 127), np.where(RAMP > 127, 255, 0)),
        (Image.fromarray(RAMP).convert("LA"), RAMP),
        (Image.fromarray(np.stack([RAMP] * 3, 2)), RAMP),
    ],
    ids=["8 bits", "16 bits", "black and white", "opaque", "colour that is grey"],
)
def test_grey_is_taken_to_the_bit(tmp_path, image, expected):
    assert (pixels(saved(tmp_path, image), 1) == expected).all()


@pytest.mark.parametrize(
    "image",
    [Image.fromarray(COLOUR), Image.fromarray(COLOUR).convert("RGBA")],
    ids=["8 bits", "opaque"],
)
def test_colour_is_taken_to_the_bit(tmp_path, image):
    assert (pixels(saved(tmp_path, image), 3) == COLOUR).all()


def test_a_palette_stands_for_its_colours(tmp_path):
    image = Image.fromarray(COLOUR).quantize(16)
    assert (pixels(saved(tmp_path, image), 3) == np.asarray(image.convert("RGB"))).all()


def clear(image: Image.Image) -> Image.Image:
    image.putalpha(Image.fromarray(np.where(RAMP < 100, 0, 255).astype(np.uint8)))
    return image


@pytest.mark.parametrize(
    ("image", "name", "options", "message"),
    [
        (clear(Image.fromarray(COLOUR).convert("RGBA")), "p.png", {}, "transparent pixels"),
        (clear(Image.fromarray(RAMP).convert("LA")), "p.png", {}, "transparent pixels"),
        (Image.fromarray(COLOUR).quantize(16), "p.png", {"transparency": 0}, "transparent pixels"),
        (Image.fromarray(COLOUR).convert("CMYK"), "p.jpg", {}, "mode CMYK"),
        (
            Image.fromarray(COLOUR),
            "p.png",
            {"save_all": True, "append_images": [Image.fromarray(255 - COLOUR)]},
            "frames",
        ),
    ],
)
def test_what_has_no_one_meaning_in_8_bits_is_refused(tmp_path, image, name, options, message):
    with pytest.raises(InputError, match=message):
        pixels(saved(tmp_path, image, name, **options), 3)


def test_floating_numbers_are_refused(tmp_path):
    path = tmp_path / "p.ppm"
    path.write_bytes(b"Pf\n16 16\n-1.0\n" + RAMP.astype(np.float32).tobytes())
    with pytest.raises(InputError, match="mode F"):
        pixels(path, 1)


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_turn_that_exif_asks_for_is_refused_and_an_upright_picture_is_not(tmp_path, turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    path = saved(tmp_path, Image.fromarray(COLOUR), "p.jpg", exif=exif, quality=100, subsampling=0)
    if turn == 1:
        assert np.abs(pixels(path, 3).astype(int) - COLOUR).max() < 8
    else:
        with pytest.raises(InputError, match="is to be turned"):
            pixels(path, 3)


def test_a_damaged_picture_is_refused(tmp_path):
    path = saved(tmp_path, Image.fromarray(COLOUR))
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(InputError, match="image"):
        pixels(path, 3)


@pytest.mark.parametrize(
    ("image", "channels", "words"),
    [
        (Image.fromarray(RAMP.astype(np.uint16) * 257), 1, "1 pictures: of 16 bits, the upper 8 are taken."),
        (Image.fromarray(RAMP > 127), 1, "black and white"),
        (Image.fromarray(COLOUR).quantize(16), 3, "palette"),
        (Image.fromarray(COLOUR).convert("RGBA"), 3, "every pixel being opaque"),
        (Image.fromarray(RAMP), 3, "the same value is taken three times"),
        (Image.fromarray(COLOUR), 1, r"ITU-R BT.601"),
    ],
)
def test_what_is_not_taken_as_it_is_is_said(tmp_path, image, channels, words):
    assert words in said(saved(tmp_path, image), channels)


@pytest.mark.parametrize(("image", "channels"), [(Image.fromarray(RAMP), 1), (Image.fromarray(COLOUR), 3)])
def test_of_a_picture_that_is_taken_as_it_is_nothing_is_said(tmp_path, image, channels):
    assert said(saved(tmp_path, image), channels) == ""
