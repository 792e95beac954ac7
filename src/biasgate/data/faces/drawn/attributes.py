"""What a synthetic face is known by: its attributes and their values, in order."""

from __future__ import annotations

from types import MappingProxyType
from typing import Literal

ACTION_UNITS = MappingProxyType(
    {
        "AU1": "inner brow raiser",
        "AU4": "brow lowerer",
        "AU6": "cheek raiser",
        "AU12": "lip corner puller",
        "AU15": "lip corner depressor",
        "AU25": "lips part",
    }
)
"""The Action Units that are drawn, by the names of the Facial Action Coding System (Ekman and Friesen 1978)."""

TONES = (
    (246, 237, 228), (243, 231, 219), (247, 234, 208), (234, 218, 186), (215, 189, 150),
    (160, 126, 86), (130, 92, 67), (96, 65, 52), (58, 49, 42), (41, 36, 32),
)  # fmt: skip
"""RGB of the ten skin tones of the Monk Skin Tone Scale (Monk 2023), light to dark."""

PERSONAL = MappingProxyType[str, tuple[str, ...]](
    {
        "tone": tuple(f"{tone:02}" for tone in range(1, len(TONES) + 1)),
        "gender": ("feminine", "masculine"),
        "age": ("young", "middle-aged", "old"),
        "hair": ("black", "brown", "red", "blond"),
        "style": ("shaved", "short", "curly", "bob", "long"),
    }
)
"""Attributes that all images of a person share; gender is the presentation that is drawn."""

SHOWN = MappingProxyType[str, tuple[str, ...]](
    {"glasses": ("no", "yes"), "light": ("left", "front", "right")} | dict.fromkeys(ACTION_UNITS, ("no", "yes"))
)
"""Attributes that every image has of its own."""

SKIN = ("light", "medium", "dark")
"""The values of ``skin``, the tone in three groups: 1 to 3, 4 to 6, 7 to 10 (Heldreth et al. 2024)."""

Attribute = Literal[
    "tone", "gender", "age", "hair", "style", "glasses", "light", "AU1", "AU4", "AU6", "AU12", "AU15", "AU25"
]
Label = Attribute | Literal["skin", "action_units"]


def skin_group(tone: str) -> str:
    """The group of a tone."""
    return SKIN[(int(tone) > 3) + (int(tone) > 6)]
