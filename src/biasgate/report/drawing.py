"""How figures look: one ink, one grid, one order of colours; and how one becomes an ``<svg>`` element."""

from __future__ import annotations

import io
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

from biasgate.extras import needs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, ACCENT, GRID = "#334155", "#2563eb", "#cbd5e1"
COLOURS = (ACCENT, "#c2410c", "#15803d", "#7c3aed", "#0e7490", "#b91c1c")
MARKERS = "os^DvP"
"""One a line, beside its colour, so that lines are told apart without seeing colour."""
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "biasgate",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GRID,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def svg(draw: Callable[[Figure], None], description: str, *, width: float, height: float) -> str:
    """What ``draw`` draws, as one ``<svg>`` element; equal figures give equal text.

    Args:
        draw: Draws into an empty figure.
        description: What the figure shows, for screen readers.
        width: Width in inches.
        height: Height in inches.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    needs("matplotlib")
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    made = buffer.getvalue()
    return f'<svg role="img" aria-label="{escape(description)}" ' + made[made.index("<svg") + len("<svg ") :]
