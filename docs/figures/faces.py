"""The contact sheet of synthetic faces: ``python docs/figures/faces.py`` writes ``faces.png`` beside this file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from biasgate.data.faces.drawn.attributes import ACTION_UNITS, PERSONAL, SHOWN
from biasgate.data.faces.drawn.drawing import draw_faces
from biasgate.data.faces.drawn.traits import FEATURES, SCENE, sample_traits

COLUMNS, SIDE, ENLARGED, CAPTION = 10, 64, 2, 16
TILE = SIDE * ENLARGED
INTENSITIES = (0.0, 0.5, 1.0)
MODELS = (
    {"tone": "03", "gender": "feminine", "style": "bob", "hair": "brown"},
    {"tone": "06", "gender": "masculine", "style": "short", "hair": "black"},
    {"tone": "09", "gender": "feminine", "style": "curly", "hair": "black"},
)
PLAIN = {
    "gender": "feminine", "tone": "05", "age": "young", "hair": "brown", "style": "short", "glasses": "no",
    "light": "front", "freckles": 0.5, "blur": 0.1, "noise": 0.15, "brightness": 0.7, "wall": 0.45, "wall_hue": 0.38,
    "clothes": 0.6, "clothes_hue": 0.3, "beard": 0.0, "eyes": 0.5,
} | dict.fromkeys(ACTION_UNITS, 0.0)  # fmt: skip


def main() -> None:
    """Draws and writes the sheet."""
    rows = [("skin tone, Monk scale 1 to 10", varied("tone"))]
    rows += [("gender, age, hair", varied("gender") + varied("age", gender="masculine", tone="04") + varied("hair"))]
    rows += [("style, glasses, light", varied("style") + varied("glasses") + varied("light"))]
    for unit, meaning in ACTION_UNITS.items():
        steps = [plain(**model, **{unit: value}) for model in MODELS for value in INTENSITIES]
        every = dict.fromkeys(ACTION_UNITS, 0.0) | {unit: 1.0}
        rows += [
            (f"{unit}, {meaning}: 0, 0.5, 1 on three faces, and 1 on an old one", [*steps, plain(age="old", **every)])
        ]
    sampled = sample_traits(people=2 * COLUMNS, seed=3).to_dict("records")
    rows += [("drawn at random, 64 pixels", sampled[:COLUMNS]), ("drawn at random, 32 pixels", sampled[COLUMNS:])]
    sheet = Image.new("RGB", (COLUMNS * TILE, len(rows) * (TILE + CAPTION)), "white")
    for place, (caption, faces) in enumerate(rows):
        size = 32 if "32 pixels" in caption else SIDE
        paste(sheet, draw_faces(pd.DataFrame(faces), size=size), caption, top=place * (TILE + CAPTION))
    sheet.quantize(256, kmeans=1, dither=Image.Dither.NONE).save(Path(__file__).with_name("faces.png"), optimize=True)


def plain(**changes: str | float) -> dict[str, str | float]:
    """A plain face that looks ahead, changed in some traits."""
    middle = dict.fromkeys((*FEATURES, *SCENE), 0.5)
    return sample_traits(people=1).iloc[0].to_dict() | middle | PLAIN | changes


def varied(attribute: str, **changes: str | float) -> list[dict[str, str | float]]:
    """The plain face with each value of an attribute."""
    return [plain(**changes, **{attribute: value}) for value in (PERSONAL | SHOWN)[attribute]]


def paste(sheet: Image.Image, faces: np.ndarray, caption: str, *, top: int) -> None:
    """A row of enlarged faces below its caption."""
    ImageDraw.Draw(sheet).text((4, top + 2), caption, fill="black")
    for column, face in enumerate(faces):
        sheet.paste(
            Image.fromarray(face).resize((TILE, TILE), Image.Resampling.NEAREST), (column * TILE, top + CAPTION)
        )


if __name__ == "__main__":
    main()
