"""Light on the face, skin texture, and what a camera adds: blur and noise."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from biasgate.data.faces.drawn.face import Face
from biasgate.data.faces.drawn.pose import Pose
from biasgate.data.faces.drawn.shapes import Floats

_SLOPE, _EDGE, _SHEEN = 0.34, 0.26, 30.0
_TEXTURE, _BLUR, _NOISE = 0.03, 0.9, 6.0
_GRAINS = 1 << 20


def develop(images: NDArray[np.uint8], face: Face, pose: Pose) -> NDArray[np.uint8]:
    """The photograph of painted faces ``[n, size, size, 3]``.

    Light falls from the left, the front or the right and fades towards the edge of the head, with a sheen where it
    hits; its strength and warmth vary. Skin has a fine texture that is the person's own. Then blur and pixel noise.
    """
    x, y = pose.face_coordinates(size=images.shape[1])
    photo = _blurred(images.transpose(0, 3, 1, 2), _single(_BLUR * face["blur"])[:, None, None, None])
    photo *= (_light(face, x, y) * (1 + _TEXTURE * _texture(face, size=images.shape[1])))[:, None]
    photo += _sheen(face, x, y)[:, None]
    photo *= _warmth(face)
    photo += _noise(face, photo.shape)
    pixels = np.empty_like(images)
    for channel, values in enumerate(np.clip(photo, 0, 255, out=photo).swapaxes(0, 1)):
        pixels[..., channel] = values
    return pixels


def _single(values: Floats) -> Floats:
    return values.astype(np.float32)


def _direction(face: Face) -> Floats:
    """Where light comes from: -1 left, 0 front, 1 right ``[n, 1, 1]``."""
    return _single(face.are("light", "right") - face.are("light", "left"))[:, None, None]


def _light(face: Face, x: Floats, y: Floats) -> Floats:
    """How much light each pixel gets; the camera exposes dark faces a little longer ``[n, size, size]``."""
    strength = _single((0.72 + 0.22 * face["brightness"]) * (1 + 0.35 * face.darkness))[:, None, None]
    edge = np.minimum(x * x * 2.2 + y * y * 0.8, 1.3)
    return strength * (1.06 + _SLOPE * _direction(face) * np.clip(x, -0.8, 0.8) - 0.08 * y - _EDGE * edge)


def _warmth(face: Face) -> Floats:
    """Gain of each channel ``[n, 3, 1, 1]``."""
    tint = 0.06 * _single(face.swing("warmth"))[:, None]
    return 1 + (tint * np.array([1.0, 0.1, -1.0], dtype=np.float32))[:, :, None, None]


def _sheen(face: Face, x: Floats, y: Floats) -> Floats:
    """Light that skin throws back without its colour, seen on dark skin above all ``[n, size, size]``."""
    distance = (x - 0.3 * _direction(face)) ** 2 + 0.7 * (y + 0.25) ** 2
    return _SHEEN * _single(0.15 + face.darkness)[:, None, None] * np.maximum(1 - 4 * distance, 0)


def _texture(face: Face, *, size: int) -> Floats:
    """Pores and spots, the same in all images of a person ``[n, size, size]``."""
    bank, edge = _grains(), size * size
    starts = (face["freckles"] * (_GRAINS - edge)).astype(int)
    return np.stack([bank[start : start + edge] for start in starts]).reshape(-1, size, size)


def _noise(face: Face, shape: tuple[int, ...]) -> Floats:
    """Pixel noise, the image's own ``[n, 3, size, size]``."""
    bank, count, noise = _grains(), int(np.prod(shape[1:])), np.empty(shape, dtype=np.float32)
    starts = (face["grain"] * (_GRAINS - count)).astype(int)
    for image, start, amount in zip(noise.reshape(-1, count), starts, _single(_NOISE * face["noise"]), strict=True):
        np.multiply(bank[start : start + count], amount, out=image)
    return noise


def _blurred(planes: NDArray[np.uint8], amount: Floats) -> Floats:
    """Each pixel mixed with the average around it, by weights 1, 2, 1 along both axes."""
    padded = np.empty((*planes.shape[:2], planes.shape[2] + 2, planes.shape[3] + 2), dtype=np.uint16)
    middle, inner = padded[:, :, 1:-1, 1:-1], padded[:, :, :, 1:-1]
    middle[...] = planes
    inner[:, :, 0], inner[:, :, -1] = inner[:, :, 1], inner[:, :, -2]
    padded[..., 0], padded[..., -1] = padded[..., 1], padded[..., -2]
    rows = padded[:, :, :-2] + padded[:, :, 2:]
    rows += 2 * padded[:, :, 1:-1]
    sums = rows[..., :-2] + rows[..., 2:]
    sums += 2 * rows[..., 1:-1]
    mixed = middle * (1 - amount)
    mixed += sums * (amount / 16)
    return mixed


@cache
def _grains() -> Floats:
    """Standard normal numbers that textures and noise are cut from."""
    return np.random.default_rng(0).standard_normal(_GRAINS, dtype=np.float32)
