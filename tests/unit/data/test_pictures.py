"""Whatever Pillow would convert in silence is a decision of ours."""

import struct
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

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


def png(path: Path, *, kind: int, bits: int, lines: np.ndarray, **chunks: bytes) -> Path:
    """A PNG as the standard has it, of kinds that Pillow does not write; ``lines`` are bytes ``[height, bytes]``."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 16, len(lines), bits, kind, 0, 0, 0)
    more = b"".join(chunk(name.encode(), data) for name, data in chunks.items())
    data = zlib.compress(b"".join(b"\0" + line.tobytes() for line in lines))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + chunk(b"IDAT", data) + chunk(b"IEND", b""))
    return path


def deep(values: np.ndarray) -> np.ndarray:
    """Values of 16 bits whose upper half is that of ``values``, as lines of bytes."""
    return (values.astype(">u2") * 256 + 200).astype(">u2").reshape(len(values), -1).view(np.uint8)


def test_of_16_bit_colours_the_upper_half_is_taken(tmp_path):
    path = png(tmp_path / "p.png", kind=2, bits=16, lines=deep(COLOUR))
    assert (pixels(path, 3) == COLOUR).all()
    assert "of 16 bits, the upper 8 are taken" in said(path, 3)


def test_of_a_16_bit_pgm_the_upper_half_is_taken(tmp_path):
    path = tmp_path / "p.pgm"
    path.write_bytes(b"P5\n16 16\n65535\n" + deep(RAMP).tobytes())
    assert (pixels(path, 1) == RAMP).all()
    assert "of 16 bits, the upper 8 are taken" in said(path, 1)


@pytest.mark.parametrize("bits", [2, 4])
def test_fewer_than_8_bits_are_stretched_and_said(tmp_path, bits):
    levels = np.tile(np.arange(16) % 2**bits, (16, 1)).astype(np.uint8)
    lines = np.packbits(np.unpackbits(levels[..., None], axis=2)[..., -bits:].reshape(16, -1), axis=1)
    path = png(tmp_path / "p.png", kind=0, bits=bits, lines=lines)
    assert (pixels(path, 1) == levels * (255 // (2**bits - 1))).all()
    assert "stretched over 0 to 255" in said(path, 1)


@pytest.mark.parametrize(
    ("kind", "bits", "lines"),
    [(0, 16, deep(RAMP)), (2, 16, deep(COLOUR)), (0, 4, RAMP[:, :8]), (0, 1, RAMP[:, :2])],
    ids=["16-bit grey", "16-bit colours", "4-bit grey", "black and white"],
)
def test_a_transparent_colour_that_cannot_be_told_is_refused(tmp_path, kind, bits, lines):
    colour = struct.pack(">H", 1) * (3 if kind == 2 else 1)
    path = png(tmp_path / "p.png", kind=kind, bits=bits, lines=lines, tRNS=colour)
    with pytest.raises(InputError, match="transparent colour of other than 8 bits"):
        pixels(path, 1)


@pytest.mark.parametrize("header", ["P5\n16 16\n100", "P5\n16 16\n4095", "P6\n16 16\n65535", "P2\n2 2\n15"])
def test_another_largest_value_than_255_is_refused(tmp_path, header):
    path = tmp_path / "p.ppm"
    path.write_bytes(header.encode() + b"\n" + (b"1 2 3 4\n" if header.startswith("P2") else bytes(16 * 16 * 6)))
    with pytest.raises(InputError, match="another largest value than 255"):
        pixels(path, 3)


@pytest.mark.parametrize("name", ["p.png", "p.jpg"])
def test_a_colour_profile_is_not_applied_and_that_is_said(tmp_path, name):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = saved(tmp_path, Image.fromarray(COLOUR), name, icc_profile=profile)
    plain = saved(tmp_path, Image.fromarray(COLOUR), f"plain-{name}")
    assert (pixels(path, 3) == pixels(plain, 3)).all()
    assert "with a colour profile or gamma, it is not applied" in said(path, 3)
    assert said(plain, 3) == ""


def test_a_gamma_is_not_applied_and_that_is_said(tmp_path):
    path = png(tmp_path / "p.png", kind=0, bits=8, lines=RAMP, gAMA=struct.pack(">I", 100_000))
    assert (pixels(path, 1) == RAMP).all()
    assert "it is not applied" in said(path, 1)


@pytest.mark.filterwarnings("error")
def test_a_palette_with_every_colour_opaque_is_taken_without_a_warning(tmp_path):
    image = Image.fromarray(COLOUR).quantize(16)
    path = saved(tmp_path, image, transparency=bytes([255] * 16))
    assert (pixels(path, 3) == np.asarray(image.convert("RGB"))).all()


@pytest.mark.parametrize("name", ["p.gif", "p.tif", "p.webp"])
@pytest.mark.parametrize("image", [Image.fromarray(RAMP), Image.fromarray(COLOUR)])
def test_another_format_is_refused_whatever_its_name(tmp_path, image, name):
    path = saved(tmp_path, image, name).rename(tmp_path / "p.png")
    with pytest.raises(InputError, match="no image of a known format"):
        pixels(path, 1)
