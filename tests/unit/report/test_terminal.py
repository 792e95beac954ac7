"""Tables for people: words and numbers with intervals stay whole where there is room, and nothing is lost else."""

from __future__ import annotations

import pytest

from biasgate.report.terminal import print_table

BETWEEN = "gender = woman − gender = other"
INTERVAL = "−11.1 points [−44.7, 22.5], n\u00a018"


@pytest.mark.parametrize("width", [60, 80, 200])
def test_an_interval_is_on_one_line_and_words_are_broken_between_them(width, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(width))
    print_table("gaps", ["metric", "between", "difference"], [["calibration in the large", BETWEEN, INTERVAL]])
    printed = capsys.readouterr().out
    assert INTERVAL in printed
    assert set(BETWEEN.split()) <= set(printed.split())


def test_a_window_too_narrow_for_it_still_shows_all(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    print_table("gaps", ["metric", "between", "difference"], [["calibration in the large", BETWEEN, INTERVAL]])
    printed = capsys.readouterr().out
    assert {"[−44.7,", "22.5],", "calibration", "woman"} <= set(printed.split())


def test_a_sentence_that_holds_an_interval_is_broken_like_any_other(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "60")
    print_table("rules", ["rule", "finding"], [["gap", f"The gap of {BETWEEN} is {INTERVAL}, with 5 allowed."]])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 60


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_word_is_broken_where_words_have_room(width, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(width))
    columns = ["subgroup", "samples", "before", "after", "change", "mended / broken"]
    print_table("accuracy", columns, [["alignment = conflicting", "44", ".75", ".89", INTERVAL, "6 / 0"]])
    printed = capsys.readouterr().out
    assert {"alignment", "conflicting", "samples", "mended"} <= set(printed.split())
    assert max(map(len, printed.splitlines())) <= width
