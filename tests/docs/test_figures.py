"""Drawings that are made from the repository are what their command makes now."""

import runpy

from guide import ROOT


def test_the_drawing_of_the_rooms_is_up_to_date() -> None:
    rooms = runpy.run_path(str(ROOT / "docs" / "figures" / "rooms.py"))
    drawn = rooms["drawing"](rooms["yaml"].safe_load(rooms["ROOMS"].read_text()))
    assert drawn == (ROOT / "docs" / "figures" / "rooms.svg").read_text(), "run: python docs/figures/rooms.py"
