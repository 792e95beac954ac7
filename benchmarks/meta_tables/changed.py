"""Models that were changed after training: to fool the reader, or to repair them."""

from __future__ import annotations

from meta_predictions import Document

from meta_tables.cells import interval, signed, table


def adversaries(document: Document) -> str:
    rows = [
        [
            name, str(f["models"]), f"{f['measured_bias']:.2f}", signed(f.get("reading_moved")),
            "–" if f.get("largest_move") is None else f"{f['largest_move']:.1g}",
            *(interval(f[key]) for key in ("abstained", "called strong", "missed", "called weak")),
        ]
        for name, f in document["adversaries"].items()
    ]  # fmt: skip
    asked = "abstained from | called strong | missed | called none or low"
    return table(f"change | models | bias measured after | bias read moved | at most | {asked}", rows)


def repaired(document: Document) -> str:
    rows = [
        [
            name, str(f["models"]), interval(f["abstained"]), interval(f["own_coverage"]),
            f"{f['bias_before']:.2f} → {f['bias_after']:.2f}, read {f['bias_read']:.2f}",
            interval(f["bias_rmse"]), interval(f["interval_covers"]),
        ]
        for name, f in document["repaired"].items()
    ]  # fmt: skip
    header = "the reader has | models | abstained from | own test models read | measured bias | RMSE | interval covers"
    return table(header, rows)
